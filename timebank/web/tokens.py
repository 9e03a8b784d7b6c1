"""Access tokens: who is calling, told by a signed token of 30 minutes (Flask-JWT-Extended, HS256).

Flask-JWT-Extended parses a token four times a request; what it has verified once is remembered until the token
expires. Tokens live on wall time. Refresh tokens are not JWTs: they are kept, as hashes, by ``identity``.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
from flask import Flask, current_app, request
from flask_jwt_extended import JWTManager, create_access_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException

from timebank import clock
from timebank.settings import Settings
from timebank.web.errors import SessionExpired, Unauthenticated

LIFETIME = timedelta(minutes=30)
_REMEMBERED = 10_000
_TOO_LONG = 4_096


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
    app.extensions["timebank-ended-sessions"] = {}
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


def bearer(*, even_ended: bool = False) -> Bearer:
    """Return who the request's token speaks for; raise Unauthenticated or SessionExpired (401).

    ``even_ended`` lets the token of a session pass that has been ended: who signs out twice has signed out.
    """
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
    ended: dict[UUID, float] = current_app.extensions["timebank-ended-sessions"]
    if known.expires <= clock.wall().timestamp():
        remembered.pop(token, None)
        raise SessionExpired
    if known.session_id in ended and not even_ended:
        raise SessionExpired
    return known


def end(*session_ids: UUID) -> None:
    """Refuse the access tokens of sessions from now on, in this process.

    Other processes refuse them wherever somebody acts by a role, which is read with the state of the session; what
    needs no role, one's own things, they serve until the token expires.
    """
    ended: dict[UUID, float] = current_app.extensions["timebank-ended-sessions"]
    now = clock.wall().timestamp()
    for session_id in [one for one, until in list(ended.items()) if until <= now]:
        ended.pop(session_id, None)
    ended.update(dict.fromkeys(session_ids, now + LIFETIME.total_seconds()))


def _verify(token: str) -> Bearer:
    try:
        claims = decode_token(token)
        device_id = UUID(claims["dev"]) if "dev" in claims else None
        return Bearer(UUID(claims["sub"]), UUID(claims["sid"]), int(claims["exp"]), device_id)
    except jwt.ExpiredSignatureError as error:
        raise SessionExpired from error
    except (jwt.PyJWTError, JWTExtendedException, KeyError, ValueError, RecursionError) as error:
        raise Unauthenticated from error
