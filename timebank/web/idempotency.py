"""Idempotency keys: the reply of a request that must not happen twice commits with its effect.

The key's row is inserted before the work and filled with the reply after it, in the same transaction. A twin waits for
the first at the unique key; when the first rolled back, the twin does the work, and when it committed, the twin gets
the stored reply. Only 2xx are stored (a refusal rolls back), for 72 hours. No key is claimed, and no reply read, by a
session that has been ended.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import cast
from uuid import UUID

from flask import Response, request
from sqlalchemy import Select, String, Table, and_, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.dml import ReturningInsert

from timebank import clock
from timebank.constraints import lock_timed_out
from timebank.database import Base, is_sqlite, session
from timebank.web import tokens
from timebank.web.errors import IdempotencyConflict, IdempotencyKeyRequired, InFlight, SessionExpired
from timebank.web.tokens import Bearer

KEPT = timedelta(hours=72)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class IdempotentReply(Base):
    """One stored reply; ``status`` is empty only inside the transaction that does the work."""

    __tablename__ = "idempotent_reply"

    actor_id: Mapped[UUID] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(String(8), primary_key=True)
    route: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request_hash: Mapped[bytes]
    status: Mapped[int | None]
    body: Mapped[str | None]
    headers: Mapped[str | None]
    stored_at: Mapped[datetime]


_table = cast("Table", IdempotentReply.__table__)
_HERE = and_(*(column == bindparam(f"at_{column.name}") for column in _table.primary_key))
_CLAIMED = (*_table.primary_key, _table.c.request_hash, _table.c.stored_at)
_FILL = update(_table).where(_HERE)


@cache
def _claim(*, on_sqlite: bool) -> ReturningInsert[tuple[str]]:
    insert = sqlite.insert(_table) if on_sqlite else postgresql.insert(_table)
    values = select(*(bindparam(column.name, type_=column.type) for column in _CLAIMED)).where(~tokens.ended())
    return insert.from_select(_CLAIMED, values).on_conflict_do_nothing().returning(_table.c.key)


@cache
def _reply() -> Select[tuple[bytes, int, str, str, bool]]:
    kept = (_table.c.request_hash, _table.c.status, _table.c.body, _table.c.headers)
    return select(*kept, tokens.ended().label("ended")).where(_HERE)


def key_of_request() -> str:
    """Return the ``Idempotency-Key`` header; raise IdempotencyKeyRequired without a usable one."""
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyRequired
    return key


def once(work: Callable[[], Response], *, bearer: Bearer) -> Response:
    """Do ``work`` and store its reply, or return the stored reply of the same request.

    Raises SessionExpired, IdempotencyConflict, InFlight.
    """
    rule = request.url_rule.rule if request.url_rule else request.path
    place = {"actor_id": bearer.person_id, "method": request.method, "route": rule, "key": key_of_request()}
    asked = hashlib.sha256(request.full_path.encode() + b"\n" + request.get_data()).digest()
    if not _claimed(place, asked, bearer):
        return _stored(place, asked, bearer)
    tokens.session_stands()
    response = work()
    kept = {name: response.headers[name] for name in ("Location", "ETag") if name in response.headers}
    session.connection().execute(
        _FILL,
        {
            **_at(place),
            "status": response.status_code,
            "body": response.get_data(as_text=True),
            "headers": json.dumps(kept),
        },
    )
    return response


def _claimed(place: dict[str, object], asked: bytes, bearer: Bearer) -> bool:
    """Insert the key's row; False when it is there already, or the session has been ended.

    Waits for a twin under way, at most the lock time-out.
    """
    values = {"request_hash": asked, "stored_at": clock.wall(), "bearer_session": bearer.session_id}
    try:
        result = session.connection().execute(_claim(on_sqlite=is_sqlite()), {**place, **values})
    except DBAPIError as error:
        if lock_timed_out(error):
            raise InFlight from error
        raise
    return result.first() is not None


def _stored(place: dict[str, object], asked: bytes, bearer: Bearer) -> Response:
    at = {**_at(place), "bearer_session": bearer.session_id}
    reply = session.connection().execute(_reply(), at).one_or_none()
    if reply is None:
        tokens.refuse_ended(again=True)  # that a role was asked about before says nothing of now
        raise InFlight  # swept between the two statements
    if reply.ended:
        raise SessionExpired
    if reply.request_hash != asked:
        raise IdempotencyConflict
    response = Response(reply.body, reply.status, mimetype="application/json")
    if reply.status == HTTPStatus.NO_CONTENT:
        response.headers.remove("Content-Type")  # as of the first answer: nothing has no type
    response.headers.update(json.loads(reply.headers or "{}"))
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _at(place: dict[str, object]) -> dict[str, object]:
    """Return the values that ``_HERE`` looks for; bound under names that no column has, for the update's sake."""
    return {f"at_{name}": value for name, value in place.items()}


def forget_old() -> int:
    """Delete replies older than 72 hours; return how many. Part of ``timebank sweep``."""
    gone = session.execute(delete(IdempotentReply).where(IdempotentReply.stored_at < clock.wall() - KEPT))
    return int(getattr(gone, "rowcount", 0))
