"""Codes and recovery codes: each is good once, and the store alone makes none."""

import pyotp
import pytest
from sqlalchemy import select

from desk import accounts, second_factor
from desk.accounts import AccountRefused
from store.database import Database
from store.tables import Staff
from tests.conftest import Clock

SEAL = second_factor.make_seal("the session key")


@pytest.fixture
def alice(sqlite_database: Database) -> int:
    with sqlite_database.begin() as work:
        accounts.add_account(work, "alice", "Alice", "agent")
        second_factor.begin(work, SEAL, 1)
        work.commit()
    return 1


def staff_of(database: Database) -> Staff:
    with database.reading() as work:
        return work.session.scalars(select(Staff)).one()


def code_of(database: Database, clock: Clock, seconds: float = 0) -> str:
    secret = second_factor.secret_of(SEAL, staff_of(database))
    assert secret is not None
    return pyotp.TOTP(secret).at(int(clock.now.timestamp() + seconds))


def confirm(database: Database, clock: Clock) -> list[str]:
    with database.begin() as work:
        codes = second_factor.confirm(work, SEAL, 1, code_of(database, clock))
        work.commit()
        return codes


def uses(database: Database, given: str) -> str | None:
    with database.begin() as work:
        staff = work.session.get_one(Staff, 1, with_for_update=True)
        used = second_factor.use(work, SEAL, staff, given)
        work.commit()
        return used


def test_the_secret_is_not_in_the_store(sqlite_database: Database, alice: int) -> None:
    kept = staff_of(sqlite_database).totp_secret
    secret = second_factor.secret_of(SEAL, staff_of(sqlite_database))
    assert kept is not None and secret is not None and secret not in kept
    assert second_factor.secret_of(second_factor.make_seal("another key"), staff_of(sqlite_database)) is None


def test_a_code_is_good_once(sqlite_database: Database, clock: Clock, alice: int) -> None:
    confirm(sqlite_database, clock)
    # The very code that set it up is spent, too.
    assert uses(sqlite_database, code_of(sqlite_database, clock)) is None
    clock.advance(seconds=30)
    assert uses(sqlite_database, code_of(sqlite_database, clock)) == "code"
    assert uses(sqlite_database, code_of(sqlite_database, clock)) is None


def test_after_a_later_code_no_earlier_one_is_good(sqlite_database: Database, clock: Clock, alice: int) -> None:
    confirm(sqlite_database, clock)
    clock.advance(minutes=5)
    assert uses(sqlite_database, code_of(sqlite_database, clock, 30)) == "code"
    assert uses(sqlite_database, code_of(sqlite_database, clock)) is None


@pytest.mark.parametrize(("seconds", "good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_phones_clock_may_be_one_step_off(
    sqlite_database: Database, clock: Clock, alice: int, seconds: float, good: bool
) -> None:
    confirm(sqlite_database, clock)
    clock.advance(minutes=5)
    assert (uses(sqlite_database, code_of(sqlite_database, clock, seconds)) == "code") == good


@pytest.mark.parametrize("given", ["", "12345", "1234567", "abcdef", "１２３４５６", "0" * 64])
def test_what_is_no_code_is_none(sqlite_database: Database, clock: Clock, alice: int, given: str) -> None:
    confirm(sqlite_database, clock)
    assert uses(sqlite_database, given) is None


def test_a_chinese_keyboard_may_give_full_width(sqlite_database: Database, clock: Clock, alice: int) -> None:
    wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
    codes = confirm(sqlite_database, clock)
    clock.advance(minutes=5)
    assert uses(sqlite_database, code_of(sqlite_database, clock).translate(wide)) == "code"
    assert uses(sqlite_database, codes[0].translate(wide)) == "recovery_code"


def test_leaving_off_takes_away_nothing_that_is_set_up(sqlite_database: Database, clock: Clock, alice: int) -> None:
    confirm(sqlite_database, clock)
    with sqlite_database.begin() as work, pytest.raises(AccountRefused, match="factor_is_set"):
        second_factor.leave_off(work, 1)


def test_a_recovery_code_is_good_once_however_it_is_typed(sqlite_database: Database, clock: Clock, alice: int) -> None:
    codes = confirm(sqlite_database, clock)
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert uses(sqlite_database, codes[0].lower().replace("-", " ")) == "recovery_code"
    assert uses(sqlite_database, codes[0]) is None
    assert uses(sqlite_database, codes[1]) == "recovery_code"
    assert len(staff_of(sqlite_database).recovery_digests) == second_factor.RECOVERY_CODES - 2
    assert not any(code.replace("-", "") in str(staff_of(sqlite_database).recovery_digests) for code in codes)


def test_recovery_codes_help_also_where_the_key_was_lost(sqlite_database: Database, clock: Clock, alice: int) -> None:
    codes = confirm(sqlite_database, clock)
    with sqlite_database.begin() as work:
        staff = work.session.get_one(Staff, 1)
        assert second_factor.use(work, second_factor.make_seal("another key"), staff, codes[0]) == "recovery_code"


def test_renewing_voids_the_old_recovery_codes(sqlite_database: Database, clock: Clock, alice: int) -> None:
    old = confirm(sqlite_database, clock)
    with sqlite_database.begin() as work:
        new = second_factor.renew_recovery_codes(work, 1)
        work.commit()
    assert uses(sqlite_database, old[0]) is None
    assert uses(sqlite_database, new[0]) == "recovery_code"


def test_a_wrong_first_code_sets_nothing_up(sqlite_database: Database, clock: Clock, alice: int) -> None:
    wrong = code_of(sqlite_database, clock, 300)
    with sqlite_database.begin() as work, pytest.raises(AccountRefused, match="wrong_code"):
        second_factor.confirm(work, SEAL, 1, wrong)
    assert staff_of(sqlite_database).totp_confirmed_at is None


def test_what_is_set_up_is_not_begun_anew(sqlite_database: Database, clock: Clock, alice: int) -> None:
    confirm(sqlite_database, clock)
    with sqlite_database.begin() as work, pytest.raises(AccountRefused, match="factor_is_set"):
        second_factor.begin(work, SEAL, 1)


def test_the_picture_is_an_image_without_script(sqlite_database: Database, alice: int) -> None:
    secret = second_factor.secret_of(SEAL, staff_of(sqlite_database))
    assert secret is not None
    address = second_factor.app_address(secret, "alice", "Shop: 示例")
    assert address.startswith("otpauth://totp/") and f"secret={secret}" in address
    assert second_factor.picture(address).startswith("data:image/svg+xml")
