"""Secrets of channels: read by account, and never told where one is wrong."""

import pytest

from store.channel_secrets import read_channel_secrets
from store.settings import SettingsError, load_settings

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def test_secrets_are_read_by_account() -> None:
    found = read_channel_secrets(
        f"wechat.main.token=abc123 wechat.main.app_secret=0123456789abcdef\nwecom.service.encoding_aes_key={AES_KEY}"
    )
    assert found == {
        "wechat.main": {"token": "abc123", "app_secret": "0123456789abcdef"},
        "wecom.service": {"encoding_aes_key": AES_KEY},
    }
    assert read_channel_secrets("") == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hushhushhush", "entry 1"),
        ("wechat.main.token=ok1 hushhushhush=1", "entry 2"),
        ("wechat.main.secret=hushhushhush", "wechat.main.secret"),
        ("wecom.service.app_secret=hushhushhush", "wecom.service.app_secret"),
        ("wechat.main.token=hush-hush-hush", "wechat.main.token"),
        ("wechat.main.app_secret=hush", "wechat.main.app_secret"),
        ("wechat.main.encoding_aes_key=hushhushhush", "wechat.main.encoding_aes_key"),
        (f"wecom.service.previous_encoding_aes_key={AES_KEY}hush", "wecom.service.previous_encoding_aes_key"),
        ("wechat.main.token=hush1 wechat.main.token=hush2", "wechat.main.token stands here twice"),
        ("wechat.Main.token=hushhushhush", "entry 1"),
    ],
)
def test_a_wrong_one_is_named_by_its_key_and_never_by_its_value(text: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"AMENDS_CHANNEL_SECRETS": text})
    assert told in str(caught.value)
    assert "hush" not in str(caught.value)


def test_they_are_shown_nowhere() -> None:
    settings = load_settings({"AMENDS_CHANNEL_SECRETS": "wechat.main.app_secret=hushhushhush"})
    assert "hush" not in repr(settings) and "hush" not in str(settings.model_dump())
