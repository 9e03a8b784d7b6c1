"""Refreshing and signing out."""

import contextvars
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.api.identity.conftest import SignIn
from tests.api.identity.test_wechat import freeze
from tests.factories.calls import problem
from tests.factories.files import a_picture
from tests.factories.identity import a_person, an_admin
from tests.factories.organisations import an_organisation
from tests.factories.staff import a_staff_account
from timebank import clock, database
from timebank.database import NIL, in_unit_of_work, new_id, session
from timebank.errors import Busy
from timebank.identity import queries, service, sessions, states
from timebank.identity.models import Person, RefreshToken
from timebank.identity.rules import Grant, PersonState, Role
from timebank.notifications.models import Subscription
from timebank.organisations.models import Area
from timebank.people.models import ErasureRequest
from timebank.web import blueprint, tokens

EXPIRED = (401, "SESSION_EXPIRED")
SUBSCRIPTIONS = "/api/v1/me/subscriptions"
CHOICE = {"topics": {"arrival": "accept"}}


@pytest.fixture
def signed(wechat: SignIn) -> dict[str, Any]:
    """What signing in has given."""
    found: dict[str, Any] = wechat("demo:zhang").json
    return found


def refresh(client: FlaskClient, token: Any) -> Any:
    """Send a refresh token."""
    body = json.dumps({"refresh_token": token})
    return client.post("/api/v1/auth/refresh", data=body, content_type="application/json")


def test_a_refresh_rotates_both_tokens(client: FlaskClient, signed: dict[str, Any]) -> None:
    """A new pair continues the session, again and again."""
    first = refresh(client, signed["refresh_token"])
    second = refresh(client, first.json["refresh_token"])

    assert first.status_code == second.status_code == 200
    assert first.json["person"] == signed["person"]
    assert len({signed["refresh_token"], first.json["refresh_token"], second.json["refresh_token"]}) == 3
    headers = {"Authorization": f"Bearer {second.json['access_token']}"}
    assert client.get("/api/v1/areas", headers=headers).status_code == 200


def test_a_used_token_ends_the_whole_session(client: FlaskClient, signed: dict[str, Any]) -> None:
    """Two uses of one token mean a thief: the newest token is no good any more either."""
    newest = refresh(client, signed["refresh_token"]).json["refresh_token"]
    reused = refresh(client, signed["refresh_token"])

    assert (reused.status_code, reused.json["code"]) == (401, "REFRESH_TOKEN_INVALID")
    assert refresh(client, newest).json["code"] == "REFRESH_TOKEN_INVALID"


def test_another_session_of_the_person_lives_on(client: FlaskClient, signed: dict[str, Any], wechat: SignIn) -> None:
    """Only the family of the stolen token is ended."""
    other = wechat("demo:zhang").json["refresh_token"]
    for _ in range(2):
        refresh(client, signed["refresh_token"])

    assert refresh(client, other).status_code == 200


def test_refreshes_at_once_are_one_holders(app: Flask, signed: dict[str, Any]) -> None:
    """Of several at the same time none fails for having been sent beside another; one that comes after is a thief's."""
    gate = threading.Barrier(4)

    def send(_: int) -> Any:
        phone = FlaskClient(app, app.response_class)
        gate.wait()
        return contextvars.Context().run(lambda: refresh(phone, signed["refresh_token"]))

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(send, range(4)))

    statuses = [answer.status_code for answer in answers]
    assert 200 in statuses
    assert set(statuses) <= {200, 401}
    assert refresh(app.test_client(), signed["refresh_token"]).status_code == 401
    given = [answer.json["refresh_token"] for answer in answers if answer.status_code == 200]
    assert {refresh(app.test_client(), token).status_code for token in given} == {401}


def test_a_request_that_was_on_its_way_goes_on(client: FlaskClient, signed: dict[str, Any]) -> None:
    """What was asked while the token was good is the holder's own second request; what was asked later ends the session."""
    before = clock.wall()
    token = signed["refresh_token"]
    in_unit_of_work(lambda: service.refresh(refresh_token=token, asked_at=before))
    beside = in_unit_of_work(lambda: service.refresh(refresh_token=token, asked_at=before))
    assert refresh(client, beside.refresh_token).status_code == 200

    assert refresh(client, token).status_code == 401
    assert in_unit_of_work(lambda: queries.actor_in(beside.person.id, beside.session_id), write=False) is None


