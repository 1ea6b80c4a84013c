"""Error codes: each does what the reference advises, and what needs a person is explained to them."""

import json

import pytest

from actions.words.catalogue import Catalogue
from desk.channels.tencent import error_codes
from desk.channels.tencent.error_codes import NEEDS_A_PERSON, WRONG_STATE, Disposition, disposition
from desk.console.pages import read_words
from tests.conftest import reference_data

# Words of the advice → what they come to; the first that fits counts.
ADVICE = (
    ("refresh once", Disposition.TOKEN),
    ("do not retry; show", Disposition.WINDOW_CLOSED),
    ("do not retry; wait", Disposition.QUOTA_SPENT),
    ("unreachable", Disposition.UNREACHABLE),
    ("configuration fault", Disposition.CONFIGURATION),
    ("split", Disposition.TOO_LONG),
    ("next day", Disposition.TOMORROW),
    ("back", Disposition.PASSES),
    ("alarm", Disposition.RESTRICTED),
)


def test_each_code_does_what_the_reference_advises() -> None:
    rows = json.loads(reference_data("wechat", "error_codes.json").read_text(encoding="utf-8"))["codes"]
    assert len(rows) >= 20
    for row in rows:
        wanted = next(found for words, found in ADVICE if words in row["action"])
        assert disposition(row["api"], row["code"]) == wanted, row


@pytest.mark.parametrize(
    ("api", "code", "wanted"),
    [
        ("mp", 45009, Disposition.TOMORROW),
        ("wecom-kf", 45009, Disposition.PASSES),
        ("mp", 48002, Disposition.UNREACHABLE),
        ("wecom", 48002, Disposition.CONFIGURATION),
        ("wecom-kf", 95001, Disposition.QUOTA_SPENT),
        ("wecom-kf", 95002, Disposition.WINDOW_CLOSED),
        ("wecom", 95001, Disposition.OTHER),
        ("mp", 31415, Disposition.OTHER),
        ("?", 40001, Disposition.OTHER),
    ],
)
def test_the_same_number_may_mean_different_things(api: str, code: int, wanted: Disposition) -> None:
    assert disposition(api, code) == wanted


def test_a_wrong_state_passes() -> None:
    assert {disposition("wecom-kf", code) for code in WRONG_STATE} == {Disposition.PASSES}


@pytest.mark.parametrize(("channel", "api"), [("wechat", "mp"), ("wecom", "wecom-kf")])
def test_what_needs_a_person_is_explained_in_both_languages(channel: str, api: str) -> None:
    words: Catalogue = read_words()
    for code in sorted(error_codes.EXPLAINED):
        if disposition(api, code) in NEEDS_A_PERSON:
            for language in ("zh", "en"):
                assert words.render(language, f"{channel}_fault.c{code}")
