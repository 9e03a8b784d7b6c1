"""What an account held at a past instant.

No index leads from an instant to a line: every posting would have to keep it up. Along a chain both ``seq`` and
``recorded_at`` only rise, so the line is found by halving, some twenty probes of the primary key for a million lines,
all in one statement.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, BigInteger, and_, bindparam, case, cast, func, literal, select

from timebank.database import UtcDateTime, session
from timebank.ledger import chain
from timebank.ledger.queries import account, entry, head_seq, transfer
from timebank.ledger.rules import AccountKind, AccountState, debt_of, wallet_of

_AT = bindparam("at", type_=UtcDateTime())


def _search() -> CTE:
    """Return a search whose last step (``low`` = ``high``) is the last line up to the instant; 0 for none."""
    start = select(
        account.c.id.label("account_id"),
        cast(literal(0), BigInteger).label("low"),
        func.coalesce(head_seq(account.c.id), 0).label("high"),
    ).where(account.c.id.in_(bindparam("accounts", expanding=True)))
    search = start.cte("search", recursive=True)
    middle = (search.c.low + search.c.high + 1) // 2
    not_later = entry.c.recorded_at <= _AT
    step = (
        select(
            search.c.account_id,
            case((not_later, middle), else_=search.c.low),
            case((not_later, search.c.high), else_=middle - 1),
        )
        .join(entry, and_(entry.c.account_id == search.c.account_id, entry.c.seq == middle))
        .where(search.c.low < search.c.high)
    )
    return search.union_all(step)


def _states() -> Any:
    search, resolver = _search(), transfer.alias("resolver")
    resolved = select(resolver.c.id).where(
        resolver.c.resolves == transfer.c.id, resolver.c.recorded_at <= entry.c.recorded_at
    )
    due = (
        select(func.coalesce(func.sum(transfer.c.minutes), 0))
        .where(
            transfer.c.debit_id == entry.c.account_id,
            transfer.c.expires_at > entry.c.recorded_at,
            transfer.c.expires_at <= _AT,
            ~resolved.correlate(transfer, entry).exists(),
        )
        .correlate(entry)
        .scalar_subquery()
    )
    return (
        select(account.c.kind, entry.c.seq, entry.c.balance_after, entry.c.held_after, entry.c.hash, due.label("due"))
        .select_from(
            search.join(entry, and_(entry.c.account_id == search.c.account_id, entry.c.seq == search.c.low)).join(
                account, account.c.id == entry.c.account_id
            )
        )
        .where(search.c.low == search.c.high)
    )


_STATES = _states()


def account_state_at(owner_id: UUID, at: datetime) -> AccountState:
    """Return what a person had at ``at``, in one statement: what was posted by then, without the holds due by then.

    Zeros, and the head that an account has before anything is posted to it, for an instant before the first line.
    """
    wallet, debt = wallet_of(owner_id), debt_of(owner_id)
    rows = session.connection().execute(_STATES, {"accounts": [wallet.id, debt.id], "at": at})
    found = {row.kind: row for row in rows}
    owed = found[AccountKind.DEBT].balance_after if AccountKind.DEBT in found else 0
    line = found.get(AccountKind.WALLET)
    if line is None:
        return AccountState.of(balance=0, held=0, debt=owed, seq=0, head=chain.genesis(wallet, None))
    held = line.held_after - int(line.due)
    return AccountState.of(balance=line.balance_after, held=held, debt=owed, seq=line.seq, head=line.hash)
