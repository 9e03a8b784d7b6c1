"""Transfers that are asked for, by a caller or by what a posting brings with it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from timebank.database import NIL
from timebank.ledger import chain
from timebank.ledger.accounts import Hold
from timebank.ledger.chain import TransferRow
from timebank.ledger.rules import (
    ISSUER,
    MAX_MINUTES,
    SHORTFALL,
    Account,
    Kind,
    Phase,
    SourceType,
    debt_of,
    expiry_id,
    recovery_id,
    settlement_id,
    wallet_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A transfer that is asked for.

    Raises ValueError if ``minutes`` is no whole number from 1 to MAX_MINUTES, or both sides are one account.
    """

    transfer_id: UUID
    kind: Kind
    debit_id: UUID
    credit_id: UUID
    minutes: int
    source_type: SourceType
    source_id: UUID
    actor_id: UUID
    phase: Phase = Phase.SINGLE
    hold: Hold | None = None
    reverses: UUID | None = None
    refunds: UUID | None = None
    batch_id: UUID | None = None
    expires_at: datetime | None = None
    occurred_at: datetime | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.minutes <= MAX_MINUTES:
            raise ValueError(f"a transfer moves 1 to {MAX_MINUTES} minutes")
        if self.debit_id == self.credit_id:
            raise ValueError("a transfer leads from one account to another")

    def row(self, recorded_at: datetime) -> TransferRow:
        """Return the transfer as it is stored."""
        row = TransferRow(
            id=self.transfer_id,
            debit_id=self.debit_id,
            credit_id=self.credit_id,
            minutes=self.minutes,
            kind=int(self.kind),
            phase=int(self.phase),
            source_type=int(self.source_type),
            source_id=self.source_id,
            resolves=self.hold.id if self.hold else None,
            reverses=self.reverses,
            refunds=self.refunds,
            batch_id=self.batch_id,
            expires_at=self.expires_at,
            occurred_at=self.occurred_at or recorded_at,
            recorded_at=recorded_at,
            actor_id=self.actor_id,
            request_hash=chain.NO_HASH,
        )
        return TransferRow(*row[:-1], chain.request_hash(row, self.occurred_at))


def expiry(hold: Hold) -> Posting:
    """Return the release of a due hold, the same whoever writes it.

    Its source is the hold's. A hold that extends another has spent its source on the release of that other one, so
    that its own end names the hold itself.
    """
    extends = hold.source_type == SourceType.REDEMPTION_EXTENSION
    return Posting(
        transfer_id=expiry_id(hold.id),
        kind=Kind(hold.kind),
        phase=Phase.RELEASE,
        debit_id=hold.debit_id,
        credit_id=hold.credit_id,
        minutes=hold.minutes,
        source_type=SourceType.TRANSFER if extends else SourceType(hold.source_type),
        source_id=hold.id if extends else hold.source_id,
        actor_id=NIL,
        hold=hold,
        occurred_at=hold.expires_at,
    )


def settlement(cause: Posting, owner_id: UUID, minutes: int) -> tuple[Posting, Posting]:
    """Return how minutes that ``cause`` has made available pay a debt: back to the issuer, and off the debt."""

    def part(transfer_id: UUID, kind: Kind, debit: Account, credit: Account) -> Posting:
        return Posting(
            transfer_id=transfer_id,
            kind=kind,
            debit_id=debit.id,
            credit_id=credit.id,
            minutes=minutes,
            source_type=SourceType.TRANSFER,
            source_id=cause.transfer_id,
            actor_id=NIL,
            batch_id=cause.batch_id,
        )

    return (
        part(recovery_id(cause.transfer_id), Kind.RECOVER, wallet_of(owner_id), ISSUER),
        part(settlement_id(cause.transfer_id), Kind.SETTLE_DEBT, debt_of(owner_id), SHORTFALL),
    )
