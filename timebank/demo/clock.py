"""The demo clock: how far business time runs ahead of the wall, kept in the database so that all processes agree."""

from datetime import datetime, timedelta

from flask import Flask, current_app
from sqlalchemy import CheckConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from timebank import clock
from timebank.database import Base, on_begin, session
from timebank.errors import Invalid


class DemoClock(Base):
    """One row: the offset of business time in seconds. It only grows."""

    __tablename__ = "demo_clock"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    offset_seconds: Mapped[int]


MOST_SECONDS = 10 * 366 * 86_400
"""Ten years: dates stay far from where calendars and columns end."""

_OFFSET = select(DemoClock.offset_seconds)


def init_app(_app: Flask) -> None:
    """Have every unit of work of a demo read the offset first."""
    on_begin(read_offset)


def read_offset() -> None:
    """Let business time of this unit of work run as far ahead as the demo's clock says."""
    # Another application of this process may have shifted this thread's clock: outside the demo there is no offset.
    is_demo = current_app.extensions["timebank-settings"].is_demo
    clock.set_offset(timedelta(seconds=session.execute(_OFFSET).scalar_one() if is_demo else 0))


def advance(*, minutes: int) -> datetime:
    """Move business time forward by ``minutes`` and return what it is now. Raises Invalid beyond ten years in all."""
    later = DemoClock.offset_seconds + minutes * 60
    moved = update(DemoClock).where(later <= MOST_SECONDS).values(offset_seconds=later).returning(DemoClock.id)
    if session.execute(moved).first() is None:
        raise Invalid(errors=[{"pointer": "/advance_minutes", "detail": "最多快十年。 Ten years ahead at most."}])
    read_offset()
    return clock.now()
