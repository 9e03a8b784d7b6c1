"""Access tokens."""

import base64
import dataclasses
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from timebank import clock
from timebank.application import create_app
from timebank.database import db, new_id
from timebank.settings import Settings
from timebank.web import tokens

GUARDED = "/api/v1/areas"
PERSON, SESSION = new_id(), new_id()


@pytest.fixture
def token(app: Flask) -> str:
    """A good token."""
    return tokens.issue(person_id=PERSON, session_id=SESSION)


def call(client: FlaskClient, token: str, scheme: str = "Bearer") -> Any:
    """Call a guarded route with this token."""
    return client.get(GUARDED, headers={"Authorization": f"{scheme} {token}".strip()})


def claims(**changed: Any) -> dict[str, Any]:
    """Return the claims of a good token, some of them changed; None leaves one out."""
    now = int(clock.wall().timestamp())
    good = {
        "sub": str(PERSON),
        "sid": str(SESSION),
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "type": "access",
        "jti": "x",
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def forged(app: Flask, *, key: bytes | None = None, algorithm: str = "HS256", **headers: Any) -> str:
    """Return a token signed with a key that is not ours, or ours if none is given."""
    settings: Settings = app.extensions["timebank-settings"]
    return jwt.encode(claims(), key or settings.keys("access-token")[0], algorithm, headers=headers)


def refused(answer: Any) -> str:
    """Check that nobody came in and return the code."""
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    return str(answer.json["code"])


def test_a_good_token_opens_and_says_who_is_there(app: Flask, client: FlaskClient, token: str) -> None:
    """A token tells person and session, and lasts thirty minutes."""
    assert call(client, token).status_code == 200
    assert call(client, token, "bearer").status_code == 200
    with app.test_request_context(headers={"Authorization": f"Bearer {token}"}):
        found = tokens.bearer()

    assert (found.person_id, found.session_id) == (PERSON, SESSION)
    assert 1790 < found.expires - clock.wall().timestamp() <= 1800


@pytest.mark.parametrize(
    ("scheme", "value"),
    [("", ""), ("Bearer", ""), ("Basic", "dXNlcjpwYXNz"), ("Bearer", "x"), ("Bearer", "a.b.c"), ("Bearer", "..."),
     ("Bearer", "ü.ü.ü"), ("Bearer", "a" * 5_000), ("Bearer", " "), ("Token", "abc")],
)  # fmt: skip
def test_what_is_no_token_opens_nothing(client: FlaskClient, scheme: str, value: str) -> None:
    """No header, another scheme, garbage and what is far too long are 401."""
    assert refused(call(client, value, scheme)) == "UNAUTHENTICATED"


def test_a_token_signed_by_somebody_else_opens_nothing(app: Flask, client: FlaskClient) -> None:
    """Another key, another purpose's key, another algorithm, none at all: forged."""
    settings: Settings = app.extensions["timebank-settings"]
    kid = app.extensions["timebank-token-kid"]
    for token in (
        forged(app, key=b"k" * 32),
        forged(app, key=b"k" * 32, kid=kid),
        forged(app, key=settings.keys("codes")[0], kid=kid),
        forged(app, key=settings.keys("access-token")[0] * 2, algorithm="HS512", kid=kid),
        jwt.encode(claims(), None, "none"),
        jwt.encode(claims(), None, "none", headers={"kid": kid}),
    ):
        assert refused(call(client, token)) == "UNAUTHENTICATED"


def test_a_changed_token_opens_nothing(client: FlaskClient, token: str) -> None:
    """A payload that was exchanged does not fit its signature."""
    head, _, signature = token.split(".")
    other = base64.urlsafe_b64encode(json.dumps(claims(sub=str(new_id()))).encode()).decode().rstrip("=")

    assert refused(call(client, f"{head}.{other}.{signature}")) == "UNAUTHENTICATED"
    assert refused(call(client, token[:-4] + "AAAA")) == "UNAUTHENTICATED"


@pytest.mark.parametrize("kid", ["unknown", "", "../../etc"])
def test_a_wrong_kid_does_not_matter_to_a_genuine_token(app: Flask, client: FlaskClient, kid: str) -> None:
    """An unknown key name means the newest key; the signature decides."""
    assert call(client, forged(app, kid=kid)).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [{"sub": None}, {"sid": None}, {"exp": None}, {"sub": "no id"}, {"sid": "no id"}, {"exp": "soon"}],
)
def test_a_genuine_token_without_its_claims_opens_nothing(app: Flask, client: FlaskClient, changed: Any) -> None:
    """A token of another making, signed with our key, is refused as well."""
    settings: Settings = app.extensions["timebank-settings"]
    token = jwt.encode(claims(**changed), settings.keys("access-token")[0], "HS256")

    assert refused(call(client, token)) == "UNAUTHENTICATED"


