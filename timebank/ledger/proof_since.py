"""Where a proof starts that believes a seal: at the line before each sealed one.

The sealed line itself is recomputed and has to end in the sealed hash, so that its balance is proven; everything before
it is believed.
"""

from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from timebank.ledger.proof_entries import ENTRIES, OWNERS
from timebank.ledger.proof_transfers import SIDES, TRANSFERS
from timebank.ledger.queries import account, entry, transfer
from timebank.ledger.seals import seal_leaf


def _sealed(n: int) -> Any:
    """Return the last sealed ``seq`` of each account that seal ``n`` covers."""
    return (
        select(seal_leaf.c.account_id, func.max(seal_leaf.c.seq).label("seq"))
        .where(seal_leaf.c.n <= n)
        .group_by(seal_leaf.c.account_id)
        .subquery("sealed")
    )


def entries_since(n: int) -> Select[*tuple[Any, ...]]:
    """Return the select of entries from the one before each sealed one on."""
    sealed = _sealed(n)
    return ENTRIES.outerjoin(sealed, sealed.c.account_id == entry.c.account_id).where(
        or_(sealed.c.seq.is_(None), entry.c.seq >= sealed.c.seq - 1)
    )


def owners_since(n: int) -> Select[*tuple[Any, ...]]:
    """Return the select of whose chains these are; ``start`` says which line is the one before the sealed one."""
    sealed = _sealed(n)
    columns = [column for column in OWNERS.selected_columns if column.key != "start"]
    return OWNERS.with_only_columns(*columns, func.nullif(sealed.c.seq - 1, 0).label("start")).outerjoin(
        sealed, sealed.c.account_id == account.c.id
    )


def transfers_since(n: int) -> Select[*tuple[Any, ...]]:
    """Return the select of transfers that no sealed line is of."""
    sealed = _sealed(n)
    of_sealed_lines = (
        select(entry.c.transfer_id)
        .join(sealed, and_(sealed.c.account_id == entry.c.account_id, entry.c.seq <= sealed.c.seq))
        .subquery("of_sealed_lines")
    )
    return TRANSFERS.outerjoin(of_sealed_lines, of_sealed_lines.c.transfer_id == transfer.c.id).where(
        of_sealed_lines.c.transfer_id.is_(None)
    )


def sides_since(n: int) -> Select[*tuple[Any, ...]]:
    """Return the select of the sides of these transfers."""
    sealed = _sealed(n)
    return SIDES.outerjoin(sealed, sealed.c.account_id == entry.c.account_id).where(
        or_(sealed.c.seq.is_(None), entry.c.seq > sealed.c.seq)
    )


def believed_minutes(n: int) -> Select[int]:
    """Return the select of what was in tracked accounts at seal ``n``."""
    sealed = _sealed(n)
    return select(func.coalesce(func.sum(entry.c.balance_after), 0)).join(
        sealed, and_(sealed.c.account_id == entry.c.account_id, sealed.c.seq == entry.c.seq)
    )
