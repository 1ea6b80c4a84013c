"""The second factor: codes of an app on the person's phone (TOTP, RFC 6238), and recovery codes for when it is lost.

The secret is kept encrypted under a key derived from ``AMENDS_SESSION_KEY``, so that who reads the database alone can
make no code. A code's time step is used once (RFC 6238, 5.2). Recovery codes carry 78 random bits each; their SHA-256
digests are kept, and do not hang on that key: they help also where it was lost.
"""

import base64
import hashlib
import hmac
import secrets
import unicodedata
from datetime import datetime

import pyotp
import segno
import structlog
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from desk.accounts import ROW_LOCK, AccountRefused
from store.audit import append
from store.database import UnitOfWork
from store.tables import Staff

log = structlog.get_logger()

RECOVERY_CODES = 10
# Steps of 30 seconds by which a phone's clock may be off, either way.
_STEPS_OFF = 1
# Without the letters and digits that are misread for each other.
_READABLE = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def make_seal(session_key: str) -> Fernet:
    """What encrypts the secrets, from the value of ``AMENDS_SESSION_KEY``."""
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"amends second factor")
    return Fernet(base64.urlsafe_b64encode(derive.derive(session_key.encode())))


def begin(work: UnitOfWork, seal: Fernet, staff_id: int) -> None:
    """Make a secret; it counts once a code of it was given.

    Raises:
        AccountRefused: a second factor is set up already.
    """
    staff = work.session.get_one(Staff, staff_id, with_for_update=ROW_LOCK)
    if staff.totp_confirmed_at is not None:
        raise AccountRefused("factor_is_set")
    staff.totp_secret = seal.encrypt(pyotp.random_base32().encode()).decode()
    staff.totp_last_step = 0


def confirm(work: UnitOfWork, seal: Fernet, staff_id: int, code: str) -> list[str]:
    """Set up the second factor, now that the person's app shows the right code.

    Returns:
        The recovery codes, to be shown once.

    Raises:
        AccountRefused: nothing was begun, it is set up already, or the code is wrong.
    """
    staff = work.session.get_one(Staff, staff_id, with_for_update=ROW_LOCK)
    if staff.totp_confirmed_at is not None:
        raise AccountRefused("factor_is_set")
    if staff.totp_secret is None:
        raise AccountRefused("factor_not_begun")
    if not _use_step(seal, staff, code, work.now):
        raise AccountRefused("wrong_code")
    staff.totp_confirmed_at = work.now
    codes = _new_recovery_codes(staff)
    append(work, staff.login, "set_second_factor", staff.login)
    return codes


def leave_off(work: UnitOfWork, staff_id: int) -> None:
    """Forget a second factor that was only begun.

    Raises:
        AccountRefused: it is set up by now.
    """
    staff = work.session.get_one(Staff, staff_id, with_for_update=ROW_LOCK)
    if staff.totp_confirmed_at is not None:
        raise AccountRefused("factor_is_set")
    staff.totp_secret = None


def remove(work: UnitOfWork, staff_id: int) -> None:
    """Take one's own second factor away, also one that was only begun."""
    staff = work.session.get_one(Staff, staff_id, with_for_update=ROW_LOCK)
    was_set = staff.totp_confirmed_at is not None
    staff.totp_secret, staff.totp_confirmed_at, staff.recovery_digests = None, None, []
    if was_set:
        append(work, staff.login, "remove_second_factor", staff.login)


def renew_recovery_codes(work: UnitOfWork, staff_id: int) -> list[str]:
    """New recovery codes; the old ones are void.

    Raises:
        AccountRefused: there is no second factor.
    """
    staff = work.session.get_one(Staff, staff_id, with_for_update=ROW_LOCK)
    if staff.totp_confirmed_at is None:
        raise AccountRefused("no_second_factor")
    codes = _new_recovery_codes(staff)
    append(work, staff.login, "renew_recovery_codes", staff.login)
    return codes


def use(work: UnitOfWork, seal: Fernet, staff: Staff, given: str) -> str | None:
    """Use a code up.

    Args:
        staff: locked by the caller.

    Returns:
        ``code`` or ``recovery_code``, whichever was given; None where it is wrong or was used before.
    """
    if _use_step(seal, staff, given, work.now):
        return "code"
    digest = _digest(given)
    if digest in staff.recovery_digests:
        # A new list: changes within the old one would not be noticed.
        staff.recovery_digests = [kept for kept in staff.recovery_digests if kept != digest]
        return "recovery_code"
    return None


def secret_of(seal: Fernet, staff: Staff) -> str | None:
    """The secret in base32, or None where there is none or it was encrypted under another key."""
    if staff.totp_secret is None:
        return None
    try:
        return seal.decrypt(staff.totp_secret.encode()).decode()
    except InvalidToken:
        log.warning("a second factor cannot be read: AMENDS_SESSION_KEY is not the one it was set up under")
        return None


def app_address(secret: str, login: str, firm_name: str) -> str:
    """What an authenticator app reads: ``otpauth://totp/…``."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=firm_name.replace(":", " "))


def picture(address: str) -> str:
    """The address as a QR code, a ``data:`` URI of an SVG image."""
    uri: str = segno.make(address, error="m").svg_data_uri(scale=5, border=4, light="#fff")
    return uri


def _use_step(seal: Fernet, staff: Staff, given: str, now: datetime) -> bool:
    code, secret = _typed(given), secret_of(seal, staff)
    if secret is None or len(code) != 6 or not code.isascii() or not code.isdigit():
        return False
    totp = pyotp.TOTP(secret)
    current = int(now.timestamp()) // totp.interval
    found = None
    for step in range(current - _STEPS_OFF, current + _STEPS_OFF + 1):
        if hmac.compare_digest(totp.generate_otp(step), code) and step > staff.totp_last_step:
            found = step
    if found is None:
        return False
    staff.totp_last_step = found
    return True


def _new_recovery_codes(staff: Staff) -> list[str]:
    codes = [
        "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4)) for _ in range(RECOVERY_CODES)
    ]
    staff.recovery_digests = [_digest(code) for code in codes]
    return codes


def _typed(given: str) -> str:
    """What was typed without blanks; a Chinese keyboard also gives digits and letters in full width."""
    return "".join(unicodedata.normalize("NFKC", given).split())


def _digest(code: str) -> str:
    plain = "".join(letter for letter in _typed(code).upper() if letter.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