def test_a_token_is_no_good_after_signing_out(client: FlaskClient, signed: dict[str, Any]) -> None:
    """Neither for what needs a role nor for one's own things, and at once."""
    headers = {"Authorization": f"Bearer {signed['access_token']}"}
    assert client.get("/api/v1/me/account", headers=headers).status_code == 200
    client.post("/api/v1/auth/logout", headers=headers)
    answers = [client.get(f"/api/v1/{path}", headers=headers) for path in ("me", "me/account")]

    assert [problem(answer) for answer in answers] == [EXPIRED] * 2


def test_a_session_that_another_process_has_ended_does_nothing_more(
    client: FlaskClient, signed: dict[str, Any]
) -> None:
    """Nothing is read, written, prepared, or answered a second time, whether or not a role is needed."""
    headers = {"Authorization": f"Bearer {signed['access_token']}"}
    once = [headers | {"Idempotency-Key": key} for key in ("before", "after")]
    calls: list[Callable[[], Any]] = [
        lambda: client.get("/api/v1/me", headers=headers),
        lambda: client.get("/api/v1/me/account", headers=headers),
        lambda: client.get("/api/v1/areas", headers=headers),
        lambda: client.put("/api/v1/me/profile", json={"display_name": "周大妈"}, headers=headers),
        lambda: client.post(SUBSCRIPTIONS, json=CHOICE, headers=once[0]),
        lambda: client.post("/api/v1/files", data=a_picture(), content_type="image/jpeg", headers=headers),
    ]
    assert {call().status_code for call in calls} <= {200, 201}
    in_unit_of_work(lambda: sessions.end_all(person_id=UUID(signed["person"]["id"])))

    calls.append(lambda: client.post(SUBSCRIPTIONS, json=CHOICE, headers=once[1]))
    assert [problem(call()) for call in calls] == [EXPIRED] * 7
    assert client.post("/api/v1/auth/logout", headers=headers).status_code == 204


