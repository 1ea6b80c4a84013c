"""Accounts: made, changed, closed; somebody can always run the desk."""

import threading

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import select, text

from desk import accounts
from desk.accounts import AccountRefused, Details
from desk.console.sessions import new_token, sign_in
from store.database import Database
from store.tables import AuditEntry, Staff, StaffSession


def add(database: Database, login: str, role: str = "agent") -> str:
    with database.begin() as work:
        password = accounts.add_account(work, login, login.title(), role)
        work.commit()
        return password


def person(database: Database, login: str) -> Staff:
    with database.reading() as work:
        found = accounts.find_account(work, login)
        assert found is not None
        return found


def refused(database: Database, deed: object, *arguments: object) -> str:
    with database.begin() as work, pytest.raises(AccountRefused) as caught:
        deed(work, *arguments)  # type: ignore[operator]
    return caught.value.code


@pytest.mark.parametrize(
    ("login", "code"),
    [
        ("", "login_length"),
        ("x" * 65, "login_length"),
        ("a b", "login_characters"),
        ("a/b", "login_characters"),
        ("=cmd", "login_characters"),
        (".", "login_characters"),
        ("-rf", "login_characters"),
        ("Timer", "login_reserved"),
        ("ADA", "login_taken"),
    ],
)
def test_a_login_that_cannot_be_is_refused(sqlite_database: Database, login: str, code: str) -> None:
    add(sqlite_database, "ada", "administrator")
    assert refused(sqlite_database, accounts.add_account, login, "Name", "agent") == code


def test_a_password_is_checked_as_long_where_there_is_no_account() -> None:
    # With the same parameters argon2 takes the same time, and it does compute: what it cannot read it refuses at once.
    hasher = PasswordHasher()
    assert extract_parameters(accounts._NOBODY) == extract_parameters(hasher.hash("any"))
    with pytest.raises(VerifyMismatchError):
        hasher.verify(accounts._NOBODY, "any")
    assert not accounts.is_password(None, "any")


def test_a_login_may_be_chinese_or_an_address(sqlite_database: Database) -> None:
    for login in ("张伟", "zhang.wei@shop.example"):
        assert add(sqlite_database, login)


@pytest.mark.parametrize(
    ("details", "code"),
    [
        (Details("Ada", "king"), "unknown_role"),
        (Details("  ", "agent"), "name_length"),
        (Details("Ada", "agent", capacity=100), "capacity_range"),
        (Details("Ada", "agent", capacity=-1), "capacity_range"),
    ],
)
def test_details_that_cannot_be_are_refused(sqlite_database: Database, details: Details, code: str) -> None:
    add(sqlite_database, "alice")
    assert refused(sqlite_database, accounts.change_account, "alice", details, "ada") == code


def test_the_last_active_administrator_is_neither_closed_nor_demoted(sqlite_database: Database) -> None:
    add(sqlite_database, "ada", "administrator")
    add(sqlite_database, "old", "administrator")
    with sqlite_database.begin() as work:
        accounts.deactivate(work, "old", "ada")
        work.commit()
    assert refused(sqlite_database, accounts.deactivate, "ada") == "last_administrator"
    demoted = Details("Ada", "manager")
    assert refused(sqlite_database, accounts.change_account, "ada", demoted, "ada") == "last_administrator"
    assert (person(sqlite_database, "ada").role, person(sqlite_database, "ada").active) == ("administrator", True)


def test_nobody_closes_their_own_account(sqlite_database: Database) -> None:
    for login in ("ada", "eve"):
        add(sqlite_database, login, "administrator")
    assert refused(sqlite_database, accounts.deactivate, "ada", "ada") == "own_account"


def test_two_administrators_who_close_each_other_at_once_leave_one(database: Database) -> None:
    for login in ("ada", "eve"):
        add(database, login, "administrator")
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def close(login: str, by: str) -> None:
        ready.wait()
        try:
            with database.begin() as work:
                accounts.deactivate(work, login, by)
                work.commit()
            outcomes.append("done")
        except AccountRefused as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=close, args=pair) for pair in (("ada", "eve"), ("eve", "ada"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as work:
        active = work.session.scalars(select(Staff).where(Staff.active)).all()
    assert len(active) == 1
    assert sorted(outcomes) == ["done", "last_administrator"]


def test_one_login_made_twice_at_once_is_made_once(database: Database) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def make() -> None:
        ready.wait()
        try:
            add(database, "dan")
            outcomes.append("done")
        except AccountRefused as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "login_taken"]


def test_whoever_is_written_to_the_log_is_locked_for_nobody_who_refers_to_them(postgresql_database: Database) -> None:
    """Else two would wait in a circle: for the log the one, for the person the other."""
    add(postgresql_database, "dan")
    with postgresql_database.begin() as work:
        accounts.end_sessions(work, "dan", "ada")
        with postgresql_database.begin() as other:
            other.session.execute(text("SET LOCAL lock_timeout = '2s'"))
            other.session.execute(text("SELECT id FROM staff WHERE login = 'dan' FOR KEY SHARE"))


@pytest.mark.parametrize("deed", [accounts.deactivate, accounts.reset_password, accounts.end_sessions])
def test_closing_resetting_and_ending_end_all_sessions(sqlite_database: Database, deed: object) -> None:
    add(sqlite_database, "alice")
    with sqlite_database.begin() as work:
        for _ in range(2):
            sign_in(work, work.session.scalars(select(Staff)).one(), new_token())
        work.commit()
    with sqlite_database.begin() as work:
        deed(work, "alice", "ada")  # type: ignore[operator]
        work.commit()
        assert work.session.scalars(select(StaffSession)).all() == []


def test_every_deed_leaves_its_trace_and_no_name(sqlite_database: Database) -> None:
    add(sqlite_database, "alice")
    with sqlite_database.begin() as work:
        accounts.change_account(work, "alice", Details("Alice Secretname", "supervisor"), "ada")
        accounts.deactivate(work, "alice", "ada")
        accounts.reactivate(work, "alice", "ada")
        work.commit()
        entries = work.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.actor, entry.action) for entry in entries] == [
        ("command", "add_account"),
        ("ada", "change_account"),
        ("ada", "deactivate_account"),
        ("ada", "reactivate_account"),
    ]
    assert entries[1].details == {"role": "supervisor", "before": "agent"}
    assert all("Secretname" not in f"{entry.subject}{entry.details}" for entry in entries)
