"""One click corrects a label, another takes it back; what was corrected is kept for training, without personal data."""

import csv
import stat
from pathlib import Path

import pytest

from actions import __main__ as command_line
from actions import corrections
from actions.attachments import prepare, receive_file
from actions.clocks import clocks_as_they_stand
from actions.corrections import TEXT_LENGTH, read_corrections, words_of, write_csv
from actions.staff.access import DeedRefused
from actions.staff.customers import set_contact
from actions.staff.judging import Touch, touch, undo
from analytics.case_history import CaseHistory, read_event
from analytics.recovery_steps import recovery_outcomes
from recovery.personal_data import strip_personal_data
from store.attached_files import AttachedFiles
from store.database import Database
from store.tables import Assessment, Case, Correction, OutcomeEventRow, Staff
from tests.actions.dialogue import Customer, Shop
from tests.actions.pictures import photo
from tests.conftest import ROOT

ORDER = "202611120007"


def clicks(shop: Shop, staff: Staff, case: Case, *changes: tuple[Touch, str]) -> None:
    for what, key in changes:
        shop.clock.advance(seconds=5)
        shop.does(touch, shop.firm, staff, case.id, what, key)


def refused(shop: Shop, staff: Staff, case: Case, what: Touch, key: str) -> str:
    with pytest.raises(DeedRefused) as refusal:
        shop.does(touch, shop.firm, staff, case.id, what, key)
    return refusal.value.code


