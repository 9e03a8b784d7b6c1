"""Keyset pages: ``?after=&limit=``, an opaque cursor, and the address of the next page."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import request
from sqlalchemy import Select, TypeDecorator, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from timebank.database import session
from timebank.web.errors import BadCursor
from timebank.web.fields import MAX_WHOLE, is_storable


def page(
    statement: Select[Any],
    *,
    by: Sequence[InstrumentedAttribute[Any]],
    query: dict[str, Any],
    descending: bool = False,
    scalars: bool = True,
) -> dict[str, Any]:
    """Return ``{"items", "next"}`` of ``statement`` ordered by the key columns ``by`` (together unique).

    ``query`` is a loaded ``PageQuery``. With ``scalars`` items are the first entity of each row, else the rows. For
    rows the key columns must be among the selected ones, under their own names. Raises BadCursor.
    """
    limit: int = query["limit"]
    if "after" in query:
        statement = statement.where(_beyond(by, _read(query["after"], by), descending=descending))
    order = [column.desc() if descending else column.asc() for column in by]
    result = session.execute(statement.order_by(*order).limit(limit + 1))
    found = list(result.scalars()) if scalars else list(result)
    items = found[:limit]
    following = _address([getattr(items[-1], column.key) for column in by]) if len(found) > limit else None
    return {"items": items, "next": following}


def _beyond(by: Sequence[InstrumentedAttribute[Any]], values: Sequence[Any], *, descending: bool) -> Any:
    """Return the condition that a row comes after ``values`` in the order of ``by``."""
    steps = []
    for index, column in enumerate(by):
        ahead = column < values[index] if descending else column > values[index]
        steps.append(and_(*(earlier == value for earlier, value in zip(by[:index], values, strict=False)), ahead))
    return or_(*steps)


def _address(values: Sequence[Any]) -> str:
    text = json.dumps(values, default=_plain, ensure_ascii=False)
    cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "after"]
    return f"{request.path}?{urlencode([*kept, ('after', cursor)])}"


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _read(cursor: str, by: Sequence[InstrumentedAttribute[Any]]) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(by):
            raise BadCursor
        return [_typed(column, value) for column, value in zip(by, values, strict=True)]
    except (ValueError, OverflowError, RecursionError) as error:
        raise BadCursor from error


def _typed(column: InstrumentedAttribute[Any], value: Any) -> Any:
    kind = _kind(column)
    if kind is int and type(value) is int and abs(value) <= MAX_WHOLE:
        return value
    if kind is int or not isinstance(value, str) or not is_storable(value):
        raise BadCursor
    if kind is UUID:
        return UUID(value)
    if kind is datetime:
        return _instant(value)
    return date.fromisoformat(value) if kind is date else value


def _kind(column: InstrumentedAttribute[Any]) -> type[Any]:
    """Return the Python type of a column; a decorated type does not tell its own."""
    of: Any = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    kind: type[Any] = of.python_type
    return kind


def _instant(value: str) -> datetime:
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise BadCursor
    return instant.astimezone(UTC)
