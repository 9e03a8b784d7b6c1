"""What a shop tells the public: opening, received, given and closing, to the piece and to the fen."""

import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, reserved, seen, some_goods
from tests.factories.stockkeeping import a_confirmed_stocktake, a_write_off, approved, pieces, posted, received, sent
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.documents import csv_file
from timebank.organisations.models import Site
from timebank.shop.accounts import answers as account_answers
from timebank.shop.accounts import periods
from timebank.shop.accounts import queries as account_queries
from timebank.shop.accounts import settling as accounts
from timebank.shop.accounts.queries import Group
from timebank.shop.accounts.rules import NOTHING, OUT, Amount, Flow
from timebank.shop.accounts.settling import Movements, Statement
from timebank.shop.intake.intakes import Delivered, take_in
from timebank.shop.models import Goods
from timebank.shop.redemption import refunds
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.rules import DonorKind, Source
from timebank.shop.stockkeeping import queries as stockkeeping_queries
from timebank.shop.stockkeeping import transfers


def _shanghai(year: int, month: int, day: int, hour: int = 12) -> datetime:
    return datetime(year, month, day, hour, tzinfo=clock.SHANGHAI).astimezone(UTC)


def _year(site: Site, year: int = 2026) -> list[Statement]:
    return seen(lambda: accounts.statements(site.id, periods.quarters(year), group=Group.CATEGORY))


def _sells(site: Site, what: Goods, quantity: int, *, back: int = 0) -> None:
    clerk, order = a_clerk(site), reserved(a_member(600).id, site.id, (what.id, quantity)).redemption
    in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=order.id))
    if back:
        returned = [refunds.Returned(what.id, back, restock=True)]
        in_unit_of_work(lambda: refunds.refund(actor=clerk, redemption_id=order.id, lines=returned, reason="退货"))


def _bought(site: Site, goods_id: UUID, quantity: int, fen: int | None, *, name: str | None = None) -> UUID:
    clerk = a_clerk(site)
    kind = DonorKind.FIRM if name else DonorKind.ANONYMOUS
    _, lots = in_unit_of_work(
        lambda: take_in(
            actor=clerk,
            site_id=site.id,
            source=Source.PURCHASED,
            donor_kind=kind,
            donor_name=name,
            lines=[Delivered(goods_id, quantity, None, fen)],
        )
    )
    return lots[0].id


@pytest.fixture
def year_at_the_shop(app: Flask) -> Site:
    """Goods of two categories through four quarters of 2026, in every way that they can come and go."""
    with clock.at(_shanghai(2025, 12, 30)):
        site, shop, soap = a_shop("硖石公益仓"), a_shop(), some_goods()
        lot = a_lot(soap.id, site.id, 40, fair_value_fen=500)
    with clock.at(_shanghai(2026, 2, 1)):
        _bought(site, soap.id, 10, 450, name="海宁某粮油公司")
        _sells(site, soap, 3, back=1)
    with clock.at(_shanghai(2026, 5, 20)):
        sent(site, shop, (lot.id, 5))
        received(sent(site, shop, (lot.id, 4)), shop)
        posted(a_confirmed_stocktake(site, (lot.id, 27)), site)
    with clock.at(_shanghai(2026, 8, 3)):
        approved(a_write_off(site, (lot.id, 6)), site)
        other = some_goods()
        in_unit_of_work(lambda: _recategorise(other))
        _bought(site, other.id, 7, None)
        came = sent(shop, site, (a_lot(soap.id, shop.id, 9, fair_value_fen=100).id, 9))
        clerk = a_clerk(site)
        origin = seen(lambda: stockkeeping_queries.sent_lines([came.id]))[0].lot_id
        in_unit_of_work(
            lambda: transfers.receive(actor=clerk, transfer_id=came.id, lines=pieces((origin, 8)), reason="少一件")
        )
    return site


def _recategorise(what: Goods) -> None:
    found = session.get_one(Goods, what.id)
    found.category = "食品"


def _amounts(of: Movements) -> dict[str, tuple[int, int]]:
    return {flow: (of.of(flow).pieces, of.of(flow).value_fen) for flow in Flow if of.of(flow) != NOTHING}


@pytest.mark.rule("R35")
def test_a_year_quarter_by_quarter(year_at_the_shop: Site) -> None:
    """Each quarter opens with what the one before closed with, and says why the rest came or went."""
    one, two, three, four = (statement.total for statement in _year(year_at_the_shop))
    assert (one.opening.pieces, one.opening.value_fen) == (40, 20000)
    assert _amounts(one) == {Flow.RECEIVED: (10, 4500), Flow.HANDED_OUT: (-2, -1000)}
    assert _amounts(two) == {Flow.TRANSFERRED_OUT: (-9, -4500), Flow.COUNT_DIFFERENCE: (-2, -1000)}
    assert _amounts(three) == {
        Flow.RECEIVED: (7, 0),
        Flow.TRANSFERRED_IN: (9, 900),
        Flow.WRITTEN_OFF: (-6, -3000),
        Flow.COUNT_DIFFERENCE: (-1, -100),
    }
    assert _amounts(four) == {}
    assert (one.closing, two.closing, three.closing) == (two.opening, three.opening, four.opening)
    assert (four.closing.pieces, four.closing.value_fen, four.closing.unvalued) == (46, 16800 - 1000, 7)


