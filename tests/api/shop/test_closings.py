"""The end of a day at the counter."""

import hashlib
import json
from datetime import date, timedelta
from typing import Any

import pypdfium2
import pytest
from flask.testing import FlaskClient

from tests.factories.calls import body_of, get, post, problem
from tests.factories.identity import a_staff_member, signed_in
from tests.factories.organisations import a_shop, a_site
from tests.factories.shop import a_clerk, a_member, a_stocked_shop, findings, reserved, some_goods
from timebank import clock
from timebank.database import new_id
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role
from timebank.organisations.models import Site
from timebank.shop.counter.closing_slips import MOST_DAYS_LISTED
from timebank.shop.models import Goods
from timebank.shop.redemption.slips import COLUMNS, width


class Shop:
    """A shop with a stock, a member and a clerk, and what they do there."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.site: Site
        self.goods: Goods
        self.site, self.goods = a_stocked_shop(100, price_minutes=10)
        self.member: Person = a_member(10_000)
        self.clerk = a_clerk(self.site)

    def hand_over(self, pieces: int = 1, clerk: Actor | None = None) -> Any:
        """Hand pieces over and return the receipt."""
        held = reserved(self.member.id, self.site.id, (self.goods.id, pieces)).redemption
        done = body_of(post(self.client, f"/redemptions/{held.id}/hand-over", clerk or self.clerk), 200)
        return done["receipt"]

    def close(self, wanted: Any = None, clerk: Actor | None = None, key: str | None = None) -> Any:
        """Close the day."""
        return post(self.client, f"/sites/{self.site.id}/closings", clerk or self.clerk, wanted or {}, key=key)

    def pending(self) -> Any:
        """Return what the next closing would cover."""
        return body_of(get(self.client, f"/sites/{self.site.id}/closings/next", self.clerk), 200)


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A shop that is open."""
    return Shop(client)


def today() -> date:
    """Return the day in Shanghai."""
    return clock.day_of(clock.now())


def test_a_closing_counts_what_happened(shop: Shop) -> None:
    """Receipts from first to last, minutes charged, refunded and undone, pieces by goods, both by clerk; all of it signed."""
    colleague = a_clerk(shop.site)
    first, second, third = shop.hand_over(3), shop.hand_over(2, colleague), shop.hand_over(1)
    back = {"lines": [{"goods_id": str(shop.goods.id), "quantity": 2, "restock": False}], "reason": "过敏"}
    body_of(post(shop.client, f"/redemptions/{first['redemption_id']}/refunds", colleague, back), 201)
    body_of(post(shop.client, f"/redemptions/{third['redemption_id']}/undo", shop.clerk), 201)

    closed = body_of(shop.close(), 201)
    assert (closed["first_receipt"], closed["last_receipt"]) == (first["receipt_no"], third["receipt_no"])
    sums = ("receipts", "charged_minutes", "refunds", "refunded_minutes", "undos", "undone_minutes", "net_minutes")
    assert [closed[name] for name in sums] == [3, 60, 1, 20, 1, 10, 30]
    [pieces] = closed["goods"]
    assert (pieces["name"], pieces["handed_over"], pieces["returned"], pieces["restocked"]) == (
        shop.goods.name,
        6,
        3,
        1,
    )
    by_clerk = {one["clerk_id"]: [one[name] for name in sums[:-1]] for one in closed["clerks"]}
    assert by_clerk == {
        str(shop.clerk.person_id): [2, 40, 0, 0, 1, 10],
        str(colleague.person_id): [1, 20, 1, 20, 0, 0],
    }
    assert hashlib.sha256(closed["content"].encode()).hexdigest() == closed["sha256"]
    said = json.loads(closed["content"])
    assert (said["clerk_id"], said["closed_at"]) == (str(shop.clerk.person_id), closed["closed_at"])
    assert (closed["number"], closed["closed_on"], closed["previous"]) == (1, today().isoformat(), None)
    assert shop.member.display_name not in closed["content"]
    assert second["receipt_no"] not in closed["content"]
    assert findings() == []


def test_what_comes_after_a_closing_belongs_to_the_next(shop: Shop) -> None:
    """A late hand-over and the refund of an earlier day's goods stand in the next day's closing, and nothing stands twice."""
    early = shop.hand_over(2)
    one = body_of(shop.close(), 201)
    late = shop.hand_over(1)
    body_of(post(shop.client, f"/redemptions/{early['redemption_id']}/undo", shop.clerk), 201)
    with clock.at(clock.now() + timedelta(days=1)):
        tomorrow = shop.hand_over(1)
        two = body_of(shop.close(), 201)
    assert two["ranges"] == [
        {"day": today().isoformat(), "first": 2, "last": 2},
        {"day": (today() + timedelta(days=1)).isoformat(), "first": 1, "last": 1},
    ]
    assert (two["first_receipt"], two["last_receipt"]) == (late["receipt_no"], tomorrow["receipt_no"])
    assert (two["receipts"], two["undos"], two["undone_minutes"], two["net_minutes"]) == (2, 1, 20, 0)
    assert (two["number"], two["previous"]) == (2, one["sha256"])
    assert findings() == []


