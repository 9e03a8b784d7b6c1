"""Staff passwords: argon2id hashes, checked in the same time whether or not the user exists."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    return _hasher.hash(password)


def verify(password_hash: str | None, password: str) -> bool:
    """Whether ``password`` fits; without a stored hash the same work is done against a hash that fits nothing."""
    try:
        _hasher.verify(password_hash or _fits_nothing(), password)
    except (Argon2Error, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _fits_nothing() -> str:
    return _hasher.hash("no such user")
