"""Secrets of the accounts in ``channels.yml``, as one setting gives them."""

import base64
import binascii
import re

# wechat.main.app_secret
_NAMES = {
    "wechat": frozenset({"token", "app_secret", "encoding_aes_key", "previous_encoding_aes_key"}),
    "wecom": frozenset({"token", "secret", "encoding_aes_key", "previous_encoding_aes_key"}),
}
_KEY = re.compile(r"(wechat|wecom)\.([a-z][a-z0-9_]{0,39})\.([a-z_]{1,40})")
# "必须为英文或数字，长度为3-32字符" (both consoles).
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_AES_KEY = re.compile(r"[A-Za-z0-9+/]{43}")
_SECRET = re.compile(r"[!-~]{8,128}")


def read_channel_secrets(text: str) -> dict[str, dict[str, str]]:
    """Secrets by account: ``wechat.main.token=…`` and so on, separated by blanks or lines.

    Returns:
        ``{"wechat.main": {"token": …, "app_secret": …}}``.

    Raises:
        ValueError: one is wrong; the message names its key and never its value.
    """
    found: dict[str, dict[str, str]] = {}
    for place, entry in enumerate(text.split(), start=1):
        name, separator, value = entry.partition("=")
        match = _KEY.fullmatch(name)
        # Not its words: without a sign in between, all of it may be a secret.
        if not separator or match is None:
            raise ValueError(
                f"entry {place} must look like wechat.main.token=… or wecom.service.secret=… (wechat or wecom, "
                "the account's key, what it is)"
            )
        channel, key, what = match.groups()
        if what not in _NAMES[channel]:
            raise ValueError(f"{name}: must end in one of {', '.join(sorted(_NAMES[channel]))}")
        _check(name, what, value)
        account = found.setdefault(f"{channel}.{key}", {})
        if what in account:
            raise ValueError(f"{name} stands here twice")
        account[what] = value
    return found


def _check(name: str, what: str, value: str) -> None:
    if what == "token" and not _TOKEN.fullmatch(value):
        raise ValueError(f"{name}: must be 3 to 32 letters and digits, as in Tencent's console")
    if what.endswith("encoding_aes_key") and not _is_key(value):
        raise ValueError(f"{name}: must be the 43 letters and digits of the EncodingAESKey")
    if what.endswith("secret") and not _SECRET.fullmatch(value):
        raise ValueError(f"{name}: must be 8 to 128 characters without blanks")


def _is_key(value: str) -> bool:
    try:
        return _AES_KEY.fullmatch(value) is not None and len(base64.b64decode(value + "=")) == 32
    except (binascii.Error, ValueError):
        return False
