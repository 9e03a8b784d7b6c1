"""The demo clock: how far business time runs ahead of the wall, kept in the database so that all processes agree."""

from datetime import datetime, timedelta

from flask import Flask, current_app
from sqlalchemy import CheckConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from timebank import clock
from timebank.database import Base, on_begin, session


class DemoClock(Base):
    """One row: the offset of business time in seconds. It only grows."""

    __tablename__ = "demo_clock"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    offset_seconds: Mapped[int]


_OFFSET = select(DemoClock.offset_seconds)


def init_app(_app: Flask) -> None:
    """Have every unit of work of a demo read the offset first."""
    on_begin(read_offset)


def read_offset() -> None:
    """Let business time of this unit of work run as far ahead as the demo's clock says."""
    if current_app.extensions["timebank-settings"].is_demo:
        clock.set_offset(timedelta(seconds=session.execute(_OFFSET).scalar_one()))


def advance(*, minutes: int) -> datetime:
    """Move business time forward by ``minutes`` and return what it is now."""
    session.execute(update(DemoClock).values(offset_seconds=DemoClock.offset_seconds + minutes * 60))
    read_offset()
    return clock.now()