def test_the_first_closing_says_that_it_covers_everything(shop: Shop) -> None:
    """A shop that has never closed is told before it signs; paper names the first day, and of many days not each."""
    began = clock.now()
    for days in range(MOST_DAYS_LISTED + 1):
        with clock.at(began + timedelta(days=days)):
            shop.hand_over()
    assert shop.pending()["first_closing"]
    first_day, last_day = today(), today() + timedelta(days=MOST_DAYS_LISTED)
    with clock.at(began + timedelta(days=MOST_DAYS_LISTED)):
        closed = body_of(shop.close(), 201)
        assert not shop.pending()["first_closing"]
    assert len(closed["ranges"]) == MOST_DAYS_LISTED + 1
    text = closed["text"]
    assert f"{first_day} 起" in text
    assert (f"{first_day:%Y%m%d}-0001" in text, f"{last_day:%Y%m%d}-0001" in text) == (True, True)
    assert f"{first_day + timedelta(days=1):%Y%m%d}-0001" not in text
    assert findings() == []


def test_a_day_is_closed_once(shop: Shop) -> None:
    """The second click with the same key gets the same answer; with another key, and from a colleague, it is refused."""
    shop.hand_over()
    first = body_of(shop.close(key="one"), 201)
    assert body_of(shop.close(key="one"), 201) == first
    assert problem(shop.close()) == (409, "CLOSED_ALREADY")
    assert problem(shop.close(clerk=a_clerk(shop.site))) == (409, "CLOSED_ALREADY")
    shop.hand_over()
    assert problem(shop.close()) == (409, "CLOSED_ALREADY")
    assert shop.pending()["receipts"] == 1


def test_after_midnight_a_closing_may_be_yesterdays(shop: Shop) -> None:
    """Then the new day still has its own; the day before yesterday, tomorrow, and what lies before a closing have none."""
    shop.hand_over()
    for days in (-2, 1):
        wanted = {"day": (today() + timedelta(days=days)).isoformat()}
        assert problem(shop.close(wanted)) == (422, "CLOSING_DAY_INVALID")
    yesterday = {"day": (today() - timedelta(days=1)).isoformat()}
    assert body_of(shop.close(yesterday), 201)["closed_on"] == yesterday["day"]
    assert problem(shop.close(yesterday)) == (409, "CLOSED_ALREADY")
    assert body_of(shop.close(), 201)["number"] == 2
    assert problem(shop.close(yesterday)) == (422, "CLOSING_DAY_INVALID")
    assert findings() == []


def test_a_day_without_visitors_is_closed_too(shop: Shop) -> None:
    """It has no receipts, and its numbers are all zero."""
    closed = body_of(shop.close({"counted": {"slips": 0}}), 201)
    assert (closed["receipts"], closed["first_receipt"], closed["ranges"], closed["goods"]) == (0, None, [], [])
    assert "小票张数" in closed["text"]


def test_what_was_counted_by_hand_stands_beside_the_books(shop: Shop) -> None:
    """A difference asks for a note and is kept with it; what agrees needs none."""
    shop.hand_over(3)
    goods_id = str(shop.goods.id)
    agreed = {"slips": 1, "pieces": [{"goods_id": goods_id, "counted": 3}]}
    differs = agreed | {"slips": 2, "pieces": [{"goods_id": goods_id, "counted": 2}]}
    refused = shop.close({"counted": differs})
    assert problem(refused) == (422, "CLOSING_NOTE_REQUIRED")
    assert [one["difference"] for one in refused.json["context"]["differences"]] == [1, -1]
    closed = body_of(shop.close({"counted": differs, "note": "一张小票打印了两次😀"}), 201)
    assert [(one["what"], one["counted"], one["expected"], one["difference"]) for one in closed["counted"]] == [
        ("slips", 2, 1, 1),
        ("pieces", 2, 3, -1),
    ]
    assert closed["note"] == "一张小票打印了两次😀"
    assert findings() == []
    with clock.at(clock.now() + timedelta(days=1)):
        shop.hand_over(3)
        assert body_of(shop.close({"counted": agreed}), 201)["note"] is None


@pytest.mark.parametrize(
    "wanted",
    [
        {"counted": {"slips": -1}},
        {"counted": {"slips": 1.5}},
        {"counted": {"slips": 10**12}},
        {"counted": {"pieces": [{"goods_id": "00000000-0000-7000-8000-000000000001", "counted": 1}] * 2}},
        {"counted": {"pieces": [{"counted": 1}]}},
        {"counted": []},
        {"day": "yesterday"},
        {"note": "\x00"},
        {"note": ""},
        {"note": "长" * 501},
        {"figures_sha256": "A" * 64},
        {"receipts": 7},
    ],
)
def test_what_is_wrong_with_a_closing_is_named(shop: Shop, wanted: Any) -> None:
    """Impossible counts, a goods twice, days that are none, text that cannot be kept, fields too many: 422."""
    assert problem(shop.close(wanted)) == (422, "INVALID")


