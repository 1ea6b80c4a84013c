"""``value.yml``: what it says as shipped, and how its mistakes are told."""

from datetime import timedelta
from pathlib import Path

import pytest

from actions.firm import FirmDataError
from actions.firm.value import ValueFile
from recovery.failures import Category, Dimension
from recovery.remedies import RemedyKind
from recovery.severity import Severity
from recovery.value import prior_acceptance, prior_retention
from store.firm_files import read_yaml
from tests.conftest import ROOT
from tests.recovery.worth import given, situation

SHIPPED = ROOT / "data" / "firm" / "value.yml"


@pytest.fixture(scope="module")
def shipped() -> ValueFile:
    return read_yaml(SHIPPED, ValueFile)


def test_offers_are_chosen_by_value_as_shipped(shipped: ValueFile) -> None:
    assert shipped.choose_by == "optimum"


def test_the_figures_of_the_sources_stand_there(shipped: ValueFile) -> None:
    priors = shipped.priors
    assert prior_retention(priors, situation(waited=timedelta(minutes=5))) == 0.95  # Kotler in S3
    assert priors.customer.winning_times == 5  # S3
    assert 0.54 <= priors.retention.slow <= 0.70  # Kotler: 54-70 % where it was settled at all
    assert (priors.retention.without[Severity.LOW], priors.retention.without[Severity.CRITICAL]) == (0.46, 0.19)  # TARP


@pytest.mark.parametrize("category", [Category.PRODUCT_QUALITY, Category.DELIVERY, Category.SAFETY])
def test_an_apology_alone_is_far_from_enough(shipped: ValueFile, category: Category) -> None:
    """S0, whatever failed."""
    where = situation(fixed=category, category=category.value)
    assert prior_acceptance(shipped.priors, where, given(RemedyKind.APOLOGY)) < 0.1


def test_process_remedies_do_more_for_process_failures(shipped: ValueFile) -> None:
    """S0: 结果补救 and 过程补救, each for its own kind of failure."""
    relief = shipped.priors.acceptance.relief
    assert all(relief[Dimension.PROCESS][kind] > share for kind, share in relief[Dimension.OUTCOME].items())


def test_every_figure_says_where_it_comes_from() -> None:
    """A source, or that it is a guess: on the line itself, or in the comment above its block."""
    sources = ("guess", "s0", "s3", "tarp", "kotler")
    told = False
    for line in SHIPPED.read_text(encoding="utf-8").splitlines():
        code, _, remark = (part.strip() for part in line.partition("#"))
        says = any(source in remark.lower() for source in sources)
        if not line.strip():
            told = False
        elif not code or code.endswith(":"):
            told = told or says
        else:
            assert told or says or code.startswith("choose_by"), line


@pytest.mark.parametrize(
    ("good", "bad", "words"),
    [
        ("choose_by: optimum", "choose_by: whim", "choose_by: Input should be 'optimum' or 'table'"),
        ("strength: 20 ", "strength: 0 ", "learning.strength"),
        ("retention_window: 90 days", "retention_window: 400 days", "longer than retention_window"),
        ("learn_from: 365 days", "learn_from: 1 hour", "at least `1 day`"),
        ("    other: 0.25\n", "", "nothing is said for other"),
        ("    delivery: 0.3", "    delivery: 0", "acceptance.expected.delivery"),
        ("critical: 1.6", "catastrophic: 1.6", "acceptance.by_severity"),
        ("critical: 0.19}", "severe: 0.19}", "coming_back.without"),
        ("{apology: 0.12,", "{apology: 1.0,", "acceptance.relief.outcome.apology"),
        ("fast: 0.95", "fast: 95", "coming_back.fast"),
        ("slow: 0.62", "slow: 0.99", "slow is above fast"),
        ("half_after: 3 days", "half_after: 0 days", "must be some time"),
        ("tier: small, amount", "tier: tiny, amount", "customer_value.yearly"),
        ("tier: small, amount", "tier: vip, amount", "each once"),
        ("kind: priority, amount", "kind: call_back, amount", "names a remedy twice"),
        ("rises: 1.0", "rises: -1.0", "scarcity.rises"),
        ("unknown_stake: 20000", "unknown_stake: 0", "acceptance.unknown_stake"),
        ("halfway: 0.7", "halfwy: 0.7", "acceptance.halfwy"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, good: str, bad: str, words: str) -> None:
    source = SHIPPED.read_text(encoding="utf-8")
    assert good in source
    path = tmp_path / "value.yml"
    path.write_text(source.replace(good, bad, 1), encoding="utf-8")
    with pytest.raises(FirmDataError, match=r"value\.yml:\d+: ") as caught:
        read_yaml(path, ValueFile)
    assert words in str(caught.value)
