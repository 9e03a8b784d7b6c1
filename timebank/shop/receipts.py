"""Receipts: numbered without gaps per shop and day, and laid out for a printer of 58 mm (32 columns)."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from timebank import clock
from timebank.database import new_id, session
from timebank.direct import Direct, Sent, at_once
from timebank.ledger.rules import AccountState
from timebank.shop import numbers
from timebank.shop.models import Receipt, Redemption
from timebank.shop.rules import HEAD_DIGITS, PricedLine, Series, receipt_number

COLUMNS = 32
_RULE = "-" * COLUMNS


@dataclass(frozen=True, slots=True)
class Names:
    """What a receipt shows of people and places, looked up when it is shown; the member's name is masked already."""

    shop: str
    clerk: str
    member: str


_INSERT = Direct(insert(Receipt).values(number=numbers.LAST))
_COLUMNS = tuple(column.key for column in Receipt.__table__.columns if column.key != "number")


def issue(
    *,
    redemption: Redemption,
    lines: Sequence[PricedLine],
    charged_minutes: int,
    account: AccountState,
    clerk_id: UUID,
    now: datetime,
    beside: Callable[[], None] | None = None,
) -> Receipt:
    """Number and keep the receipt of what was handed over; ``account`` is the member's after it.

    ``beside`` sends what else is written, and goes first in the same round trip: who waits for the next number of this
    shop, or for a lot, waits for one round trip and the commit.
    """
    receipt = Receipt(
        id=new_id(),
        site_id=redemption.site_id,
        issued_on=clock.day_of(now),
        redemption_id=redemption.id,
        lines=[_kept(line) for line in lines],
        charged_minutes=charged_minutes,
        minutes_before=account.balance_minutes + charged_minutes,
        minutes_after=account.balance_minutes,
        head=account.head.hex()[-HEAD_DIGITS:],
        clerk_id=clerk_id,
        issued_at=now,
    )
    with at_once(session.connection()):
        if beside:
            beside()
        counted = _keep(receipt)
    receipt.number = numbers.number_of(counted)
    return receipt


def _keep(receipt: Receipt) -> Sent:
    """Count, and insert the receipt with the number that was counted; return what the number is waited for by."""
    site_id, day = receipt.site_id, receipt.issued_on
    counted = numbers.count(site_id=site_id, day=day, series=Series.RECEIPT)
    series = {"counted_at": site_id, "counted_on": day, "counted_series": Series.RECEIPT.value}
    _INSERT.send(session.connection(), {name: getattr(receipt, name) for name in _COLUMNS} | series)
    return counted


def _kept(line: PricedLine) -> dict[str, Any]:
    return {
        "goods_id": str(line.goods_id),
        "name": line.name,
        "unit": line.unit,
        "quantity": line.quantity,
        "price_minutes": line.price_minutes,
    }


def printed(receipt: Receipt, names: Names) -> str:
    """Return the text of a receipt; no line is wider than 32 columns, where a Chinese character takes two."""
    rows = [
        *_centred(names.shop),
        *_centred("兑换小票"),
        _RULE,
        *_pair("小票号", receipt_number(receipt.issued_on, receipt.number)),
        *_pair("时间", f"{receipt.issued_at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"),
        *_pair("会员", names.member),
        _RULE,
    ]
    for line in receipt.lines:
        rows += _wrapped(line["name"])
        rows += _pair(
            f"  {line['quantity']}{line['unit']} x {line['price_minutes']}分钟",
            f"{line['quantity'] * line['price_minutes']}",
        )
    rows += [
        _RULE,
        *_pair("合计（分钟）", str(receipt.charged_minutes)),
        *_pair("兑换前余额", str(receipt.minutes_before)),
        *_pair("兑换后余额", str(receipt.minutes_after)),
        _RULE,
        *_pair("经办", names.clerk),
        *_pair("账本校验", receipt.head),
    ]
    return "\n".join(rows) + "\n"


def width(text: str) -> int:
    """Return how many columns ``text`` takes on the printer; what may be wide is counted as wide."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Cf", "Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F", "A"} else 1


def _wrapped(text: str) -> Iterator[str]:
    row = ""
    for character in " ".join(text.split()) if not text.startswith(" ") else text:
        if width(row + character) > COLUMNS:
            yield row
            row = ""
        row += character
    if row:
        yield row


def _centred(text: str) -> Iterator[str]:
    for row in _wrapped(text):
        yield " " * ((COLUMNS - width(row)) // 2) + row


def _pair(left: str, right: str) -> Iterator[str]:
    """Yield ``left`` and ``right`` on one row; if they do not fit, the right one on rows of its own."""
    room = COLUMNS - width(left) - width(right)
    if room >= 1:
        yield left + " " * room + right
        return
    yield from _wrapped(left)
    for row in _wrapped(right):
        yield " " * (COLUMNS - width(row)) + row
