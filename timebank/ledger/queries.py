"""Selects of the ledger. Each is built once; none of them writes, the two locks are named as such."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from timebank.database import session
from timebank.ledger import chain
from timebank.ledger.models import Account, Entry, Transfer
from timebank.ledger.rules import INFLOWS, AccountKind, AccountState, Kind, Phase, debt_of, pool_of, wallet_of

account = cast("Table", Account.__table__)
transfer = cast("Table", Transfer.__table__)
entry = cast("Table", Entry.__table__)

STORED, RESOLUTION = 1, 2
"""What a row of ``HEADS`` is when it is no head."""


def head_seq(account_id: ColumnElement[UUID]) -> ColumnElement[int]:
    """Return the last ``seq`` of an account: one probe of the primary key."""
    line = entry.alias("line")
    return select(func.max(line.c.seq)).where(line.c.account_id == account_id).scalar_subquery()


_WITH_HEAD = account.join(entry, and_(entry.c.account_id == account.c.id, entry.c.seq == head_seq(account.c.id)))

LOCK = (
    select(account.c.id, account.c.kind, account.c.owner_id, account.c.opened_at, account.c.closed_at)
    .where(account.c.id.in_(bindparam("accounts", expanding=True)))
    .order_by(account.c.id)
    .with_for_update(key_share=True)
)
"""Locks accounts in the order of their ids. The lock of a wallet stands for its owner's debt account as well."""

_LOCK_OF_TRANSFER = (
    select(
        account.c.id,
        account.c.kind,
        account.c.owner_id,
        account.c.opened_at,
        account.c.closed_at,
        transfer.c.debit_id,
        transfer.c.credit_id,
        transfer.c.minutes,
        transfer.c.kind.label("transfer_kind"),
        transfer.c.source_type,
        transfer.c.source_id,
        transfer.c.expires_at,
    )
    .join_from(transfer, account, account.c.id.in_([transfer.c.debit_id, transfer.c.credit_id]))
    .where(transfer.c.id == bindparam("transfer_id"), account.c.tracked)
    .order_by(account.c.id)
    .with_for_update(key_share=True, of=account)
)
"""Locks the tracked sides of a transfer and reads it: a transfer never changes, so one statement may do both."""

LOCK_OF_HOLD = _LOCK_OF_TRANSFER.where(transfer.c.phase == int(Phase.HOLD))
LOCK_OF_MOVE = _LOCK_OF_TRANSFER.where(transfer.c.phase.in_([int(Phase.SINGLE), int(Phase.CAPTURE)]))

_resolver = transfer.alias("resolver")
UNRESOLVED = ~exists().where(_resolver.c.resolves == transfer.c.id)
"""Of a hold: neither captured nor released."""

_NEXT_EXPIRY = (
    select(transfer.c.expires_at)
    .where(transfer.c.debit_id == entry.c.account_id, transfer.c.expires_at > entry.c.recorded_at, UNRESOLVED)
    .order_by(transfer.c.expires_at)
    .limit(1)
    .correlate(entry)
    .scalar_subquery()
)
"""When the first open hold falls due: what was due at the last entry was released with it."""

HEADS = union_all(
    select(
        literal(0, literal_execute=True).label("what"),
        entry.c.account_id.label("id"),
        entry.c.seq,
        entry.c.balance_after,
        entry.c.held_after,
        entry.c.recorded_at,
        entry.c.hash,
        case((entry.c.held_after > 0, _NEXT_EXPIRY)).label("next_expiry_at"),
        entry.c.account_id.label("other_id"),
    )
    .select_from(_WITH_HEAD)
    .where(account.c.id.in_(bindparam("accounts", expanding=True))),
    *(
        select(
            literal(what, literal_execute=True),
            column,
            null(),
            transfer.c.minutes,
            transfer.c.kind,
            transfer.c.recorded_at,
            transfer.c.request_hash,
            null(),
            transfer.c.id,
        ).where(column.in_(bindparam(name, expanding=True)))
        for what, column, name in ((STORED, transfer.c.id, "transfers"), (RESOLUTION, transfer.c.resolves, "holds"))
    ),
)
"""Last entries of accounts, transfers that are stored under some ids (their minutes and kind in the third and fourth
number), and what (``other_id``) has resolved some holds."""

