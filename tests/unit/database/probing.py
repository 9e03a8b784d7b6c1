"""Looking at the table ``probe`` from outside of the work under test."""

from typing import Any

import pytest
from sqlalchemy import Table, func, select
from sqlalchemy.exc import IntegrityError

from timebank.database import in_unit_of_work, session


def rows(table: Table) -> int:
    """Return how many rows are committed."""
    return in_unit_of_work(lambda: session.execute(select(func.count()).select_from(table)).scalar_one(), write=False)


def violation(statement: Any) -> IntegrityError:
    """Return the integrity error that a statement runs into."""
    with pytest.raises(IntegrityError) as raised:
        in_unit_of_work(lambda: session.execute(statement))
    return raised.value
