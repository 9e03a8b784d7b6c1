"""A second factor for staff who want one: codes of 30 seconds from a phone (RFC 6238), and recovery codes on paper.

The secret is kept encrypted (a copy of the database shows no codes); of recovery codes only keyed hashes are kept. Each code
is good once: whoever looks over a shoulder is too late.
"""

import base64
import re
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import pyotp
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import delete, or_, update

from timebank import clock
from timebank.codes.alphabet import random_reference
from timebank.codes.normalise import typed_reference
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.device_rules import code_hash
from timebank.identity.models import Password, RecoveryCode
from timebank.identity.staff_errors import SecondFactorStands, SecondFactorWrong

STEP_SECONDS = 30
RECOVERY_CODES = 10
RECOVERY_LENGTH = 10
_DIGITS = re.compile(r"[0-9]{6}")


class Begun(NamedTuple):
    """What an authenticator needs: the secret to type, or the address to scan."""

    secret: str
    uri: str


def begin(*, person_id: UUID, keys: Sequence[bytes]) -> Begun:
    """Draw a secret; it counts once a good code has confirmed it. Raises NotFound, SecondFactorStands."""
    account = _account(person_id)
    if account.totp_confirmed_at is not None:
        raise SecondFactorStands
    secret = pyotp.random_base32()
    account.totp_secret, account.totp_step = _cipher(keys).encrypt(secret.encode()), None
    session.flush()
    return Begun(secret, pyotp.TOTP(secret).provisioning_uri(name=account.username, issuer_name="timebank"))


def confirm(*, person_id: UUID, code: str, keys: Sequence[bytes]) -> list[str]:
    """Switch it on and return the recovery codes, which are told this once.

    Raises NotFound, SecondFactorStands, SecondFactorWrong.
    """
    account = _account(person_id)
    if account.totp_secret is None or account.totp_confirmed_at is not None:
        raise SecondFactorStands
    _use_digits(account, code, keys)
    account.totp_confirmed_at = clock.wall()
    _forget_recovery(person_id)
    codes = [random_reference(RECOVERY_LENGTH) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(code_hash=code_hash(one, keys[0]), person_id=person_id) for one in codes)
    session.flush()
    return codes


def use(*, person_id: UUID, code: str, keys: Sequence[bytes]) -> None:
    """Use a code up: six digits of the phone, or a recovery code. Raises NotFound, SecondFactorWrong."""
    account = _account(person_id)
    if _DIGITS.fullmatch(code.strip()):
        _use_digits(account, code.strip(), keys)
    else:
        _use_recovery(person_id, code, keys)


def end(*, person_id: UUID) -> None:
    """Switch it off, with its recovery codes. Raises NotFound, SecondFactorStands if it is not on."""
    account = _account(person_id)
    if account.totp_confirmed_at is None:
        raise SecondFactorStands
    account.totp_secret = account.totp_confirmed_at = account.totp_step = None
    _forget_recovery(person_id)
    session.flush()


def _account(person_id: UUID) -> Password:
    account = session.get(Password, person_id, with_for_update=True, populate_existing=True)
    if account is None:
        raise NotFound
    return account


def _use_digits(account: Password, code: str, keys: Sequence[bytes]) -> None:
    """Accept the code of this step or of a neighbour (clocks differ), later than any that was used before."""
    try:
        generator = pyotp.TOTP(_cipher(keys).decrypt(account.totp_secret or b"").decode())
    except InvalidToken:
        raise SecondFactorWrong from None
    now = int(clock.wall().timestamp()) // STEP_SECONDS
    used = -1 if account.totp_step is None else account.totp_step
    for step in (now - 1, now, now + 1):
        if step > used and pyotp.utils.strings_equal(generator.generate_otp(step), code):
            account.totp_step = step
            session.flush()
            return
    raise SecondFactorWrong


def _use_recovery(person_id: UUID, code: str, keys: Sequence[bytes]) -> None:
    typed = typed_reference(code)
    used = session.execute(
        update(RecoveryCode)
        .where(
            or_(*(RecoveryCode.code_hash == code_hash(typed, key) for key in keys)),
            RecoveryCode.person_id == person_id,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.wall())
        .returning(RecoveryCode.code_hash),
        execution_options={"synchronize_session": False},
    ).one_or_none()
    if used is None:
        raise SecondFactorWrong


def _forget_recovery(person_id: UUID) -> None:
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))


def _cipher(keys: Sequence[bytes]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