DUE = (
    select(
        transfer.c.id,
        transfer.c.debit_id,
        transfer.c.credit_id,
        transfer.c.minutes,
        transfer.c.kind,
        transfer.c.source_type,
        transfer.c.source_id,
        transfer.c.expires_at,
    )
    .where(
        transfer.c.debit_id.in_(bindparam("accounts", expanding=True)),
        transfer.c.expires_at > bindparam("since"),
        transfer.c.expires_at <= bindparam("until"),
        UNRESOLVED,
    )
    .order_by(transfer.c.expires_at, transfer.c.id)
)
"""Holds of accounts that fall due in a window and are not resolved."""

WITH_DUE_HOLDS = (
    select(account.c.id, account.c.kind, account.c.owner_id)
    .join_from(transfer, account, account.c.id == transfer.c.debit_id)
    .where(transfer.c.expires_at <= bindparam("until"), UNRESOLVED)
    .order_by(transfer.c.expires_at, transfer.c.id)
    .limit(bindparam("limit"))
)
"""Accounts with a due hold that no posting has released yet, one row for each such hold."""

_debt = entry.alias("debt")
_debtor = account.alias("debtor")


def _line_with_debt(until: ColumnElement[datetime]) -> Select[*tuple[Any, ...]]:
    """Return a select of an account's lines, each with what its owner owed at an instant."""
    owed = (
        select(_debt.c.balance_after)
        .join_from(_debt, _debtor, _debtor.c.id == _debt.c.account_id)
        .where(
            _debtor.c.kind == int(AccountKind.DEBT),
            _debtor.c.owner_id == account.c.owner_id,
            _debt.c.recorded_at <= until,
        )
        .order_by(_debt.c.seq.desc())
        .limit(1)
        .correlate(account, entry, transfer)
        .scalar_subquery()
    )
    return select(
        entry.c.transfer_id,
        entry.c.account_id,
        entry.c.seq,
        entry.c.balance_after,
        entry.c.held_after,
        entry.c.hash,
        func.coalesce(owed, 0).label("debt"),
    )


RESULTS = (
    _line_with_debt(entry.c.recorded_at)
    .join_from(entry, account, account.c.id == entry.c.account_id)
    .where(
        entry.c.account_id.in_(bindparam("accounts", expanding=True)),
        entry.c.transfer_id.in_(bindparam("transfers", expanding=True)),
    )
)
"""Entries of stored transfers, with what their owner owed then: the results that a replay returns."""

LINE_BEFORE = (
    _line_with_debt(transfer.c.recorded_at)
    .join_from(entry, account, account.c.id == entry.c.account_id)
    .join(transfer, transfer.c.id == bindparam("transfer"))
    .where(entry.c.account_id == bindparam("account"), entry.c.recorded_at <= transfer.c.recorded_at)
    .order_by(entry.c.seq.desc())
    .limit(1)
)
"""The line that an account ended with when a transfer was recorded that has none there."""

REVERSAL = select(transfer.c.id).where(transfer.c.reverses == bindparam("transfer"))
"""What has reversed a transfer."""

REFUNDED = (
    select(func.sum(transfer.c.minutes))
    .join_from(entry, transfer, transfer.c.id == entry.c.transfer_id)
    .where(entry.c.account_id == bindparam("account"), transfer.c.refunds == bindparam("transfer"))
)
"""How much of a redemption was refunded: looked for in the wallet that it came from, where every refund goes."""

_newer = entry.alias("newer")

