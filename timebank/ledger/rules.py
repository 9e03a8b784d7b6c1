"""The ledger's words, their numbers, and what a transfer does to its two sides.

The numbers are part of every hash: one that has been used is never changed and never used for something else.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache
from uuid import UUID, uuid5

import uuid_utils

from timebank.database import NIL

NAMESPACE = UUID("6f0c4c1e-5d0b-5e0f-9b55-7e1f6a3d2c84")
"""Account ids are UUIDv5 in this namespace, so that nobody has to look one up."""
_NAMESPACE = uuid_utils.UUID(NAMESPACE.hex)

SYSTEM_OPENED_AT = datetime(2020, 1, 1, tzinfo=UTC)
MAX_MINUTES = 10**15
"""Upper limit of one transfer: exact in JSON, and thousands of them still fit a 64-bit balance."""


class AccountKind(IntEnum):
    """Whose minutes an account holds. Below 10: tracked, with entries; from 11: derived by summing transfers."""

    WALLET = 1
    DEBT = 2
    POOL = 3
    ISSUER = 11
    REDEEMED = 12
    EXPIRED = 13
    SHORTFALL = 14


TRACKED = frozenset({AccountKind.WALLET, AccountKind.DEBT, AccountKind.POOL})


class Kind(IntEnum):
    """Why minutes move."""

    EARN = 1
    REDEEM = 2
    REFUND = 3
    GIFT = 4
    DONATE = 5
    GRANT = 6
    EXPIRE = 7
    REVERSE = 8
    INCUR_DEBT = 9
    RECOVER = 10
    SETTLE_DEBT = 11
    MERGE = 12
    OPENING = 13


class Phase(IntEnum):
    """How far a transfer goes: at once, or held first and then captured or released."""

    SINGLE = 1
    HOLD = 2
    CAPTURE = 3
    RELEASE = 4


PHASES = frozenset(Phase)


class SourceType(IntEnum):
    """What sort of fact ``source_id`` names: always the fact that caused this very transfer, never its parent."""

    SERVICE_RECORD_REVISION = 1
    REDEMPTION = 2
    REDEMPTION_EXTENSION = 3
    REFUND = 4
    GIFT = 5
    POOL_DONATION = 6
    POOL_GRANT = 7
    CORRECTION = 8
    EXPIRY_RUN = 9
    """One account's share of a run: its id is derived from the run and the account."""
    TRANSFER = 10
    """Another transfer: what made the minutes available that settle a debt."""
    MERGE = 11
    IMPORT_ROW = 12


_W, _D, _P = AccountKind.WALLET, AccountKind.DEBT, AccountKind.POOL
ROUTES: dict[Kind, frozenset[tuple[AccountKind, AccountKind]]] = {
    Kind.EARN: frozenset({(AccountKind.ISSUER, _W)}),
    Kind.REDEEM: frozenset({(_W, AccountKind.REDEEMED)}),
    Kind.REFUND: frozenset({(AccountKind.REDEEMED, _W)}),
    Kind.GIFT: frozenset({(_W, _W)}),
    Kind.DONATE: frozenset({(_W, _P)}),
    Kind.GRANT: frozenset({(_P, _W)}),
    Kind.EXPIRE: frozenset({(_W, AccountKind.EXPIRED)}),
    Kind.REVERSE: frozenset({(_W, AccountKind.ISSUER), (_W, _W), (_P, _W), (_W, _P)}),
    Kind.INCUR_DEBT: frozenset({(AccountKind.SHORTFALL, _D)}),
    Kind.RECOVER: frozenset({(_W, AccountKind.ISSUER)}),
    Kind.SETTLE_DEBT: frozenset({(_D, AccountKind.SHORTFALL)}),
    Kind.MERGE: frozenset({(_W, _W), (_D, _D)}),
    Kind.OPENING: frozenset({(AccountKind.ISSUER, _W), (AccountKind.ISSUER, _P)}),
}
"""From which kind of account to which each kind of transfer may lead (debit, credit)."""

INFLOWS = frozenset({Kind.EARN, Kind.GIFT, Kind.GRANT, Kind.MERGE, Kind.OPENING})
"""What brings minutes; all but a merger of a new age. What gives spent ones back (refund, reverse) keeps their age."""