def test_each_click_changes_one_label(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery")
    clicks(shop, alice, wang.case, (Touch.ADD, "product_quality"), (Touch.LEAD, "product_quality"))
    assert (wang.case.categories, wang.case.department) == (["product_quality", "delivery"], "after_sales")
    clicks(shop, alice, wang.case, (Touch.DROP, "delivery"), (Touch.EMOTION, "3"), (Touch.ADD_RISK, "legal"))
    assert (wang.case.categories, wang.case.emotion, wang.case.risks) == (["product_quality"], 3, ["legal"])
    clicks(shop, alice, wang.case, (Touch.DROP_RISK, "legal"))
    assert wang.case.risks == []


def test_two_who_click_at_once_both_have_their_way(shop: Shop, wang: Customer, alice: Staff, bob: Staff) -> None:
    wang.complains("delivery")
    clicks(shop, alice, wang.case, (Touch.ADD_RISK, "legal"))
    clicks(shop, bob, wang.case, (Touch.ADD_RISK, "media"))
    assert wang.case.risks == ["legal", "media"]


def test_the_last_category_stays_and_danger_leads(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery")
    assert refused(shop, alice, wang.case, Touch.DROP, "delivery") == "wrong_assessment"
    assert refused(shop, alice, wang.case, Touch.EMOTION, "7") == "wrong_assessment"
    assert refused(shop, alice, wang.case, Touch.ADD, "weather") == "wrong_assessment"
    clicks(shop, alice, wang.case, (Touch.ADD, "safety"))
    assert refused(shop, alice, wang.case, Touch.LEAD, "delivery") == "urgent_leads"


def test_a_slip_is_taken_back_and_leaves_nothing(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery")
    before = wang.case
    with shop.database.reading() as work:
        clocks = clocks_as_they_stand(work, work.session.get_one(Case, before.id))
    clicks(shop, alice, wang.case, (Touch.ADD, "safety"))
    assert wang.case.severity == "critical" and wang.case.resolution_due < before.resolution_due
    shop.clock.advance(minutes=1)
    shop.does(undo, shop.firm, alice, before.id)
    after = wang.case
    for name in ("categories", "emotion", "risks", "severity", "department", "resolution_due", "first_response_due"):
        assert getattr(after, name) == getattr(before, name), name
    with shop.database.reading() as work:
        assert clocks_as_they_stand(work, work.session.get_one(Case, before.id)) == clocks
    assert shop.all(Correction) == []
    assert shop.all(Assessment)[-1].by == "bot"
    assert len(shop.events("correction_undone")) == len(shop.events("assessment_corrected")) == 1


def test_a_category_that_the_firm_has_given_up_does_not_stand_against_other_corrections(
    shop: Shop, wang: Customer, alice: Staff
) -> None:
    wang.complains("delivery")
    with shop.database.begin() as work:
        work.session.get_one(Case, wang.case.id).categories = ["delivery", "given_up"]
        work.commit()
    clicks(shop, alice, wang.case, (Touch.EMOTION, "3"), (Touch.DROP, "given_up"))
    assert (wang.case.emotion, wang.case.categories) == (3, ["delivery"])
    assert refused(shop, alice, wang.case, Touch.ADD, "given_up") == "wrong_assessment"


def test_only_ones_own_last_correction_is_taken_back_and_only_soon(
    shop: Shop, wang: Customer, alice: Staff, bob: Staff
) -> None:
    wang.complains("delivery")
    clicks(shop, alice, wang.case, (Touch.EMOTION, "3"))
    with pytest.raises(DeedRefused, match="nothing_to_undo"):
        shop.does(undo, shop.firm, bob, wang.case.id)
    clicks(shop, bob, wang.case, (Touch.EMOTION, "2"))
    with pytest.raises(DeedRefused, match="nothing_to_undo"):
        shop.does(undo, shop.firm, alice, wang.case.id)
    shop.clock.advance(minutes=11)
    with pytest.raises(DeedRefused, match="nothing_to_undo"):
        shop.does(undo, shop.firm, bob, wang.case.id)
    assert wang.case.emotion == 2


def test_a_case_passed_on_by_hand_stays_there_when_its_feeling_is_corrected(
    shop: Shop, wang: Customer, alice: Staff
) -> None:
    wang.complains("delivery")
    with shop.database.begin() as work:
        work.session.get_one(Case, wang.case.id).department = "sales"
        work.commit()
    clicks(shop, alice, wang.case, (Touch.EMOTION, "2"), (Touch.ADD, "product_quality"))
    assert wang.case.department == "sales"
    clicks(shop, alice, wang.case, (Touch.LEAD, "product_quality"))
    assert wang.case.department == "after_sales"


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_what_the_customer_told_is_kept_without_who_they_are(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery", text="我叫王小明，快递三天没到，电话13800138000")
    shop.does(set_contact, alice, wang.conversation.id, "王小明", "13800138000")
    wang.gives_order(ORDER)
    wang.writes("action_case_status", "我的投诉处理得怎么样了啊")
    wang.complains("product_quality", text="箱子也破了，小明我很失望，里面全湿了")
    clicks(shop, alice, wang.case, (Touch.LEAD, "product_quality"))
    (kept,) = shop.all(Correction)
    assert kept.text == "我叫***，快递三天没到，电话***\n箱子也破了，***我很失望，里面全湿了"
    assert (kept.categories, kept.language, kept.by) == (["product_quality", "delivery"], "zh", "alice")


def test_what_was_said_before_the_case_was_opened_is_kept_and_other_cases_are_not(
    shop: Shop, wang: Customer, alice: Staff
) -> None:
    wang.mumbles("complain", "ask_policy", text="那个杯子的事你们到底怎么说")
    wang.chooses(1)
    wang.complains("product_quality", text="第二个订单的锅底是裂的，没法用", order_number=ORDER)
    first = wang.cases[0]
    with shop.database.reading() as work:
        assert "杯子的事" in words_of(work, work.session.get_one(Case, first.id))
    stranger = Customer(shop, "li")
    stranger.complains("delivery", text="我的包裹被扔进了河里")
    with shop.database.reading() as work:
        assert "河里" not in words_of(work, work.session.get_one(Case, first.id))


def test_long_words_end_with_a_sentence(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery", text="快递还没有到我手里。" * 300)
    with shop.database.reading() as work:
        text = words_of(work, work.session.get_one(Case, wang.case.id))
    assert TEXT_LENGTH - 20 < len(text) <= TEXT_LENGTH and text.endswith("。")


def test_the_export_has_each_case_once_as_it_was_judged_last(
    shop: Shop, wang: Customer, mary: Customer, alice: Staff, tmp_path: Path
) -> None:
    wang.complains("delivery", text="杯子送来就是碎的，还少一个")
    clicks(shop, alice, wang.case, (Touch.ADD, "product_quality"), (Touch.DROP, "delivery"), (Touch.ADD_RISK, "fraud"))
    mary.complains("delivery", text='=HYPERLINK("x") the box was empty, "sealed" though')
    clicks(shop, alice, mary.case, (Touch.EMOTION, "3"))
    with shop.database.reading() as work:
        found = read_corrections(work, shop.firm)
    write_csv(tmp_path / "out.csv", found.rows)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"text": "杯子送来就是碎的，还少一个", "label": "product_quality", "emotion": "1", "risk": "fraud"},
        {
            "text": ' =HYPERLINK("x") the box was empty, "sealed" though',
            "label": "delivery",
            "emotion": "3",
            "risk": "",
        },
    ]
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600
    assert found.scarce == {"product_quality": 1, "delivery": 1}


def test_the_training_reads_the_export(shop: Shop, wang: Customer, alice: Staff, tmp_path: Path) -> None:
    """By the rules of ``bot.past_complaints``, which runs in another Python: columns, labels, emotions, risks."""
    source = (ROOT / "bot" / "past_complaints.py").read_text(encoding="utf-8")
    assert 'COLUMNS = ("text", "label", "emotion", "risk")' in source
    wang.complains("delivery", text="杯子送来就是碎的，\n还少一个")
    clicks(shop, alice, wang.case, (Touch.ADD, "product_quality"))
    with shop.database.reading() as work:
        write_csv(tmp_path / "out.csv", read_corrections(work, shop.firm).rows)
    first = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[0]
    assert first == "text,label,emotion,risk"


def test_the_command_counts_and_warns(
    shop: Shop, wang: Customer, alice: Staff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], sqlite_database: Database,
) -> None:  # fmt: skip
    monkeypatch.setenv("AMENDS_DATABASE_URL", sqlite_database.url)
    monkeypatch.setenv("AMENDS_VAR", str(tmp_path / "var"))
    out = tmp_path / "complaints-corrected.csv"
    assert command_line.main(["corrections", "--csv", str(out)]) == 0
    said = capsys.readouterr()
    assert "0 corrected complaints" in said.out and "nobody has corrected" in said.err
    wang.complains("delivery", text="杯子送来就是碎的，还少一个")
    clicks(shop, alice, wang.case, (Touch.ADD, "product_quality"))
    assert command_line.main(["corrections", "--csv", str(out)]) == 0
    said = capsys.readouterr()
    assert "1 corrected complaints" in said.out and "delivery 1, product_quality 1" in said.err
    assert command_line.main(["corrections", "--csv", str(tmp_path / "no" / "such.csv")]) == 2


def test_an_undone_correction_is_no_defect_of_the_machine(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery")
    clicks(shop, alice, wang.case, (Touch.ADD, "product_quality"))
    shop.clock.advance(seconds=10)
    shop.does(undo, shop.firm, alice, wang.case.id)
    rows = shop.all(OutcomeEventRow)
    events = [read_event(row.kind, row.case_number, row.at, row.dimensions, row.details) for row in rows]
    outcomes = recovery_outcomes(CaseHistory([event for event in events if event is not None], shop.firm.zone))
    assert {one.step: one.defect for one in outcomes}["understood_right"] is False


def test_the_names_of_files_are_nothing_to_learn_from(shop: Shop, wang: Customer, alice: Staff, tmp_path: Path) -> None:
    wang.complains("delivery", text="快递三天没到，太慢了")
    files = AttachedFiles(tmp_path / "attachments")
    prepared = prepare(files, photo(), "王小明身份证正面照片.jpg")
    shop.does(receive_file, shop.firm, files, wang.address, prepared, "one")
    with shop.database.reading() as work:
        assert words_of(work, work.session.get_one(Case, wang.case.id)) == "快递三天没到，太慢了"


def test_what_is_very_long_is_cut_before_it_is_stripped(
    shop: Shop, wang: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stripping takes time that grows with the square of the length, and the store waits meanwhile."""
    read: list[int] = []

    def strip(text: str, *arguments: object, **more: object) -> str:
        read.append(len(text))
        return str(strip_personal_data(text, *arguments, **more))

    wang.complains("delivery", text="市区" * 30_000)
    monkeypatch.setattr(corrections, "strip_personal_data", strip)
    with shop.database.reading() as work:
        assert words_of(work, work.session.get_one(Case, wang.case.id))
    assert read and max(read) <= 4_000
