"""Settings: strict, from the environment or from files, and told in one line where they are wrong."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import make_url

from store.settings import PREFIX, Settings, SettingsError, kept_secret, load_settings


def test_without_any_setting_the_contracts_defaults_hold() -> None:
    """design.md section 3."""
    settings = load_settings({})
    assert (str(settings.var), settings.bind, settings.rasa_port, settings.actions_port) == (
        "var",
        "127.0.0.1:8080",
        5005,
        5055,
    )
    assert settings.address == "http://127.0.0.1:8080"
    assert settings.rasa == ("http://127.0.0.1:5005",)
    url = make_url(settings.database)
    assert url.get_backend_name() == "sqlite" and Path(url.database or "").parent.name == "var"


def test_two_services_with_other_ports_and_folders_share_nothing(tmp_path: Path) -> None:
    one = load_settings({"AMENDS_VAR": str(tmp_path / "one"), "AMENDS_BIND": "127.0.0.1:9001"})
    two = load_settings({"AMENDS_VAR": str(tmp_path / "two"), "AMENDS_BIND": "127.0.0.1:9002"})
    assert one.database != two.database and one.port != two.port
    assert one.secret("api_token") != two.secret("api_token")


def test_a_list_is_split_at_commas_without_slashes_at_the_end() -> None:
    settings = load_settings({"AMENDS_RASA_URLS": "http://10.0.0.1:5005/, https://rasa.example"})
    assert settings.rasa == ("http://10.0.0.1:5005", "https://rasa.example")


def test_postgresql_is_reached_through_psycopg_3() -> None:
    for given in ("postgresql://amends@db/amends", "postgresql+psycopg://amends@db/amends"):
        url = make_url(load_settings({"AMENDS_DATABASE_URL": given}).database)
        assert (url.drivername, url.host, url.database) == ("postgresql+psycopg", "db", "amends")


def test_an_empty_value_is_as_none() -> None:
    assert load_settings({"AMENDS_BIND": "", "AMENDS_RASA_PORT": ""}) == load_settings({})


def test_variables_of_others_are_let_be() -> None:
    assert load_settings({"PATH": "/bin", "AMEND_BIND": "x"}) == load_settings({})


def test_the_public_address_replaces_the_bind() -> None:
    assert load_settings({"AMENDS_PUBLIC_URL": "https://help.example/"}).address == "https://help.example"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AMENDS_BIND", "8080"),
        ("AMENDS_BIND", "127.0.0.1:"),
        ("AMENDS_BIND", "127.0.0.1:99999"),
        ("AMENDS_BIND", ":8080"),
        ("AMENDS_RASA_PORT", "0"),
        ("AMENDS_RASA_PORT", "five"),
        ("AMENDS_ACTIONS_PORT", "65536"),
        ("AMENDS_DATABASE_URL", "mysql://db/amends"),
        ("AMENDS_RASA_URLS", "10.0.0.1:5005"),
        ("AMENDS_RASA_URLS", "http://a.example,ftp://b.example"),
        ("AMENDS_WIDGET_SITES", "shop.example"),
        ("AMENDS_TURNS_AT_ONCE", "0"),
        ("AMENDS_ANSWER_WITHIN_SECONDS", "-1"),
        ("AMENDS_COLOUR", "blue"),
        ("AMENDS_API_TOKEN_FILE", "/nowhere/token"),
    ],
)
def test_a_wrong_value_is_told_in_one_line_that_names_it(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        load_settings({name: value})
    assert str(wrong.value).startswith(f"{name}: ") and "\n" not in str(wrong.value)


def test_a_wrong_secret_is_not_shown() -> None:
    with pytest.raises(SettingsError) as wrong:
        load_settings({"AMENDS_DATABASE_URL": "mysql://amends:hunter2@db/amends"})
    assert "hunter2" not in str(wrong.value)


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("from-a-file\n")
    assert load_settings({"AMENDS_API_TOKEN_FILE": str(path)}).secret("api_token") == "from-a-file"


def test_a_given_secret_is_used_and_shown_nowhere(tmp_path: Path) -> None:
    settings = load_settings({"AMENDS_VAR": str(tmp_path), "AMENDS_API_TOKEN": "hunter2"})
    assert settings.secret("api_token") == "hunter2"
    assert "hunter2" not in repr(settings) and not (tmp_path / "secrets").exists()


def test_a_secret_nobody_gave_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    settings = load_settings({"AMENDS_VAR": str(tmp_path)})
    token = settings.secret("api_token")
    assert len(token) >= 32 and settings.secret("api_token") == token
    path = tmp_path / "secrets" / "api_token"
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o077 == 0
    assert settings.secret("session_key") != token


def test_processes_that_start_at_once_end_with_the_same_secret(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(kept_secret(tmp_path / "s" / "token"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1 and found[0]
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["token"]


def test_every_setting_says_what_it_is_for() -> None:
    assert PREFIX == "AMENDS_"
    assert all(field.description for field in Settings.model_fields.values())
