"""Gifts over HTTP: to whom, in two steps, and what ends them."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.family import a_relation, relatives
from tests.factories.giving import a_giver, an_offer
from tests.factories.identity import a_person, signed_in
from tests.factories.ledger import earned, redeemed, reversed_, state_of
from tests.factories.policies import a_policy
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.giving.rules import OFFER_LIFETIME
from timebank.identity import family
from timebank.identity.models import FamilyRelation, Person
from timebank.identity.rules import Kinship, PersonState, RelationState, new_volunteer_no
from timebank.ledger import proof

pytestmark = pytest.mark.rule("R22")


def keyed(who: Person) -> dict[str, str]:
    """Return the headers of one act of somebody."""
    return signed_in(who) | {"Idempotency-Key": str(new_id())}


def give(client: FlaskClient, who: Person, to: Any, minutes: int = 60, **more: Any) -> Any:
    """Offer minutes to somebody."""
    return client.post("/api/v1/gifts", json={"to": str(to), "minutes": minutes} | more, headers=keyed(who))


def answer(client: FlaskClient, who: Person, gift_id: Any, verb: str = "accept") -> Any:
    """Accept, decline or withdraw a gift."""
    return client.post(f"/api/v1/gifts/{gift_id}/{verb}", headers=keyed(who))


def test_a_gift_is_offered_by_one_and_accepted_by_the_other(client: FlaskClient) -> None:
    """Nothing moves with the offer; with the acceptance it moves at once, and both see it."""
    grandmother, grandson = a_giver(300)
    offered = give(client, grandmother, grandson.volunteer_no, 120, message="买点水果吧")
    assert (state_of(grandmother.id).available_minutes, state_of(grandson.id).balance_minutes) == (300, 0)
    accepted = answer(client, grandson, offered.json["id"])

    assert (offered.status_code, offered.json["direction"], offered.json["state"]) == (201, "given", "offered")
    assert "接受时才转" in offered.json["notice"]
    assert offered.json["other"]["display_name"] == "陈小宇"
    assert (accepted.status_code, accepted.json["gift"]["state"]) == (200, "accepted")
    assert (accepted.json["gift"]["direction"], accepted.json["gift"]["message"]) == ("received", "买点水果吧")
    assert accepted.json["account"]["balance_minutes"] == 120
    assert (state_of(grandmother.id).balance_minutes, state_of(grandson.id).balance_minutes) == (180, 120)
    for who in (grandmother, grandson):
        listed = client.get("/api/v1/gifts", headers=signed_in(who)).json["items"]
        assert [(item["id"], item["state"]) for item in listed] == [(offered.json["id"], "accepted")]
    assert proof.verify().ok


def test_a_gift_may_name_the_relation(client: FlaskClient) -> None:
    """A phone has the relation at hand, and no number to type."""
    grandmother, grandson = a_giver()

    assert give(client, grandmother, relation_of(grandson).id).status_code == 201


@pytest.mark.parametrize("who", ["a stranger", "nobody", "a sibling", "said", "ended", "oneself", "closed"])
def test_only_verified_direct_relatives_are_given_minutes(client: FlaskClient, who: str) -> None:
    """A stranger, a number that nobody has, a sibling, a relation that is not verified: all answered the same."""
    giver, other = a_person(), a_person()
    earned(giver.id, 300)
    match who:
        case "a sibling":
            a_relation(giver.id, other.id, kinship=Kinship.SIBLING)
        case "said":
            a_relation(giver.id, other.id, state=RelationState.CONFIRMED)
        case "ended":
            a_relation(giver.id, other.id, state=RelationState.ENDED)
        case "closed":
            a_relation(giver.id, other.id)
            close(other)
    number = {"nobody": new_volunteer_no(), "oneself": giver.volunteer_no}.get(who, other.volunteer_no)
    refused = give(client, giver, number)

    assert (refused.status_code, refused.json["code"]) == (403, "NOT_RELATIVES")
    assert refused.json["context"] == {}


def close(person: Person) -> None:
    """Close a person's account."""

    def write() -> None:
        session.get_one(Person, person.id).state = PersonState.CLOSED

    in_unit_of_work(write)


