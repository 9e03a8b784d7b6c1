"""The statement: all lines of one's account as a table, read a part at a time while it is written."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from timebank.database import session
from timebank.documents.tables import Cell, Column, Table, Type
from timebank.ledger.models import Entry
from timebank.passbook import service

Lines = list[dict[str, Any]]
Read = Callable[[Callable[[], Lines]], Lines]

AT_ONCE = 500

COLUMNS = (
    Column("序号", Type.WHOLE_NUMBER),
    Column("记账时间", Type.INSTANT),
    Column("类别"),
    Column("分钟", Type.WHOLE_NUMBER),
    Column("冻结变动", Type.WHOLE_NUMBER),
    Column("余额", Type.WHOLE_NUMBER),
    Column("说明"),
    Column("账户链哈希"),
)
_SHOWN = ("seq", "recorded_at", "kind", "minutes", "held_minutes", "balance_after", "explanation", "hash")


def table(*, owner_id: UUID, read: Read, english: bool = False) -> Table:
    """Return the statement of a person's wallet, newest line first; its rows can be read once.

    ``read`` does some work in a unit of work of its own: lines are still read when the caller's has long ended.
    """
    return Table(title="账户明细", columns=COLUMNS, rows=_rows(owner_id, read, english=english))


def _rows(owner_id: UUID, read: Read, *, english: bool) -> Iterator[list[Cell]]:
    """Yield the lines, each part in a short unit of work of its own.

    Lines are never changed and new ones stand above the first part: all parts together are one state.
    """
    above: int | None = None
    while True:
        part = read(partial(_part, owner_id, above, english=english))
        for line in part:
            yield [line[name] for name in _SHOWN]
        if len(part) < AT_ONCE:
            return
        above = part[-1]["seq"]


def _part(owner_id: UUID, below: int | None, *, english: bool) -> Lines:
    lines = service.entries(owner_id=owner_id).add_columns(Entry.hash).limit(AT_ONCE)
    if below is not None:
        lines = lines.where(Entry.seq < below)
    rows: list[Row[Any]] = list(session.execute(lines))
    explained = service.explained(rows, english=english)
    return [line | {"hash": row.hash.hex()} for row, line in zip(rows, explained, strict=True)]
