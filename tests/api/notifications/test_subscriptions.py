"""What people accept from WeChat is counted, topic by topic."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.factories.identity import a_person, signed_in
from tests.factories.notifications import TEMPLATES, remaining_of
from timebank.database import in_unit_of_work, new_id, session
from timebank.notifications.models import Subscription
from timebank.notifications.rules import MAX_REMAINING, Topic


def accept(client: FlaskClient, person_id: UUID, key: str | None = None, **topics: object) -> tuple[int, object]:
    """Send what was chosen; return status, and the counts or the code."""
    headers = signed_in(person_id) | {"Idempotency-Key": key or str(new_id())}
    answer = client.post("/api/v1/me/subscriptions", json={"topics": topics}, headers=headers)
    body = answer.json
    if answer.status_code != 200:
        return answer.status_code, body["code"]
    return 200, {item["topic"]: item["remaining"] for item in body["items"] if item["remaining"]}


def test_each_acceptance_counts_one_message(client: FlaskClient) -> None:
    """Accepting adds one; rejecting takes nothing back, since WeChat keeps what was accepted before."""
    person = a_person()

    assert accept(client, person.id, arrival="accept", record_final="accept") == (
        200,
        {"arrival": 1, "record_final": 1},
    )
    assert accept(client, person.id, arrival="accept", record_final="reject", gift_offered="ban") == (
        200,
        {"arrival": 2, "record_final": 1},
    )
    assert remaining_of(a_person().id, Topic.ARRIVAL) == 0


def test_a_repeated_request_counts_once(client: FlaskClient) -> None:
    """The same key is the same acceptance."""
    person = a_person()
    answers = [accept(client, person.id, "one-tap", arrival="accept") for _ in range(2)]
    assert answers == [(200, {"arrival": 1})] * 2
    assert remaining_of(person.id, Topic.ARRIVAL) == 1


def test_the_count_has_an_end(client: FlaskClient) -> None:
    """Nobody counts without bound: at the most, one more acceptance changes nothing."""
    person = a_person()
    accept(client, person.id, arrival="accept")
    in_unit_of_work(lambda: session.execute(update(Subscription).values(remaining=MAX_REMAINING)))

    assert accept(client, person.id, arrival="accept") == (200, {"arrival": MAX_REMAINING})


def test_every_topic_is_listed_with_its_template(client: FlaskClient) -> None:
    """The mini-program learns which template to ask for; without any set up there is none."""
    items = client.get("/api/v1/me/subscriptions", headers=signed_in(a_person())).json["items"]
    assert {item["topic"] for item in items} == set(Topic)
    assert {(item["template_id"], item["remaining"]) for item in items} == {(None, 0)}


def test_topics_of_one_template_are_one_count(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """One acceptance that is reported for both is one message, and both say so."""
    shared = TEMPLATES | {Topic.RECORD_CORRECTED: TEMPLATES[Topic.RECORD_FINAL]}
    monkeypatch.setitem(client.application.extensions, "timebank-templates", shared)
    person = a_person()
    once = {"record_final": 1, "record_corrected": 1}
    assert accept(client, person.id, record_final="accept", record_corrected="accept") == (200, once)
    twice = {"record_final": 2, "record_corrected": 2, "arrival": 1}
    assert accept(client, person.id, record_corrected="accept", arrival="accept") == (200, twice)


@pytest.mark.parametrize(
    "topics", [{}, {"weather": "accept"}, {"arrival": "yes"}, {"arrival": True}, {"arrival": None}]
)
def test_a_choice_that_is_none_is_refused(client: FlaskClient, topics: dict[str, object]) -> None:
    """Unknown topics and words are 422, and count nothing."""
    person = a_person()
    assert accept(client, person.id, **topics) == (422, "INVALID")
    assert remaining_of(person.id, Topic.ARRIVAL) == 0