def test_goods_that_do_not_exist_cannot_have_been_counted(shop: Shop) -> None:
    """The line is pointed at."""
    refused = shop.close({"counted": {"pieces": [{"goods_id": str(new_id()), "counted": 1}]}})
    assert problem(refused) == (422, "UNKNOWN_GOODS")
    assert refused.json["errors"][0]["pointer"] == "/counted/pieces/0/goods_id"


def test_one_closes_what_one_has_looked_at(shop: Shop) -> None:
    """With the fingerprint of the figures a closing is refused when somebody has handed over since."""
    shop.hand_over()
    looked_at = {"figures_sha256": shop.pending()["figures_sha256"]}
    shop.hand_over()
    assert problem(shop.close(looked_at)) == (409, "CLOSING_CHANGED")
    assert body_of(shop.close({"figures_sha256": shop.pending()["figures_sha256"]}), 201)["receipts"] == 2


def test_a_closing_is_printed_on_58_millimetres_and_on_a4(shop: Shop) -> None:
    """Both say who, when and how much; no line of the slip is wider than 32 columns; the same file each time."""
    shop.hand_over(2)
    closed = body_of(shop.close({"counted": {"slips": 2}, "note": "多打了一张" * 20 + "😀"}), 201)
    slip = get(shop.client, f"/closings/{closed['id']}.txt", shop.clerk)
    assert slip.content_type == "text/plain; charset=utf-8"
    assert slip.text == closed["text"]
    assert max(width(line) for line in slip.text.split("\n")) <= COLUMNS
    for word in ("公益仓日结单", closed["first_receipt"], "净额（分钟）                  20", "差 +1", "签字："):
        assert word in slip.text
    files = [get(shop.client, f"/closings/{closed['id']}.pdf", shop.clerk) for _ in range(2)]
    assert files[0].mimetype == "application/pdf"
    assert files[0].data == files[1].data
    words = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(files[0].data))
    for word in ("公益仓日结单", closed["first_receipt"], closed["sha256"], shop.goods.name):
        assert word in words


def test_a_long_closing_takes_several_pages(shop: Shop) -> None:
    """Forty goods that were counted by hand make more rows than one sheet has."""
    pieces = [{"goods_id": str(some_goods().id), "counted": 0} for _ in range(40)]
    closed = body_of(shop.close({"counted": {"pieces": pieces}}), 201)
    file = get(shop.client, f"/closings/{closed['id']}.pdf", shop.clerk)
    assert len(pypdfium2.PdfDocument(file.data)) > 1


def test_closings_of_another_shop_do_not_exist(shop: Shop) -> None:
    """Auditors read and do not close; members have no counter; a venue has no day to close."""
    closed = body_of(shop.close(), 201)
    auditor = a_staff_member(Role.AUDITOR, organisation_id=shop.site.organisation_id)
    assert problem(shop.close(clerk=auditor)) == (403, "FORBIDDEN")
    stranger = a_clerk(a_shop())
    paths = [f"/closings/{closed['id']}{end}" for end in ("", ".txt", ".pdf")] + [f"/sites/{shop.site.id}/closings"]
    for path in paths:
        assert get(shop.client, path, auditor).status_code == 200
        assert problem(get(shop.client, path, stranger)) == (404, "NOT_FOUND")
        assert problem(get(shop.client, path, shop.member)) == (403, "FORBIDDEN")
    assert problem(get(shop.client, f"/closings/{new_id()}", shop.clerk)) == (404, "NOT_FOUND")
    assert problem(shop.close(clerk=stranger)) == (404, "NOT_FOUND")
    venue = a_site(organisation_id=shop.site.organisation_id)
    assert problem(post(shop.client, f"/sites/{venue.id}/closings", shop.clerk)) == (409, "NOT_A_SHOP")


def test_closings_are_listed_newest_first(shop: Shop) -> None:
    """In pages, each with its figures."""
    now = clock.now()
    for days in range(3):
        with clock.at(now + timedelta(days=days)):
            shop.hand_over()
            body_of(shop.close(), 201)
    one = body_of(get(shop.client, f"/sites/{shop.site.id}/closings?limit=2", shop.clerk), 200)
    assert [item["number"] for item in one["items"]] == [3, 2]
    assert [item["receipts"] for item in one["items"]] == [1, 1]
    two = body_of(shop.client.get(one["next"], headers=signed_in(shop.clerk)), 200)
    assert ([item["number"] for item in two["items"]], two["next"]) == ([1], None)
