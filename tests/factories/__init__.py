"""Plain functions that put something into the database and return it, ready to be read.

They run inside an application context and commit. What they return belongs to no session: a test may look at it at any
time, and reads it anew to see what has become of it.
"""

from collections.abc import Callable
from typing import TypeVar

from timebank.database import Base, in_unit_of_work, session

Row = TypeVar("Row", bound=Base)


def kept(work: Callable[[], Row]) -> Row:
    """Do ``work`` in a unit of work and return its row, detached."""
    row = in_unit_of_work(work)
    session.expunge(row)
    return row
