"""The values in a cursor, by the type of their column."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Mapped, mapped_column

from timebank.database import Base
from timebank.web.errors import BadCursor
from timebank.web.fields import MAX_WHOLE
from timebank.web.pages import _typed


class Sheet(Base):
    """A table that exists in no database."""

    __tablename__ = "sheet_of_a_test"
    metadata = type(Base.metadata)()

    seq: Mapped[int] = mapped_column(primary_key=True)
    served_on: Mapped[date]


@pytest.mark.parametrize("value", [0, -3, MAX_WHOLE])
def test_whole_numbers_are_places(value: int) -> None:
    """A whole number that JSON carries exactly passes."""
    assert _typed(Sheet.seq, value) == value


@pytest.mark.parametrize("value", [True, 1.0, "1", None, MAX_WHOLE + 1, 10**30, [1]])
def test_what_a_database_would_choke_on_is_no_number(value: Any) -> None:
    """Booleans, floats, texts and giants are refused before they reach a database."""
    with pytest.raises(BadCursor):
        _typed(Sheet.seq, value)


def test_days_are_places() -> None:
    """A day passes as a day."""
    assert _typed(Sheet.served_on, "2026-02-28") == date(2026, 2, 28)