def test_sessions_whose_end_is_not_kept_go_on(
    client: FlaskClient, signed: dict[str, Any], wechat: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ending the others was refused at the last moment: they stand in the database, and so they do here."""
    other = wechat("demo:zhang").json
    here, there = ({"Authorization": f"Bearer {one['access_token']}"} for one in (signed, other))

    def lost() -> None:
        raise Busy

    with monkeypatch.context() as patched:
        patched.setattr(database, "_commit", lost)
        answer = client.post("/api/v1/me/sessions/end-others", headers=here)
    assert problem(answer) == (503, "BUSY")
    assert client.get("/api/v1/me/account", headers=there).status_code == 200


def in_and_frozen_before_its_turn(app: Flask, person_id: UUID, send: Callable[[FlaskClient], Any]) -> Any:
    """Send a request, freeze its caller when it has been let in and before it begins to write; return the answer."""
    answers: list[Any] = []
    is_in, ended = threading.Event(), threading.Event()
    in_turn = blueprint.in_unit_of_work

    def waiting(work: Any, **how: Any) -> Any:
        is_in.set()
        assert ended.wait(10)
        return in_turn(work, **how)

    def come() -> None:
        phone = FlaskClient(app, app.response_class)
        answers.append(contextvars.Context().run(lambda: send(phone)))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blueprint, "in_unit_of_work", waiting)
        coming = threading.Thread(target=come)
        coming.start()
        assert is_in.wait(10)
        in_unit_of_work(lambda: states.change(person_id=person_id, to=PersonState.FROZEN, by=NIL, reason="离职"))
        ended.set()
        coming.join()
    return answers.pop()


def test_a_session_that_is_ended_while_its_request_waits_does_nothing(app: Flask, signed: dict[str, Any]) -> None:
    """Let in with a good token, and frozen before its turn to write has come: refused, and nothing has happened."""
    headers = {"Authorization": f"Bearer {signed['access_token']}"}
    me = UUID(signed["person"]["id"])
    writes: list[Callable[[FlaskClient], Any]] = [
        lambda phone: phone.post(SUBSCRIPTIONS, json=CHOICE, headers=headers | {"Idempotency-Key": "mid"}),
        lambda phone: phone.put("/api/v1/me/profile", json={"display_name": "周大妈"}, headers=headers),
    ]
    for write in writes:
        assert problem(in_and_frozen_before_its_turn(app, me, write)) == EXPIRED
    assert session.scalars(select(Subscription)).all() == []
    assert session.get_one(Person, me, populate_existing=True).display_name != "周大妈"


def test_staff_who_are_disabled_while_their_request_waits_do_nothing(app: Flask) -> None:
    """The role was theirs when they were let in; what they wanted to add is not there, with a key or without."""
    an_admin()
    area = {"name": "斜桥镇", "code": "0001"}
    leaving = {"organisation_id": str(an_organisation().id), "reason": "本人当面提出", "balance": "expire"}
    writes = {"areas": area, f"people/{a_person().id}/erasure": leaving}
    for number, (place, body) in enumerate(writes.items()):
        boss = a_staff_account(f"boss{number}", Grant(Role.ADMIN, area_path=""))
        opened = in_unit_of_work(partial(service.sign_in, person_id=boss.id))
        token = tokens.issue(person_id=boss.id, session_id=opened.session_id)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "mid"}
        add = partial(FlaskClient.post, path=f"/api/v1/{place}", json=body, headers=headers)
        assert problem(in_and_frozen_before_its_turn(app, boss.id, add)) == EXPIRED, place
    assert session.scalars(select(Area).where(Area.name == area["name"])).all() == []
    assert session.scalars(select(ErasureRequest)).all() == []


def test_staff_who_are_disabled_before_their_key_is_claimed_are_told(app: Flask) -> None:
    """A write with a role that is done once for its key: no key of theirs is under way, their session has ended."""
    clerk = a_staff_account("clerk", Grant(Role.COORDINATOR, area_path=""))
    opened = in_unit_of_work(lambda: service.sign_in(person_id=clerk.id))
    token = tokens.issue(person_id=clerk.id, session_id=opened.session_id)
    ids = {name: str(new_id()) for name in ("old_id", "person_id", "organisation_id")}

    def ask(phone: FlaskClient) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "mid"}
        return phone.post("/api/v1/merges", json={**ids, "reason": "同一人"}, headers=headers)

    assert problem(in_and_frozen_before_its_turn(app, clerk.id, ask)) == EXPIRED


def test_a_refresh_token_lasts_thirty_days(client: FlaskClient, signed: dict[str, Any]) -> None:
    """After that one signs in again."""
    start = clock.wall()
    with time_machine.travel(start + timedelta(days=30, seconds=5), tick=False):
        assert refresh(client, signed["refresh_token"]).status_code == 401
    with time_machine.travel(start + timedelta(days=29), tick=False):
        assert refresh(client, signed["refresh_token"]).status_code == 200


@pytest.mark.parametrize("token", ["x", "ü" * 100, "0" * 43])
def test_an_unknown_token_refreshes_nothing(client: FlaskClient, token: str) -> None:
    """Not ours, no session."""
    assert refresh(client, token).json["code"] == "REFRESH_TOKEN_INVALID"


@pytest.mark.parametrize("token", ["", "x" * 201, "\ud800", None, 5, []])
def test_what_cannot_be_a_token_is_refused_as_a_value(client: FlaskClient, token: Any) -> None:
    """Wrong types and lengths are 422."""
    assert refresh(client, token).status_code == 422


def test_signing_out_ends_the_session(client: FlaskClient, signed: dict[str, Any]) -> None:
    """The refresh token is no good any more; a second sign-out changes nothing."""
    headers = {"Authorization": f"Bearer {signed['access_token']}"}
    answers = [client.post("/api/v1/auth/logout", headers=headers) for _ in range(2)]

    assert [(answer.status_code, answer.data) for answer in answers] == [(204, b"")] * 2
    assert refresh(client, signed["refresh_token"]).status_code == 401


def test_a_frozen_person_cannot_refresh(client: FlaskClient, signed: dict[str, Any]) -> None:
    """Freezing ends what an earlier sign-in has opened."""
    freeze(signed["person"]["id"])

    assert refresh(client, signed["refresh_token"]).json["code"] == "PERSON_NOT_ACTIVE"


def test_no_token_is_stored_as_it_is(client: FlaskClient, signed: dict[str, Any]) -> None:
    """The table holds hashes: whoever reads it can sign in as nobody."""
    kept = session.scalars(select(RefreshToken)).one()

    assert len(kept.token_hash) == 32
    assert signed["refresh_token"].encode() not in kept.token_hash
