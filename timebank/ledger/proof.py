"""The proof that the ledger is what was posted: everything is recomputed from the rows, and nothing is believed.

Seven passes over one snapshot, each a stream in the order of a key, so that memory stays flat: entries along their
chains, transfers with their sides, transfers with what they answer, expiries with what was due, debts beside wallets,
accounts with their heads, seals with their leaves.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Integer, Row, and_, func, select, type_coerce
from sqlalchemy.exc import DataError

from timebank import clock
from timebank.database import db, is_sqlite
from timebank.errors import NotFound
from timebank.ledger.chain import SealRow
from timebank.ledger.proof_entries import ENTRIES, OWNERS, check_entries
from timebank.ledger.proof_expiry import EXPIRIES, check_expiries
from timebank.ledger.proof_relations import DEBTS, MERGERS, RELATIONS, check_debts, check_relations
from timebank.ledger.proof_rows import AT_ONCE, DriverRows, Progress, Rows, RowsAhead
from timebank.ledger.proof_seals import LEAVES, LEAVES_BY_ACCOUNT, SEALS, Tally, check_seals
from timebank.ledger.proof_since import believed_minutes, entries_since, owners_since, sides_since, transfers_since
from timebank.ledger.proof_transfers import SIDES, TRANSFERS, check_transfers
from timebank.ledger.queries import UNRESOLVED, account, entry, head_seq, transfer
from timebank.ledger.raw import FORMS, name_of, raw
from timebank.ledger.report import Fault, Report
from timebank.ledger.rules import SYSTEM_ACCOUNTS, SYSTEM_OPENED_AT, TRACKED, AccountKind, Phase, account_id
from timebank.ledger.seals import seal

_KINDS = frozenset(map(int, AccountKind))
_NO_VALUES = (ValueError, TypeError, AttributeError, DataError)
"""SQLite stores anything anywhere, PostgreSQL instants that no calendar has."""
_SINCE = (entries_since, owners_since, transfers_since, sides_since)


def verify(
    progress: Progress | None = None, *, anchors: Sequence[SealRow] = (), since_seal: int | None = None
) -> Report:
    """Recompute the whole ledger in one snapshot of it and return what was found; writers are not held up.

    Args:
        progress: told now and then how many more rows have been looked at.
        anchors: published seals that this ledger must hold (``anchors.read``).
        since_seal: believe this seal, and recompute only what came after it. Raises NotFound if there is none.
    """
    report = Report(since_seal=since_seal, anchors=len(anchors))
    tally = Tally(since_seal or 0)
    with snapshot() as connection:
        form = FORMS[connection.dialect.name]
        entries, owners, transfers, sides = ENTRIES, OWNERS, TRANSFERS, SIDES
        if since_seal is not None:
            report.believed_minutes = _believed(connection, since_seal)
            entries, owners, transfers, sides = (of(since_seal) for of in _SINCE)
        read, read_raw = partial(Rows, connection), partial(DriverRows, connection)
        read_all = read_raw if is_sqlite() else partial(RowsAhead, connection)
        run = partial(_run, report)
        run(
            "entries",
            partial(check_entries, report, tally, form),
            read_all(entries, progress),
            read_raw(owners),
            read_raw(LEAVES_BY_ACCOUNT),
        )
        run(
            "transfers",
            partial(check_transfers, report, form),
            read_all(transfers, progress),
            read_raw(sides, progress),
        )
        run("relations", partial(check_relations, report), read(RELATIONS, progress), read(MERGERS))
        run("expiries", partial(check_expiries, report, form, connection), read_raw(EXPIRIES, progress))
        run("debts", partial(check_debts, report), read(DEBTS, progress))
        run("accounts", partial(_check_accounts, report), read(_ACCOUNTS, progress))
        run("seals", partial(check_seals, report, tally, anchors), read(SEALS, progress), read(LEAVES, progress))
    if report.tracked_minutes + report.untracked_minutes != report.believed_minutes:
        believed = f" <> {report.believed_minutes}" if report.believed_minutes else ""
        report.found(Fault.SUM, f"{report.tracked_minutes} + {report.untracked_minutes}{believed}")
    return report


def _run(report: Report, name: str, check: Callable[..., None], *streams: Rows) -> None:
    try:
        check(*map(iter, streams))
    except _NO_VALUES:
        report.found(Fault.UNREADABLE, f"ledger {name}: after {streams[0].last}")
    finally:
        for stream in streams:
            stream.close()


def _believed(connection: Connection, n: int) -> int:
    if connection.scalar(select(seal.c.n).where(seal.c.n == n)) is None:
        raise NotFound
    return int(connection.scalar(believed_minutes(n)) or 0)


@contextmanager
def snapshot() -> Iterator[Connection]:
    """Yield a connection of its own that sees one state of the database, and only reads."""
    options: dict[str, Any] = {} if is_sqlite() else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with db.engine.connect().execution_options(yield_per=AT_ONCE, **options) as connection:
        connection.begin()  # for those who talk to the driver, before anybody talks through SQLAlchemy
        yield connection


_open_holds = (
    select(
        transfer.c.debit_id,
        func.sum(transfer.c.minutes).label("held"),
        func.min(transfer.c.expires_at).label("next_expiry_at"),
    )
    .where(transfer.c.phase == int(Phase.HOLD), UNRESOLVED)
    .group_by(transfer.c.debit_id)
    .subquery("open_holds")
)

_ACCOUNTS = (
    select(
        *raw([account.c.id, account.c.owner_id, account.c.opened_at, account.c.closed_at]),
        account.c.kind,
        type_coerce(account.c.tracked, Integer).label("tracked"),
        entry.c.balance_after,
        entry.c.held_after,
        *raw([entry.c.recorded_at, _open_holds.c.next_expiry_at]),
        func.coalesce(_open_holds.c.held, 0).label("open_held"),
    )
    .select_from(
        account.outerjoin(
            entry, and_(entry.c.account_id == account.c.id, entry.c.seq == head_seq(account.c.id))
        ).outerjoin(_open_holds, _open_holds.c.debit_id == account.c.id)
    )
    .order_by(account.c.id)
)


def _check_accounts(report: Report, rows: Iterator[Row[Any]]) -> None:
    missing = {one.id.bytes for one in SYSTEM_ACCOUNTS}
    for row in rows:
        report.accounts += 1
        report.tracked_minutes += row.balance_after or 0
        missing.discard(row.id)
        for fault in _account_faults(row):
            report.found(fault, f"ledger_account {name_of(row.id)}")
    for account_id_ in sorted(missing):
        report.found(Fault.ACCOUNT_MISSING, f"ledger_account {name_of(account_id_)}")


def _account_faults(row: Row[Any]) -> Iterator[Fault]:
    known = row.kind in _KINDS and row.id == account_id(AccountKind(row.kind), UUID(bytes=row.owner_id)).bytes
    if not known or row.tracked != (row.kind in TRACKED):
        yield Fault.ACCOUNT_IDENTITY
    elif not row.tracked:
        if row.opened_at != clock.microseconds(SYSTEM_OPENED_AT) or row.closed_at is not None:
            yield Fault.ACCOUNT_IDENTITY
    elif row.balance_after is None:
        yield Fault.ACCOUNT_EMPTY
    elif row.held_after != row.open_held or (row.next_expiry_at is not None and row.next_expiry_at <= row.recorded_at):
        yield Fault.ACCOUNT_HOLDS
