"""Receipts looked at and printed once more."""

from datetime import timedelta

from flask.testing import FlaskClient

from tests.factories.calls import body_of, get, headers_of, post, problem
from tests.factories.identity import a_person, a_staff_member
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_member, a_stocked_shop, reserved
from timebank import clock
from timebank.database import new_id
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role
from timebank.organisations.models import Site
from timebank.shop.models import Goods
from timebank.shop.redemption.slips import COLUMNS, width


def handed_over(client: FlaskClient, site: Site, goods: Goods, member: Person, clerk: Actor) -> dict[str, str]:
    """Hand one piece over and return the receipt."""
    held = reserved(member.id, site.id, (goods.id, 1)).redemption
    found: dict[str, str] = body_of(post(client, f"/redemptions/{held.id}/hand-over", clerk), 200)["receipt"]
    return found


def test_a_receipt_printed_once_more_says_so(client: FlaskClient) -> None:
    """The same figures, the mark 补打 and when; as JSON and as text of 32 columns."""
    site, goods = a_stocked_shop()
    member, clerk = a_member(100), a_clerk(site)
    first = handed_over(client, site, goods, member, clerk)
    again = body_of(get(client, f"/receipts/{first['id']}", clerk), 200)
    assert {name: again[name] for name in first if name != "text"} == {
        name: first[name] for name in first if name != "text"
    }
    assert again["refunded_minutes"] is None
    text = get(client, f"/receipts/{first['id']}.txt", clerk)
    assert text.content_type == "text/plain; charset=utf-8"
    assert text.text == again["text"]
    assert "兑换小票（补打）" in text.text
    assert "补打时间" in text.text
    assert "补打" not in first["text"]
    assert "已退回" not in text.text
    assert max(width(line) for line in text.text.split("\n")) <= COLUMNS


def test_a_reprint_says_what_came_back(client: FlaskClient) -> None:
    """After an undo the reprint shows the minutes that are back, so that it proves nothing that is no more."""
    site, goods = a_stocked_shop()
    member, clerk = a_member(100), a_clerk(site)
    receipt = handed_over(client, site, goods, member, clerk)
    body_of(post(client, f"/redemptions/{receipt['redemption_id']}/undo", clerk), 201)
    again = body_of(get(client, f"/receipts/{receipt['id']}", clerk), 200)
    assert again["refunded_minutes"] == 60
    assert "已退回（分钟）                60" in again["text"]


def test_receipts_of_others_do_not_exist(client: FlaskClient) -> None:
    """The member, the shop's staff and its auditors see a receipt; other members, other shops' staff get 404."""
    site, goods = a_stocked_shop()
    member, clerk = a_member(100), a_clerk(site)
    receipt = handed_over(client, site, goods, member, clerk)
    auditor = a_staff_member(Role.AUDITOR, organisation_id=site.organisation_id)
    for who in (member, clerk, auditor):
        assert body_of(get(client, f"/receipts/{receipt['id']}", who), 200)["member"] == "王**"
    for stranger in (a_person(), a_clerk(a_shop())):
        for path in (f"/receipts/{receipt['id']}", f"/receipts/{receipt['id']}.txt", f"/receipts/{new_id()}"):
            assert problem(get(client, path, stranger)) == (404, "NOT_FOUND")
    assert problem(get(client, f"/sites/{site.id}/receipts", a_clerk(a_shop()))) == (404, "NOT_FOUND")
    assert problem(get(client, f"/sites/{site.id}/receipts", member)) == (403, "FORBIDDEN")


def test_the_receipts_of_a_day_come_in_pages(client: FlaskClient) -> None:
    """The newest first, each once; another day has none, and no day is asked for that is none."""
    site, goods = a_stocked_shop(5, price_minutes=0)
    member, clerk = a_member(0), a_clerk(site)
    numbers = [handed_over(client, site, goods, member, clerk)["receipt_no"] for _ in range(3)]
    listed, following = [], f"/api/v1/sites/{site.id}/receipts?limit=2"
    while following:
        page = body_of(client.get(following, headers=headers_of(clerk)), 200)
        listed += [one["receipt_no"] for one in page["items"]]
        following = page["next"]
    assert listed == numbers[::-1]
    yesterday = clock.day_of(clock.now()) - timedelta(days=1)
    assert body_of(get(client, f"/sites/{site.id}/receipts?day={yesterday}", clerk), 200)["items"] == []
    assert problem(get(client, f"/sites/{site.id}/receipts?day=2026-02-30", clerk)) == (422, "INVALID")
