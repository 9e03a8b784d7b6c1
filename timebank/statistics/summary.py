"""The summary of the hour figures: deltas are folded into it in batches; it can be rebuilt, and checked, at any time.

Two statements make it sure whatever commits when. A fold takes away just the deltas that it adds, in one transaction. A
rebuild adds up the records and takes away the deltas in one statement, which is one snapshot: what commits later is in
neither, and its deltas stay. No order of ids or of times is relied on.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Select, Table, delete, func, insert, literal, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from timebank.database import NIL, in_unit_of_work, is_sqlite, session
from timebank.records import queries as records
from timebank.records.delta_tables import HoursDelta
from timebank.records.deltas import CELL, COUNTED
from timebank.records.models import Revision
from timebank.statistics.calendar import first_of_month
from timebank.statistics.models import HoursSummary
from timebank.statistics.rules import Grain

AT_ONCE = 1_000
"""Deltas that one transaction folds."""
ADVISORY_LOCK = 0x5F01D
"""Folds share it, a rebuild has it alone; on SQLite whoever writes is alone anyway."""

summary = cast("Table", HoursSummary.__table__)
delta = cast("Table", HoursDelta.__table__)
_KEY = ("grain", *CELL)


def fold(*, limit: int = AT_ONCE) -> int:
    """Fold at most ``limit`` deltas into the summary; return how many. None while it is being rebuilt.

    Two folds at once take different deltas, and touch the cells in one order.
    """
    connection = session.connection()
    if not is_sqlite() and not connection.scalar(select(func.pg_try_advisory_xact_lock_shared(ADVISORY_LOCK))):
        return 0
    taken = connection.execute(select(delta).limit(limit).with_for_update(skip_locked=True)).all()
    if not taken:
        return 0
    connection.execute(delete(delta).where(delta.c.id.in_([row.id for row in taken])))
    connection.execute(_adding(), _cells(taken))
    return len(taken)


def fold_all(*, limit: int = 100 * AT_ONCE) -> int:
    """Fold what is there, at most ``limit`` deltas, a transaction a batch; return how many that were."""
    folded = 0
    while folded < limit and (some := in_unit_of_work(fold)):
        folded += some
    return folded


def _cells(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Return what deltas add to the cells of both grains, in the order of their keys."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        day = {name: getattr(row, name) for name in CELL}
        month = day | {"served_on": _first(row.served_on), "activity_id": NIL}
        for grain, cell in ((Grain.DAY, day), (Grain.MONTH, month)):
            key = (str(grain), *(cell[name] for name in CELL))
            counted = [getattr(row, name) for name in COUNTED]
            sums[key] = [old + new for old, new in zip(sums.get(key, (0, 0, 0)), counted, strict=True)]
    return [dict(zip((*_KEY, *COUNTED), (*key, *sums[key]), strict=True)) for key in sorted(sums)]


def _first(day: date) -> date:
    return day.replace(day=1)


def _adding() -> Any:
    """Return the insert that adds to a cell that is there."""
    adding: Any = (sqlite_insert if is_sqlite() else postgresql_insert)(summary)
    more = {name: summary.c[name] + adding.excluded[name] for name in COUNTED}
    return adding.on_conflict_do_update(index_elements=list(_KEY), set_=more)


def rebuild() -> int:
    """Add the records up anew; return how many cells there are. Records may be written meanwhile."""
    connection = session.connection()
    if not is_sqlite():
        connection.execute(select(func.pg_advisory_xact_lock(ADVISORY_LOCK)))
    connection.execute(delete(summary))
    filling: Any = insert(summary).from_select([*_KEY, *COUNTED], _recounted())
    if is_sqlite():
        connection.execute(delete(delta))
    else:
        filling = filling.add_cte(delete(delta).returning(delta.c.id).cte("gone"))
    connection.execute(filling)
    return int(connection.scalar(select(func.count()).select_from(summary)) or 0)


def _recounted() -> Any:
    """Select every cell of both grains from the records."""
    return union_all(*(_cells_of_records(grain) for grain in Grain))


def _cells_of_records(grain: Grain) -> Select[Any]:
    keys = _keys(grain, Revision)
    counted = (func.count(), func.sum(Revision.service_minutes), func.sum(Revision.credited_minutes))
    found = select(literal(str(grain), literal_execute=True).label("grain"), *keys, *_named(COUNTED, counted))
    return found.where(records.is_final(), records.is_current()).group_by(*keys)


def _keys(grain: Grain, source: Any) -> list[ColumnElement[Any]]:
    """Return the columns of a cell, from whatever has them by day."""
    columns: dict[str, ColumnElement[Any]] = {name: getattr(source, name) for name in CELL}
    if grain is Grain.MONTH:
        columns["served_on"] = first_of_month(columns["served_on"])
        columns["activity_id"] = literal(NIL, literal_execute=True)
    return [column.label(name) for name, column in columns.items()]


def _named(names: Sequence[str], columns: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [column.label(name) for name, column in zip(names, columns, strict=True)]


class Difference(NamedTuple):
    """A cell whose figures are not what the records add up to, and by how much they are too high."""

    grain: str
    served_on: date
    organisation_id: str
    person_times: int
    service_minutes: int
    credited_minutes: int


def check(*, limit: int = 20) -> list[Difference]:
    """Return where summary and deltas together differ from the records: in one statement, so while records are written."""
    folded = select(*(summary.c[name] for name in (*_KEY, *COUNTED)))
    waiting = [
        select(literal(str(grain), literal_execute=True).label("grain"), *_keys(grain, delta.c), *_counted(delta.c))
        for grain in Grain
    ]
    recounted = _recounted().subquery()
    less = select(
        *(recounted.c[name] for name in _KEY),
        *_named(COUNTED, [-recounted.c[name] for name in COUNTED]),
    )
    both = union_all(folded, *waiting, less).subquery()
    sums = [func.sum(both.c[name]) for name in COUNTED]
    shown = (both.c.grain, both.c.served_on, both.c.organisation_id)
    wrong = select(*shown, *sums).group_by(*(both.c[name] for name in _KEY)).having(or_(*(one != 0 for one in sums)))
    rows = session.connection().execute(wrong.order_by(*shown).limit(limit))
    return [Difference(row[0], row[1], str(row[2]), *(int(value) for value in row[3:])) for row in rows]


def _counted(columns: Any) -> list[ColumnElement[Any]]:
    return [columns[name] for name in COUNTED]
