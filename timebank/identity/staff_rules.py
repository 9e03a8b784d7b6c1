"""Passwords that staff may choose, and when guessing ends."""

from datetime import timedelta

from timebank.codes.alphabet import random_reference
from timebank.errors import Invalid
from timebank.identity.rules import LOCK_OUT_AFTER, LOCK_OUT_WINDOW

MIN_PASSWORD = 10
"""Characters; nothing is said about their kinds, which only makes people write them down (NIST SP 800-63B-4)."""
_FEW = 4
"""A password of fewer different characters is a rhythm, not a secret."""

LOCK_OUTS = ((LOCK_OUT_AFTER, LOCK_OUT_WINDOW), (2 * LOCK_OUT_AFTER, timedelta(hours=1)))
"""So many wrong passwords of one user name at one place in so long end the guessing there until they are older."""
LONGEST_WINDOW = max(window for _, window in LOCK_OUTS)

ACCOUNT_GUARDED_AFTER = 60
"""Wrong passwords of one user name from everywhere, within the first window, after which only known places may try."""


def new_temporary_password() -> str:
    """Return a password of 60 random bits that can be read out over the telephone."""
    return random_reference(12)


def refuse_weak(password: str, *, username: str, old: str) -> None:
    """Raise Invalid for a password that is short, a rhythm, the user name or the old one."""
    weak = (
        len(password) < MIN_PASSWORD
        or len(set(password)) < _FEW
        or username.lower() in password.lower()
        or password == old
    )
    if weak:
        detail = (
            f"新密码至少 {MIN_PASSWORD} 个字符，不能含用户名、不能与旧密码相同、不能是简单重复。 "
            f"At least {MIN_PASSWORD} characters, without the user name, not the old one, no mere repetition."
        )
        raise Invalid(errors=[{"pointer": "/new_password", "detail": detail}])
