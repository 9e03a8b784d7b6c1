"""One person, two accounts: a card volunteer who gets a phone, and a merger while something waits at the counter."""

from uuid import UUID

from flask.testing import FlaskClient

from tests.factories.attendance import minutes_past_nine, the_book
from tests.factories.identity import a_person, signed_in
from tests.factories.mergers import a_guest
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, some_goods
from tests.stories.phones import Phone, Team, the_books_agree
from timebank.codes.layouts import Card
from timebank.database import in_unit_of_work
from timebank.identity import consents
from timebank.identity.models import Person
from timebank.identity.rules import Purpose, Via

NUMBER = "138 0000 0071"


def agrees(person: Person) -> None:
    """Let somebody have signed a form."""
    in_unit_of_work(
        lambda: consents.keep(
            person_id=person.id,
            purpose=Purpose.SERVICE_RECORD,
            version="2026-01",
            given=True,
            via=Via.SELF,
            by=person.id,
        )
    )


def serves_by_card(phone: Phone, team: Team, person: Person) -> None:
    """Serve from nine to eleven, scanned by the leader from a printed card."""
    phone.send(team.coordinator, f"/people/{person.id}/card")
    token = card_of(person)
    with minutes_past_nine(0):
        phone.send(team.leader, "/check-ins", token=token, shift_id=str(team.shift.id))
    with minutes_past_nine(120):
        phone.send(team.leader, "/check-outs", token=token, shift_id=str(team.shift.id))


def card_of(person: Person) -> str:
    """Return the code on somebody's first card."""
    return the_book().issue(Card(person.member_ref, 1))


def test_a_card_volunteer_of_71_gets_a_phone_and_binds(client: FlaskClient, phone: Phone, team: Team) -> None:
    """Her minutes of two years are there when she opens the mini-program, and the card in her purse goes on to work."""
    granny = a_person("陈阿婆")
    agrees(granny)
    serves_by_card(phone, team, granny)
    staff = {"organisation_id": str(team.organisation.id)}
    answer = client.put(
        f"/api/v1/people/{granny.id}/phone",
        json=staff | {"phone": NUMBER},
        headers=signed_in(team.coordinator),
    )
    assert (answer.status_code, answer.json["last_four"]) == (200, "0071")

    first = client.post("/api/v1/auth/wechat", json={"code": "demo:apo"}).json["person"]
    assert first["id"] != str(granny.id)
    guest = UUID(first["id"])
    told = phone.send(guest, "/me/phone", code="once:13800000071:1")
    assert (told["state"], told["match"]["display_name"]) == ("found", "陈**")
    bound = phone.send(guest, "/me/binding")
    assert (bound["person_id"], bound["sign_in_again"]) == (str(granny.id), True)
    assert phone.send(guest, "/me/binding")["person_id"] == str(granny.id), "the second click changes nothing"

    again = client.post("/api/v1/auth/wechat", json={"code": "demo:apo"}).json
    assert again["person"]["id"] == str(granny.id)
    assert phone.look(granny, "/me/account")["service_minutes"] == 120
    with minutes_past_nine(300):
        counted = client.get("/api/v1/statistics/hours", headers=signed_in(team.coordinator)).json["items"]
    assert [(one["people"], one["service_minutes"]) for one in counted] == [(1, 120)]
    the_books_agree(phone, granny)


def test_a_merger_with_an_open_redemption(client: FlaskClient, phone: Phone, team: Team) -> None:
    """It waits until the goods are fetched; then minutes, honour, card and receipts are one person's."""
    aunt, twice = a_person("王秀英"), a_guest("xiuying")
    agrees(aunt)
    serves_by_card(phone, team, aunt)
    shop = a_shop(organisation_id=team.organisation.id)
    with minutes_past_nine(0):
        rice = some_goods("大米", price_minutes=60)
        a_lot(rice.id, shop.id, 5)
    ask = {
        "old_id": str(aunt.id),
        "person_id": str(twice.id),
        "organisation_id": str(team.organisation.id),
        "reason": "同一身份证，两次登记",
    }
    with minutes_past_nine(180):
        line = [{"goods_id": str(rice.id), "quantity": 1}]
        held = phone.send(aunt, "/redemptions", site_id=str(shop.id), lines=line)
        assert phone.refused(team.coordinator, "/merges", **ask) == (409, "OPEN_HOLDS")
        phone.send(a_clerk(shop), f"/redemptions/{held['id']}/hand-over")
        asked = phone.send(team.coordinator, "/merges", **ask)
        assert (asked["old"]["balance_minutes"], asked["old"]["service_minutes"]) == (60, 120)
        assert phone.refused(team.coordinator, f"/merges/{asked['id']}/approve") == (403, "MERGE_SECOND_PERSON")
        done = phone.send(team.colleague, f"/merges/{asked['id']}/approve")
        assert (done["state"], done["old"]["state"], done["person"]["service_minutes"]) == ("approved", "closed", 120)

        account = phone.look(twice, "/me/account")
        assert (account["balance_minutes"], account["service_minutes"]) == (60, 120)
        [mine] = phone.look(twice, "/me/redemptions")["items"]
        assert mine["id"] == held["id"]
        phone.send(
            a_clerk(shop),
            f"/redemptions/{held['id']}/refunds",
            reason="米袋破损",
            lines=[{"goods_id": str(rice.id), "quantity": 1}],
        )
        assert phone.balance(twice) == 120
    the_books_agree(phone, twice)
