"""Instants and ids, on their way into the database and back."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Table, insert, select
from sqlalchemy.exc import StatementError

from timebank import database
from timebank.database import in_unit_of_work, session


def test_an_instant_comes_back_in_utc(probe: Table) -> None:
    """An instant with any zone is stored to the microsecond and comes back as UTC; None stays None."""
    instant = datetime(2026, 3, 1, 7, 30, 0, 123456, tzinfo=ZoneInfo("Asia/Shanghai"))
    values = [{"id": 1, "name": "one", "done_at": instant}, {"id": 2, "name": "two", "done_at": None}]
    in_unit_of_work(lambda: session.execute(insert(probe), values))
    found = in_unit_of_work(lambda: session.scalars(select(probe.c.done_at).order_by(probe.c.id)).all(), write=False)
    assert found == [instant, None]
    assert found[0].tzinfo is UTC


def test_instants_compare_by_time_and_not_by_zone(probe: Table) -> None:
    """A condition in Shanghai's time finds what was stored in UTC."""
    in_unit_of_work(
        lambda: session.execute(insert(probe).values(id=1, name="one", done_at=datetime(2026, 3, 1, 0, 0, tzinfo=UTC)))
    )
    eight = datetime(2026, 3, 1, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    query = select(probe.c.id).where(probe.c.done_at == eight)
    assert in_unit_of_work(lambda: session.scalars(query).all(), write=False) == [1]


def test_a_naive_datetime_is_refused(probe: Table) -> None:
    """A datetime without a zone is no instant."""
    statement = insert(probe).values(id=1, name="one", done_at=datetime(2026, 3, 1))
    with pytest.raises(StatementError, match="naive"):
        in_unit_of_work(lambda: session.execute(statement))


def test_ids_are_version_7_and_differ() -> None:
    """Ids are UUIDs of version 7, no two alike."""
    ids = {database.new_id() for _ in range(1_000)}
    assert len(ids) == 1_000
    assert {one.version for one in ids} == {7}
