"""Access tokens: who is calling, told by a signed token of 30 minutes (Flask-JWT-Extended, HS256).

Flask-JWT-Extended parses a token four times a request; what it has verified once is remembered until the token
expires. Tokens live on wall time. Refresh tokens are not JWTs: they are kept, as hashes, by ``identity``.

A token is good no longer than its session, which any process may end at any time: that is asked of the database in each
request, with a statement that is sent anyway (the grants of whoever acts by a role, the claim of an idempotency key) or
else with one of its own.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

import jwt
from flask import Flask, current_app, g, request
from flask_jwt_extended import JWTManager, create_access_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from sqlalchemy import ColumnElement, Uuid, bindparam, false, select

from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.direct import Direct
from timebank.settings import Settings
from timebank.web.errors import SessionExpired, Unauthenticated

LIFETIME = timedelta(minutes=30)
_REMEMBERED = 10_000
_TOO_LONG = 4_096

SESSION = bindparam("bearer_session", type_=Uuid())
"""The session of the request's token, in a condition that says whether it has been ended."""

_ended: list[ColumnElement[bool]] = []


def ended_where(condition: ColumnElement[bool]) -> None:
    """Have ``condition`` on ``SESSION`` say that a session has been ended."""
    _ended[:] = [condition]


def ended() -> ColumnElement[bool]:
    """Return the condition that ``SESSION`` has been ended, for a statement that is sent anyway."""
    return _ended[0] if _ended else false()


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a verified token speaks for: a person, in one signed-in session; ``expires`` is a Unix second.

    ``device_id`` is the enrolled device on which that session was opened, if it was opened on one.
    """

    person_id: UUID
    session_id: UUID
    expires: int
    device_id: UUID | None = None


def init_app(app: Flask, settings: Settings) -> None:
    """Sign with the newest key, verify with any live one (the token's ``kid`` names it)."""
    keys = settings.keys("access-token")
    by_kid = {_kid(key): key for key in keys}
    app.config["JWT_SECRET_KEY"] = keys[0]
    app.config["JWT_ACCESS_TOKEN_EXPIRES"] = LIFETIME
    app.extensions["timebank-token-kid"] = _kid(keys[0])
    app.extensions["timebank-tokens"] = {}
    manager = JWTManager(app)

    @manager.decode_key_loader
    def key_for(headers: dict[str, Any], _claims: dict[str, Any]) -> bytes:
        return by_kid.get(str(headers.get("kid")), keys[0])


def _kid(key: bytes) -> str:
    return hashlib.sha256(b"kid" + key).hexdigest()[:8]


def issue(*, person_id: UUID, session_id: UUID, device_id: UUID | None = None) -> str:
    """Return a new access token of 30 minutes."""
    token: str = create_access_token(
        str(person_id),
        additional_claims={"sid": str(session_id)} | ({"dev": str(device_id)} if device_id else {}),
        additional_headers={"kid": current_app.extensions["timebank-token-kid"]},
    )
    return token


def bearer() -> Bearer:
    """Return who the request's token speaks for; raise Unauthenticated or SessionExpired (401)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > _TOO_LONG:
        raise Unauthenticated
    remembered: dict[str, Bearer] = current_app.extensions["timebank-tokens"]
    known = remembered.get(token)
    if known is None:
        known = _verify(token)
        if len(remembered) >= _REMEMBERED:
            remembered.clear()
        remembered[token] = known
    if known.expires <= clock.wall().timestamp():
        remembered.pop(token, None)
        raise SessionExpired
    return known


def let_in() -> None:
    """Let in whoever brings a good token; whether its session still stands is asked when the work begins."""
    g.bearer = bearer()


def session_stands() -> None:
    """Note that the session of this request's token was asked about, and stands."""
    g.session_stands = True


def refuse_ended(*, again: bool = False) -> None:
    """Raise SessionExpired if the session of who was let in has been ended meanwhile, here or in another process.

    One statement, in a unit of work; none for whoever came in by something else, nor for whom it was asked before, unless
    it is to be asked ``again``: a write may have waited for its turn since then.
    """
    if "bearer" not in g or ("session_stands" in g and not again):
        return
    [[is_ended]] = _is_ended().send(session.connection(), {"bearer_session": g.bearer.session_id}).rows()
    if is_ended:
        raise SessionExpired
    session_stands()


def refuse_ended_early() -> None:
    """Raise the same before anything is prepared that costs time; in a unit of work of its own, if one is needed."""
    if "bearer" in g and "session_stands" not in g:
        in_unit_of_work(refuse_ended, write=False)


@cache
def _is_ended() -> Direct:
    return Direct(select(ended()))


def _verify(token: str) -> Bearer:
    try:
        claims = decode_token(token)
        device_id = UUID(claims["dev"]) if "dev" in claims else None
        return Bearer(UUID(claims["sub"]), UUID(claims["sid"]), int(claims["exp"]), device_id)
    except jwt.ExpiredSignatureError as error:
        raise SessionExpired from error
    except (jwt.PyJWTError, JWTExtendedException, KeyError, ValueError, RecursionError) as error:
        raise Unauthenticated from error
