"""Signing in by password: guesses that end, temporary passwords, the second factor.

A lock-out is of one user name at one place, which is an enrolled device or else an address: whoever guesses elsewhere locks
nobody out. Where guesses at one name come from very many places, those from which it has signed in before go on.
"""

import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import delete

from timebank import clock
from timebank.database import new_id, session
from timebank.identity import audit, passwords, queries, second_factor
from timebank.identity.audit import Verb
from timebank.identity.errors import PersonNotActive, SignInLocked, WrongPassword
from timebank.identity.models import FailedSignIn, Password
from timebank.identity.rules import LOCK_OUT_AFTER, LOCK_OUT_WINDOW
from timebank.identity.staff_errors import PasswordChangeRequired, SecondFactorRequired, SecondFactorWrong
from timebank.identity.staff_rules import (
    ACCOUNT_GUARDED_AFTER,
    LOCK_OUTS,
    LONGEST_WINDOW,
    MIN_PASSWORD,
    refuse_weak,
)


@dataclass(frozen=True, slots=True)
class Guess:
    """A try at an account from a place, as keyed hashes that name neither."""

    place: bytes
    account: bytes


@dataclass(frozen=True, slots=True)
class Checked:
    """Whose password was right (its hash), from where, and what it is to be replaced by."""

    person_id: UUID
    guess: Guess
    password_hash: str
    new_hash: str | None


def guess_of(*, username: str, address: str, device_id: UUID | None, key: bytes) -> Guess:
    """Return what is kept of a try: on an enrolled device the device is the place, whatever its address."""
    where = f"device\n{device_id}" if device_id else address
    place = hmac.digest(key, f"{username}\n{where}".encode(), hashlib.sha256)
    return Guess(place, hmac.digest(key, f"account\n{username}".encode(), hashlib.sha256))


def check_password(*, username: str, password: str, new_password: str | None = None, guess: Guess) -> Checked:
    """Return the person whose password this is. Slow on purpose: run it outside the transaction.

    Raises SignInLocked, WrongPassword (which leaves a trace), PersonNotActive for a disabled account,
    PasswordChangeRequired for a temporary password without a new one, Invalid for a new one that is weak.
    """
    stored = queries.password_of(username)
    _refuse_locked_out(guess, stored.person_id if stored else None)
    if not passwords.verify(stored.password_hash if stored else None, password) or not stored:
        refusal = WrongPassword()
        refusal.leaves_trace(partial(_keep_failure, guess, stored.person_id if stored else None))
        raise refusal
    if stored.disabled_at is not None:
        raise PersonNotActive
    if new_password is None and stored.must_change:
        raise PasswordChangeRequired(min_length=MIN_PASSWORD)
    if new_password is not None:
        refuse_weak(new_password, username=username, old=password)
    new_hash = None if new_password is None else passwords.hash_password(new_password)
    return Checked(stored.person_id, guess, stored.password_hash, new_hash)


def check_own(account: Password, *, password: str | None, new: str, guess: Guess) -> Checked:
    """Return the same for somebody signed in who changes their password, or chooses their first. Raises as above."""
    if account.password_hash or password is not None:
        return check_password(username=account.username, password=password or "", new_password=new, guess=guess)
    if account.disabled_at is not None:
        raise PersonNotActive
    refuse_weak(new, username=account.username, old="")
    new_hash = passwords.hash_password(new)
    return Checked(account.person_id, guess, account.password_hash, new_hash)


def complete(checked: Checked, *, code: str | None, keys: Sequence[bytes]) -> None:
    """Use the second factor where there is one by now, and replace the password where another one was chosen.

    Raises PersonNotActive, WrongPassword, SecondFactorRequired, SecondFactorWrong (which leaves a trace, as a wrong
    password does).
    """
    account = _still_right(checked)
    if account.totp_confirmed_at is not None:
        if code is None:
            raise SecondFactorRequired
        try:
            second_factor.use(person_id=checked.person_id, code=code, keys=keys)
        except SecondFactorWrong as refusal:
            refusal.leaves_trace(partial(_keep_failure, checked.guess, checked.person_id))
            raise
    if checked.new_hash is not None:
        _replace(account, checked.new_hash)


def change_own(checked: Checked) -> None:
    """Give somebody signed in the password that they have chosen. Raises PersonNotActive, WrongPassword."""
    account = _still_right(checked)
    if checked.new_hash is not None:
        _replace(account, checked.new_hash)


def _still_right(checked: Checked) -> Password:
    """Return the account, locked and looked at again.

    It may have been disabled, or reset, or given another password, while this one was checked: then nothing of what was
    found holds. Raises PersonNotActive, WrongPassword.
    """
    account = session.get(Password, checked.person_id, with_for_update=True, populate_existing=True)
    if account is None or account.disabled_at is not None:
        raise PersonNotActive
    if account.password_hash != checked.password_hash:
        raise WrongPassword
    return account


def _replace(account: Password, password_hash: str) -> None:
    """Have somebody's password be the one that they have chosen: it is temporary no more."""
    account.password_hash, account.must_change, account.changed_at = password_hash, False, clock.wall()
    session.flush()


def forget_failures(*, account: bytes) -> None:
    """Forget wrong passwords of an account that an administrator has reset."""
    session.execute(delete(FailedSignIn).where(FailedSignIn.account == account))


def _refuse_locked_out(guess: Guess, person_id: UUID | None) -> None:
    now = clock.wall()
    for limit, window in LOCK_OUTS:
        failures, first = queries.failures_since(guess.place, now - window)
        if failures >= limit and first is not None:
            _locked(math.ceil((first + window - now).total_seconds()))
    if queries.failures_at(guess.account, now - LOCK_OUT_WINDOW) >= ACCOUNT_GUARDED_AFTER and not (
        person_id and queries.has_signed_in_from(person_id, guess.place)
    ):
        _locked(int(LOCK_OUT_WINDOW.total_seconds()))


def _locked(seconds: int) -> None:
    wait = max(1, seconds)
    raise SignInLocked(wait_minutes=math.ceil(wait / 60), retry_after_seconds=wait)


def _keep_failure(guess: Guess, person_id: UUID | None) -> None:
    """Keep a failure, and forget those that no longer count: guessing at random names must not fill the disk.

    The one that locks out is noted, if it is somebody's account.
    """
    now = clock.wall()
    session.execute(delete(FailedSignIn).where(FailedSignIn.failed_at < now - LONGEST_WINDOW))
    session.add(FailedSignIn(id=new_id(), guess=guess.place, account=guess.account, failed_at=now))
    session.flush()
    failures, _ = queries.failures_since(guess.place, now - LOCK_OUT_WINDOW)
    if person_id and failures == LOCK_OUT_AFTER:
        audit.note(actor=None, verb=Verb.LOCK_OUT, kind="sign_in", target=person_id, person_id=person_id)