def relation_of(person: Person) -> FamilyRelation:
    """Return the one relation of somebody."""
    return in_unit_of_work(lambda: session.scalars(family.relations_of(person.id)).one(), write=False)


def test_a_place_may_allow_no_gifts(client: FlaskClient) -> None:
    """The rules of whoever verified the relation decide, when a gift is offered and when it is accepted."""
    grandmother, grandson = a_giver()
    verified_somewhere = relation_of(grandmother).organisation_id
    gift = an_offer(grandmother.id, grandson)
    a_policy("gift", "none", organisation_id=verified_somewhere)

    for refused in (give(client, grandmother, grandson.volunteer_no), answer(client, grandson, gift.id)):
        assert (refused.status_code, refused.json["code"]) == (403, "GIFTS_OFF")
    a_policy("gift", "verified_relatives", organisation_id=verified_somewhere)
    assert answer(client, grandson, gift.id).status_code == 200


def test_more_than_one_has_is_refused_with_the_numbers(client: FlaskClient) -> None:
    """The giver learns at once what they have; the recipient, later, learns no number of the giver's."""
    grandmother, grandson = a_giver(100)
    refused = give(client, grandmother, grandson.volunteer_no, 101)
    gift = an_offer(grandmother.id, grandson, 100)
    redeemed(grandmother.id, 50)
    short = answer(client, grandson, gift.id)

    assert (refused.status_code, refused.json["code"]) == (409, "INSUFFICIENT_MINUTES")
    assert refused.json["context"] == {"needed_minutes": 101, "available_minutes": 100}
    assert (short.status_code, short.json["code"], short.json["context"]) == (409, "GIFT_NOT_COVERED", {})
    earned(grandmother.id, 50)
    assert answer(client, grandson, gift.id).status_code == 200


def test_an_offer_ends_by_itself(client: FlaskClient) -> None:
    """After fourteen days nobody can accept it, and it shows as expired without anything having run."""
    grandmother, grandson = a_giver()
    gift = an_offer(grandmother.id, grandson)
    with clock.at(gift.offered_at + OFFER_LIFETIME - timedelta(seconds=1)):
        assert client.get("/api/v1/gifts", headers=signed_in(grandson)).json["items"][0]["state"] == "offered"
    with clock.at(gift.offered_at + OFFER_LIFETIME):
        listed = client.get("/api/v1/gifts", headers=signed_in(grandson)).json["items"][0]
        late = [answer(client, grandson, gift.id), answer(client, grandmother, gift.id, "withdraw")]

    assert (listed["state"], listed["closed_at"]) == ("expired", listed["expires_at"])
    assert [(one.status_code, one.json["code"]) for one in late] == [(410, "GIFT_EXPIRED")] * 2


@pytest.mark.parametrize(("verb", "state"), [("decline", "declined"), ("withdraw", "withdrawn")])
def test_an_offer_may_be_declined_or_withdrawn(client: FlaskClient, verb: str, state: str) -> None:
    """By the one whose it is to do; again changes nothing, and it cannot be accepted any more."""
    grandmother, grandson = a_giver()
    gift = an_offer(grandmother.id, grandson)
    whose, others = (grandson, grandmother) if verb == "decline" else (grandmother, grandson)
    not_theirs = answer(client, others, gift.id, verb)
    done, again = answer(client, whose, gift.id, verb), answer(client, whose, gift.id, verb)
    late = answer(client, grandson, gift.id)

    assert (not_theirs.status_code, not_theirs.json["code"]) == (403, "OTHER_PERSON_DECIDES")
    assert (done.status_code, done.json["state"]) == (200, state)
    assert again.json == done.json
    assert (late.status_code, late.json["code"], late.json["context"]) == (409, "GIFT_CLOSED", {"state": state})
    assert state_of(grandmother.id).balance_minutes == 300


