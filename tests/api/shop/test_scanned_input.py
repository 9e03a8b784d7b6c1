"""What USB scanners type under a Chinese input method is understood at every door."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.calls import V1, body_of, keyed, post, problem
from tests.factories.identity import a_coordinator, signed_in
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, findings, some_goods
from timebank import clock
from timebank.codes.book import CodeBook

EAN = "6901234567892"
WIDE = "".join(chr(ord(digit) + 0xFEE0) for digit in EAN)


def full_width(text: str) -> str:
    """Return a text as an input method makes it."""
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


@pytest.mark.parametrize("typed", [EAN, WIDE, f"{EAN}\r\n", f"\x02{EAN}\t", "6 901234 567892", "6901234－567892"])
def test_a_barcode_is_read_at_every_door(client: FlaskClient, app: Flask, typed: str) -> None:
    """Goods are added, taken in and sold by the same barcode, however it is delivered; it is kept as thirteen digits."""
    site = a_shop()
    coordinator, clerk, member = a_coordinator(site.organisation_id), a_clerk(site), a_member(100)
    added = {"name": "米", "category": "粮油", "unit": "袋", "price_minutes": 10, "ean13": typed}
    goods = body_of(client.post(f"{V1}/goods", headers=keyed(signed_in(coordinator)), json=added), 201)
    assert goods["ean13"] == EAN
    donated = {"source": "donated", "donor": {"kind": "anonymous"}, "lines": [{"ean13": typed, "quantity": 3}]}
    taken = body_of(post(client, f"/sites/{site.id}/intakes", clerk, donated), 201)
    assert [lot["goods_id"] for lot in taken["lots"]] == [goods["id"]]
    book: CodeBook = app.extensions["timebank-codes"]
    token = book.member(member=member.member_ref, at=clock.now())
    sale = {
        "site_id": str(site.id),
        "member_token": f"\x02{full_width(token.lower())}\r\n",
        "lines": [{"ean13": typed, "quantity": 2}],
    }
    assert body_of(post(client, "/counter/sales", clerk, sale), 201)["receipt"]["minutes_after"] == 80
    assert findings() == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"ean13": "6901234567893"}, (422, "EAN13_INVALID")),
        ({"ean13": "690123456789"}, (422, "EAN13_INVALID")),
        ({"ean13": "69012345\x0067892"}, (422, "EAN13_INVALID")),
        ({"ean13": "٦٩٠١٢٣٤٥٦٧٨٩٢"}, (422, "EAN13_INVALID")),
        ({"ean13": ""}, (422, "EAN13_INVALID")),
        ({"ean13": "4006381333931"}, (422, "UNKNOWN_GOODS")),
        ({"ean13": EAN, "goods_id": "00000000-0000-7000-8000-000000000001"}, (422, "INVALID")),
        ({}, (422, "INVALID")),
        ({"ean13": 6901234567892}, (422, "INVALID")),
        ({"ean13": None}, (422, "INVALID")),
        ({"ean13": " " * 513}, (422, "EAN13_INVALID")),
    ],
)
def test_what_is_no_barcode_is_named(
    client: FlaskClient, app: Flask, line: dict[str, Any], expected: tuple[int, str]
) -> None:
    """A wrong check digit, a digit too few, other digits, unknown goods, both names or none: refused, nothing moves."""
    site, member = a_shop(), a_member()
    a_lot(some_goods(ean13=EAN).id, site.id, 5)
    clerk = a_clerk(site)
    book: CodeBook = app.extensions["timebank-codes"]
    token = book.member(member=member.member_ref, at=clock.now())
    donated = {"source": "donated", "donor": {"kind": "anonymous"}, "lines": [line | {"quantity": 1}]}
    sale = {"site_id": str(site.id), "member_token": token, "lines": [line | {"quantity": 1}]}
    for answer in (
        post(client, f"/sites/{site.id}/intakes", clerk, donated),
        post(client, "/counter/sales", clerk, sale),
    ):
        assert problem(answer) == expected
        assert answer.json is not None
        assert answer.json["errors"][0]["pointer"].startswith("/lines/0")
    assert findings() == []
