"""The text of a receipt for a printer of 58 mm."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from timebank.database import NIL
from timebank.shop.models import Receipt
from timebank.shop.redemption.receipts import Names, printed
from timebank.shop.redemption.slips import COLUMNS, width

_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=120)


def _receipt(name: str = "蓝月亮洗衣液", quantity: int = 2) -> Receipt:
    return Receipt(
        id=NIL,
        site_id=NIL,
        issued_on=date(2026, 9, 1),
        number=7,
        redemption_id=NIL,
        lines=[{"goods_id": str(NIL), "name": name, "unit": "瓶", "quantity": quantity, "price_minutes": 30}],
        charged_minutes=60,
        minutes_before=200,
        minutes_after=140,
        head="0123abcd",
        clerk_id=NIL,
        issued_at=datetime(2026, 8, 31, 17, 5, tzinfo=UTC),
    )


def test_a_receipt_reads_as_it_is_printed() -> None:
    """Shop, number, Shanghai time, masked member, lines, minutes before and after, clerk and the ledger's head."""
    assert printed(_receipt(), Names("硖石公益仓", "陈静", "张*")) == (
        "           硖石公益仓\n"
        "            兑换小票\n"
        "--------------------------------\n"
        "小票号             20260901-0007\n"
        "时间            2026-09-01 01:05\n"
        "会员                         张*\n"
        "--------------------------------\n"
        "蓝月亮洗衣液\n"
        "  2瓶 x 30分钟                60\n"
        "--------------------------------\n"
        "合计（分钟）                  60\n"
        "兑换前余额                   200\n"
        "兑换后余额                   140\n"
        "--------------------------------\n"
        "经办                        陈静\n"
        "账本校验                0123abcd\n"
    )


@given(_text, _text, _text, st.integers(1, 10**6))
def test_no_line_is_wider_than_the_paper(shop: str, goods: str, clerk: str, quantity: int) -> None:
    """Whatever names are made of, no line takes more than 32 columns."""
    text = printed(_receipt(goods, quantity), Names(shop, clerk, "张*"))
    assert all(width(line) <= COLUMNS for line in text.split("\n"))


def test_what_does_not_fit_goes_on_in_the_next_line() -> None:
    """A long name is broken where the paper ends, and a long figure stands on a line of its own, to the right."""
    text = printed(
        _receipt("特级初榨橄榄油家庭分享装一升两瓶", 10**6),
        Names("海宁市硖石街道三色堇公益仓西山路服务点", "陈" * 20, "张*"),
    )
    lines = text.split("\n")
    assert lines[:2] == ["海宁市硖石街道三色堇公益仓西山路", " " * 13 + "服务点"]
    assert "特级初榨橄榄油家庭分享装一升两瓶" in lines
    assert lines[-5:-2] == ["经办", "陈" * 16, " " * 24 + "陈" * 4]