LEAVES_IN_SPITE_OF_DEBT = frozenset({Kind.REVERSE, Kind.RECOVER, Kind.MERGE})
REVERSIBLE = frozenset({Kind.EARN, Kind.GIFT, Kind.DONATE, Kind.GRANT})


def account_id(kind: AccountKind, owner_id: UUID) -> UUID:
    """Return the id of the account of that kind and owner."""
    # As uuid5 of the standard library, at half the time: a group asks for two of each member.
    return UUID(int=uuid_utils.uuid5(_NAMESPACE, f"{int(kind)}:{owner_id}").int)


@dataclass(frozen=True, slots=True)
class Account:
    """An account by what it is; its id follows from that."""

    kind: AccountKind
    owner_id: UUID
    id: UUID = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", account_id(self.kind, self.owner_id))

    @property
    def tracked(self) -> bool:
        """Whether it has entries, and so a balance that is never negative."""
        return self.kind in TRACKED


@lru_cache(maxsize=4096)
def wallet_of(owner_id: UUID) -> Account:
    """Return the wallet of a person."""
    return Account(AccountKind.WALLET, owner_id)


@lru_cache(maxsize=4096)
def debt_of(owner_id: UUID) -> Account:
    """Return the account of what a person owes after a reversal of spent minutes."""
    return Account(AccountKind.DEBT, owner_id)


def pool_of(area_id: UUID) -> Account:
    """Return the pool of an area: donated minutes that are granted to people in need."""
    return Account(AccountKind.POOL, area_id)


ISSUER = Account(AccountKind.ISSUER, NIL)
REDEEMED = Account(AccountKind.REDEEMED, NIL)
EXPIRED = Account(AccountKind.EXPIRED, NIL)
SHORTFALL = Account(AccountKind.SHORTFALL, NIL)
SYSTEM_ACCOUNTS = (ISSUER, REDEEMED, EXPIRED, SHORTFALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """What a person has. Due holds no longer count; ``available_minutes`` = balance - held."""

    balance_minutes: int
    held_minutes: int
    available_minutes: int
    debt_minutes: int
    seq: int
    head: bytes

    @classmethod
    def of(cls, *, balance: int, held: int, debt: int, seq: int, head: bytes) -> "AccountState":
        """Return the state of an account whose ``held`` has no due holds in it."""
        return cls(
            balance_minutes=balance,
            held_minutes=held,
            available_minutes=balance - held,
            debt_minutes=debt,
            seq=seq,
            head=head,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A posting and the account right after it; a replay carries the very values of the first time."""

    transfer_id: UUID
    replayed: bool
    account: AccountState


def expiry_id(hold_id: UUID) -> UUID:
    """Return the id of the release that a due hold gets: the same whoever writes it."""
    return uuid5(hold_id, "expired")


def recovery_id(cause_id: UUID) -> UUID:
    """Return the id of the transfer that takes minutes from a debtor's wallet when ``cause_id`` made them available."""
    return uuid5(cause_id, "recovered")


def settlement_id(cause_id: UUID) -> UUID:
    """Return the id of the transfer that lowers the debt by what was recovered."""
    return uuid5(cause_id, "settled")


def shortfall_id(correction_id: UUID) -> UUID:
    """Return the id of the debt for what a correction could not take back."""
    return uuid5(correction_id, "owed")


def extended_id(hold_id: UUID) -> UUID:
    """Return the id of the release of a hold by the hold (``hold_id``) that takes its place."""
    return uuid5(hold_id, "extended")


def run_id_of(run_id: UUID, account_id: UUID) -> UUID:
    """Return one account's share of a run: the id of its transfer and of its source."""
    return uuid5(run_id, str(account_id))


def debit_effect(phase: Phase, minutes: int, held_minutes: int) -> tuple[int, int]:
    """Return what a transfer does to (balance, held) of the side that gives; ``held_minutes`` are its hold's."""
    match phase:
        case Phase.SINGLE:
            return -minutes, 0
        case Phase.HOLD:
            return 0, minutes
        case Phase.CAPTURE:
            return -minutes, -held_minutes
        case Phase.RELEASE:
            return 0, -held_minutes


def moves(phase: Phase) -> bool:
    """Return whether minutes change sides: a hold and a release touch only the giver's ``held``."""
    return phase in {Phase.SINGLE, Phase.CAPTURE}