_DUE_MINUTES = (
    select(
        account.c.id,
        account.c.owner_id,
        (
            entry.c.balance_after
            - select(func.coalesce(func.sum(_newer.c.minutes), 0))
            .join_from(_newer, transfer, transfer.c.id == _newer.c.transfer_id)
            .where(
                _newer.c.account_id == account.c.id,
                _newer.c.recorded_at > bindparam("cut_off"),
                _newer.c.minutes > 0,
                transfer.c.kind.in_([int(kind) for kind in sorted(INFLOWS - {Kind.MERGE})]),
            )
            .correlate(account)
            .scalar_subquery()
        ).label("minutes"),
    )
    .select_from(_WITH_HEAD)
    .where(account.c.kind == int(AccountKind.WALLET), entry.c.balance_after > 0)
    .subquery("due_minutes")
)
"""First in, first out without lots: inflows until the cut-off less all outflows ever is the balance less newer inflows."""

_MERGED_SINCE = _DUE_MINUTES.c.id.in_(
    select(transfer.c.credit_id).where(
        transfer.c.kind == int(Kind.MERGE), transfer.c.recorded_at > bindparam("cut_off")
    )
)

EXPIRING = (
    select(_DUE_MINUTES, _MERGED_SINCE.label("merged"))
    .where(or_(_DUE_MINUTES.c.minutes > 0, _MERGED_SINCE))
    .order_by(_DUE_MINUTES.c.id)
)
"""Wallets with minutes that came in until a cut-off and that nobody has spent, and how many these are.

Of those ``merged`` into after the cut-off (few, and found by the first column of a unique key) it says nothing yet:
``ages`` does.
"""

_STATE = (
    select(
        account.c.kind,
        entry.c.seq,
        entry.c.balance_after,
        entry.c.held_after,
        entry.c.hash,
        select(func.coalesce(func.sum(transfer.c.minutes), 0))
        .where(
            transfer.c.debit_id == entry.c.account_id,
            transfer.c.expires_at > entry.c.recorded_at,
            transfer.c.expires_at <= bindparam("now"),
            UNRESOLVED,
        )
        .correlate(entry)
        .scalar_subquery()
        .label("due"),
    )
    .select_from(_WITH_HEAD)
    .where(account.c.id.in_(bindparam("accounts", expanding=True)))
)


def account_state(owner_id: UUID, now: datetime) -> AccountState:
    """Return what a person has at ``now``, in one statement; zeros for somebody to whom nothing was ever posted."""
    wallet, debt = wallet_of(owner_id), debt_of(owner_id)
    rows = session.connection().execute(_STATE, {"accounts": [wallet.id, debt.id], "now": now})
    found = {row.kind: row for row in rows}
    owed = found[AccountKind.DEBT].balance_after if AccountKind.DEBT in found else 0
    head = found.get(AccountKind.WALLET)
    if head is None:
        return AccountState.of(balance=0, held=0, debt=owed, seq=0, head=chain.genesis(wallet, None))
    held = head.held_after - int(head.due)
    return AccountState.of(balance=head.balance_after, held=held, debt=owed, seq=head.seq, head=head.hash)


def resolution_of(hold_id: UUID) -> UUID | None:
    """Return what has captured or released a hold, if anything has."""
    return session.scalar(select(Transfer.id).where(Transfer.resolves == hold_id))


def pool_balance(area_id: UUID) -> int:
    """Return what the pool of an area has, in minutes; nothing is ever held there."""
    head = select(entry.c.balance_after).select_from(_WITH_HEAD).where(account.c.id == pool_of(area_id).id)
    return session.connection().execute(head).scalar() or 0


def entries_of(owner_id: UUID) -> Select[Entry, Transfer]:
    """Return a select of a wallet's lines, newest first, each with its transfer (a closing line has none).

    ``Entry.seq`` is the key to page by.
    """
    return (
        select(Entry, Transfer)
        .outerjoin(Transfer, Transfer.id == Entry.transfer_id)
        .where(Entry.account_id == wallet_of(owner_id).id)
        .order_by(Entry.seq.desc())
    )