def test_an_expired_token_says_that_it_expired(app: Flask, client: FlaskClient) -> None:
    """The client learns that it should refresh."""
    with time_machine.travel(clock.wall() - timedelta(minutes=31), tick=False):
        token = tokens.issue(person_id=PERSON, session_id=SESSION)

    assert refused(call(client, token)) == "SESSION_EXPIRED"


def test_a_remembered_token_expires_as_well(client: FlaskClient, token: str) -> None:
    """What was verified once is not good for ever."""
    start = clock.wall()
    with time_machine.travel(start + timedelta(minutes=29), tick=False):
        assert call(client, token).status_code == 200
    with time_machine.travel(start + timedelta(minutes=31), tick=False):
        assert refused(call(client, token)) == "SESSION_EXPIRED"


def test_business_time_does_not_age_a_token(client: FlaskClient, token: str) -> None:
    """Tokens live on the wall clock: the demo's clock runs ahead without signing anybody out."""
    with clock.at(clock.wall() + timedelta(days=400)):
        assert call(client, token).status_code == 200


def test_a_rotated_key_still_verifies_until_it_is_taken_out(app: Flask, settings: Settings) -> None:
    """A token of the key before is good while that key is listed, and no longer."""

    def answer_of(*secrets: str, token: str) -> int:
        other = create_app(dataclasses.replace(settings, secret_keys=secrets))
        status = other.test_client().get(GUARDED, headers={"Authorization": f"Bearer {token}"}).status_code
        with other.app_context():
            db.engine.dispose()
        return status

    token = tokens.issue(person_id=PERSON, session_id=SESSION)
    old, new = settings.secret_keys[0], "a secret that is newer than all the others"

    assert answer_of(new, old, token=token) == 200
    assert answer_of(new, token=token) == 401


def test_the_memory_of_tokens_is_bounded(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full memory is emptied; whoever is forgotten is verified anew."""
    monkeypatch.setattr(tokens, "_REMEMBERED", 2)
    issued = [tokens.issue(person_id=PERSON, session_id=SESSION) for _ in range(5)]

    assert {call(client, token).status_code for token in issued * 2} == {200}
    assert len(app.extensions["timebank-tokens"]) <= 2


def encoded(text: str) -> str:
    """Return one part of a token."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("head", "body"),
    [('{"alg":"HS256"}', "[" * 2_500), ("[" * 2_500, "{}"), ('{"alg":["HS256"]}', "{}"), ('{"alg":"HS256","kid":{}}', "{}"),
     ('{"alg":"HS256"}', "[]"), ("null", "null"), ('{"alg":"HS256","crit":["x"]}', "{}"), ('{"alg":"HS256","b64":false}', "x"),
     ('{"alg":"HS256"}', '{"exp":' + "9" * 2_000 + "}"), ('{"alg":"HS256"}', "\xff")],
)  # fmt: skip
def test_a_crafted_token_is_no_fault(client: FlaskClient, head: str, body: str) -> None:
    """Deep nesting, odd headers and giant numbers are refused before anything breaks."""
    assert refused(call(client, f"{encoded(head)}.{encoded(body)}.{encoded('signature')}")) == "UNAUTHENTICATED"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_no_header_breaks_a_guard(client: FlaskClient, value: str) -> None:
    """Whatever stands in the header, it is no token of ours."""
    assert client.get(GUARDED, headers={"Authorization": value}).status_code == 401
    assert call(client, value).status_code == 401