def test_an_accepted_gift_is_accepted_once(client: FlaskClient) -> None:
    """Another click is told so, whatever its key; withdrawing and declining come too late."""
    grandmother, grandson = a_giver()
    gift = an_offer(grandmother.id, grandson)
    answer(client, grandson, gift.id)
    late = [
        answer(client, grandson, gift.id),
        answer(client, grandson, gift.id, "decline"),
        answer(client, grandmother, gift.id, "withdraw"),
    ]

    assert [(one.status_code, one.json["code"]) for one in late] == [(409, "ALREADY_ACCEPTED")] * 3
    assert state_of(grandson.id).balance_minutes == 60


def test_the_giver_does_not_accept_and_strangers_find_nothing(client: FlaskClient) -> None:
    """Only the recipient accepts; for anybody else there is no such gift."""
    grandmother, grandson = a_giver()
    gift = an_offer(grandmother.id, grandson)
    own, strange = answer(client, grandmother, gift.id), answer(client, a_person(), gift.id)

    assert (own.status_code, own.json["code"]) == (403, "OTHER_PERSON_DECIDES")
    assert strange.status_code == 404


def test_a_relation_that_ended_meanwhile_ends_the_gift(client: FlaskClient) -> None:
    """What counts is the moment of acceptance."""
    grandmother, grandson = a_giver()
    gift = an_offer(grandmother.id, grandson)
    client.delete(f"/api/v1/me/family/{relation_of(grandson).id}", headers=signed_in(grandmother))
    refused = answer(client, grandson, gift.id)

    assert (refused.status_code, refused.json["code"]) == (403, "NOT_RELATIVES")


def test_a_debtor_gives_nothing(client: FlaskClient) -> None:
    """Minutes that are owed come first."""
    grandmother, grandson = relatives()
    wrong = earned(grandmother.id, 100)
    redeemed(grandmother.id, 80)
    reversed_(wrong.transfer_id)
    refused = give(client, grandmother, grandson.volunteer_no, 1)

    assert (refused.status_code, refused.json["code"]) == (409, "DEBT_OUTSTANDING")


@pytest.mark.rule("R36")
def test_a_message_is_kept_beside_the_ledger(client: FlaskClient) -> None:
    """Emoji are welcome, NUL is not; the ledger holds no word of it."""
    grandmother, grandson = a_giver()

    assert give(client, grandmother, grandson.volunteer_no, message="生日快乐🎂").json["message"] == "生日快乐🎂"
    assert give(client, grandmother, grandson.volunteer_no, message="a\x00b").status_code == 422


@pytest.mark.parametrize("minutes", [0, -5, 1.5, "60", True, 2**60])
def test_minutes_are_whole_and_positive(client: FlaskClient, minutes: Any) -> None:
    """Anything else is 422 before anybody is looked up."""
    assert give(client, a_person(), "4829104756", minutes).status_code == 422


def test_a_closed_account_neither_gives_nor_receives(client: FlaskClient) -> None:
    """A token may outlive an account by some minutes; what it does not do is move minutes."""
    grandmother, grandson = a_giver()
    gift = an_offer(grandmother.id, grandson)
    close(grandmother)
    refused = give(client, grandmother, grandson.volunteer_no)
    accepted = answer(client, grandson, gift.id)

    assert (refused.status_code, refused.json["code"]) == (403, "PERSON_NOT_ACTIVE")
    assert (accepted.status_code, accepted.json["code"]) == (403, "NOT_RELATIVES")


def test_relations_are_kept_in_the_one_table(client: FlaskClient) -> None:
    """A gift names the relation it rests on."""
    grandmother, grandson = a_giver()
    gift = an_offer(grandmother.id, grandson)

    assert gift.relation_id == relation_of(grandson).id