@pytest.mark.rule("R35")
def test_a_year_is_the_sum_of_its_quarters(year_at_the_shop: Site) -> None:
    """Asked for at once, as one period, or quarter by quarter: the same, in each category and by each source."""
    parts = _year(year_at_the_shop)
    year = accounts.summed(parts)
    whole = periods.Period("2026", parts[0].periods[0].start, parts[-1].periods[0].end)
    (at_once,) = seen(lambda: accounts.statements(year_at_the_shop.id, [whole], group=Group.CATEGORY))
    single = [
        seen(lambda q=quarter: accounts.statements(year_at_the_shop.id, [q], group=Group.CATEGORY))[0]
        for quarter in periods.quarters(2026)
    ]
    assert [one.total for one in single] == [one.total for one in parts]
    assert year.groups == at_once.groups
    assert sorted(year.groups) == ["日用", "食品"]
    assert year.received == at_once.received
    assert [(one.source, one.donor_kind, one.intakes, one.amount.pieces) for one in year.received] == [
        (Source.PURCHASED, DonorKind.ANONYMOUS, 1, 7),
        (Source.PURCHASED, DonorKind.FIRM, 1, 10),
    ]
    assert (year.total.opening, year.total.closing) == (parts[0].total.opening, parts[-1].total.closing)


def test_what_is_on_the_way_is_told_beside_the_accounts(year_at_the_shop: Site) -> None:
    """Five pieces have been sent and are at neither site, from the second quarter on."""
    assert [one.in_transit.pieces for one in _year(year_at_the_shop)] == [0, 5, 5, 5]


def test_a_quarter_ends_at_midnight_in_shanghai(app: Flask) -> None:
    """A move a microsecond before belongs to the old year, one at midnight to the new: nothing is lost or told twice."""
    site, soap = a_shop(), some_goods()
    midnight = _shanghai(2027, 1, 1, 0)
    assert midnight == datetime(2026, 12, 31, 16, tzinfo=UTC)
    with clock.at(midnight - timedelta(microseconds=1)):
        a_lot(soap.id, site.id, 3)
    with clock.at(midnight):
        a_lot(soap.id, site.id, 4)
    old, new = _year(site, 2026)[-1].total, _year(site, 2027)[0].total
    assert (old.of(Flow.RECEIVED).pieces, old.closing.pieces) == (3, 3)
    assert (new.opening.pieces, new.of(Flow.RECEIVED).pieces, new.closing.pieces) == (3, 4, 7)


def test_a_lot_that_was_emptied_before_is_not_looked_at(app: Flask) -> None:
    """What was sold out a quarter ago tells nothing any more, and what came back since then is told."""
    with clock.at(_shanghai(2026, 1, 10)):
        site, soap = a_shop(), some_goods()
        a_lot(soap.id, site.id, 2)
        _sells(site, soap, 2)
    one, two, *_ = _year(site)
    assert (one.total.of(Flow.HANDED_OUT).pieces, one.total.closing.pieces) == (-2, 0)
    assert two.groups == {}


@pytest.mark.rule("R35")
def test_files_and_json_say_the_same(year_at_the_shop: Site) -> None:
    """Every row of the table balances, and its totals are those of the JSON."""
    site = seen(lambda: account_queries.owned_site(year_at_the_shop.id))
    assert site is not None
    parts = _year(year_at_the_shop)
    table = account_answers.table("账目", site, parts, rows_are="类别")
    text = b"".join(csv_file.stream(table)).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    shown = {period["name"]: period["total"] for period in _shown(site, parts)["periods"]}
    totals = {row["期间"]: row for row in rows if row["类别"] == "合计"}
    assert len(rows) == len(totals) + sum(len(part.groups) for part in parts)
    for name, row in totals.items():
        assert int(row["期末结存件数"]) == shown[name]["closing"]["pieces"]
        assert int(row["报损金额（分）"]) == shown[name]["written_off"]["value_fen"]
        assert int(row["接收（采购）件数"]) == shown[name]["received"]["pieces"]
    for row in rows:
        for unit in ("件数", "金额（分）"):
            came = sum(int(row[f"{name}{unit}"]) for name in ("期初结存", "调入", "盘点差异"))
            came += sum(int(row[f"接收（{name}）{unit}"]) for name in ("捐赠", "采购", "商家供货"))
            went = sum(int(row[f"{name}{unit}"]) for name in ("发放", "报损", "调出"))
            assert came - went == int(row[f"期末结存{unit}"])
    assert "海宁某粮油公司" not in text


def _shown(
    site: account_queries.OwnedSite, parts: list[Statement]
) -> dict[str, list[dict[str, dict[str, dict[str, int]]]]]:
    year = accounts.summed(parts)
    found: dict[str, list[dict[str, dict[str, dict[str, int]]]]] = account_answers.accounts(
        site, year, parts, parts[-1].periods[-1], clock.now()
    )
    return found


amounts = st.builds(Amount, st.integers(-50, 50), st.integers(-5000, 5000), st.integers(0, 5))
movements = st.builds(Movements, amounts, st.dictionaries(st.sampled_from(Flow), amounts))


@given(one=movements, two=movements)
def test_movements_add_up(one: Movements, two: Movements) -> None:
    """Beside each other they have both openings, after each other the first one; the closing follows."""
    beside, then = one.beside(two), one.then(two)
    assert beside.closing == one.closing + two.closing
    assert (then.opening, then.closing) == (one.opening, one.closing + two.closing + -two.opening)
    answered = account_answers.movements(one)
    signed = sum(answered[flow]["pieces"] * (-1 if flow in OUT else 1) for flow in Flow)
    assert answered["opening"]["pieces"] + signed == answered["closing"]["pieces"]
