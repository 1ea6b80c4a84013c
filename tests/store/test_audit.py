"""The audit log's chain: it holds, it shows what was touched, and erasure does not break it."""

from sqlalchemy import text

from store.audit import ERASED, append, erase_subjects, verify
from store.database import Database
from store.migrate import migrate
from store.tables import AuditEntry


def entries(database: Database, count: int) -> None:
    for number in range(count):
        with database.begin() as work:
            append(work, "alice", "take", f"subject-{number}", {"number": number})
            work.commit()


def broken(database: Database) -> list[tuple[int, str]]:
    with database.reading() as work:
        return [(link.entry_id, link.wrong) for link in verify(work)]


def run(database: Database, statement: str) -> None:
    with database.begin() as work:
        work.session.execute(text(statement))
        work.commit()


def test_the_chain_holds(database: Database) -> None:
    entries(database, 5)
    assert broken(database) == []


def test_a_changed_entry_shows(database: Database) -> None:
    entries(database, 5)
    run(database, "UPDATE audit_entries SET actor = 'bob' WHERE id = 3")
    assert broken(database) == [(3, "content")]


def test_an_entry_taken_out_shows(database: Database) -> None:
    entries(database, 5)
    run(database, "DELETE FROM audit_entries WHERE id = 3")
    assert broken(database) == [(4, "place")]


def test_an_entry_slipped_in_shows(database: Database) -> None:
    entries(database, 3)
    with database.begin() as work:
        at = work.now
        work.session.add(
            AuditEntry(
                at=at, actor="eve", action="approve", subject="x", details={}, content_digest="0" * 64, digest="1" * 64
            )
        )
        work.commit()
    assert {wrong for _, wrong in broken(database)} == {"content", "place"}


def test_erasure_takes_names_and_leaves_the_chain_whole(database: Database) -> None:
    entries(database, 5)
    with database.begin() as work:
        assert erase_subjects(work, {"subject-1", "subject-3", "nobody"}) == 2
        work.commit()
    assert broken(database) == []
    with database.reading() as work:
        kept = [entry.subject for entry in work.session.query(AuditEntry).order_by(AuditEntry.id)]
    assert kept == ["subject-0", ERASED, "subject-2", ERASED, "subject-4"]


def test_entries_from_before_the_chain_are_chained_by_the_migration(tmp_path, clock) -> None:  # type: ignore[no-untyped-def]
    with Database(f"sqlite:///{tmp_path / 'old.db'}", clock) as database:
        migrate(database, "0001")
        old = (
            "INSERT INTO audit_entries (at, actor, action, subject, details) "
            "VALUES ('2026-11-18 02:00:00.000000', 'alice', 'take', 's{0}', '{{}}')"
        )
        for number in range(3):
            run(database, old.format(number))
        run(
            database,
            "INSERT INTO staff (login, name, role, password_digest, must_change_password, active, language, "
            "failed_logins, created_at) VALUES ('alice', 'A', 'agent', 'x', 0, 1, 'zh', 0, '2026-11-18 02:00:00')",
        )
        migrate(database)
        entries(database, 1)
        assert broken(database) == []
        with database.reading() as work:
            assert work.session.execute(text("SELECT capacity, departments FROM staff")).all() == [(10, "[]")]
