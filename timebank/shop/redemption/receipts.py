"""Receipts: numbered without gaps per shop and day, and laid out for a printer of 58 mm (32 columns)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, bindparam, insert, select

from timebank import clock
from timebank.database import is_sqlite, new_id, session
from timebank.direct import Direct, as_read
from timebank.ledger.rules import AccountState
from timebank.shop import numbers
from timebank.shop.models import Receipt, Redemption
from timebank.shop.redemption.slips import RULE, centred, pair, wrapped
from timebank.shop.rules import HEAD_DIGITS, PricedLine, Series, receipt_number
from timebank.together import Together


@dataclass(frozen=True, slots=True)
class Names:
    """What a receipt shows of people and places, looked up when it is shown; the member's name is masked already.

    ``to_proxy``: somebody else took the goods and the paper away, whom the member's balance does not concern.
    """

    shop: str
    clerk: str
    member: str
    to_proxy: bool = False


_OTHERS = [column for column in Receipt.__table__.columns if column.key != "number"]
_COLUMNS = [column.key for column in _OTHERS]
_NEW = {column.key: bindparam(f"new_{column.key}", type_=column.type) for column in _OTHERS}
_COUNTED = numbers.counted(site_id=_NEW["site_id"], day=_NEW["issued_on"], series=bindparam("series", type_=String()))
_INSERT = Direct(insert(Receipt))
_COUNT_AND_INSERT = Direct(
    insert(Receipt)
    .from_select([*_COLUMNS, "number"], select(*_NEW.values(), _COUNTED.c.last))
    .returning(Receipt.number)
)
"""What PostgreSQL does in one statement: the receipt takes the number that its first part has counted."""


def issue(
    *,
    redemption: Redemption,
    lines: Sequence[PricedLine],
    charged_minutes: int,
    account: AccountState,
    clerk_id: UUID,
    now: datetime,
    writes: Together | None = None,
) -> Receipt:
    """Number and keep the receipt of what was handed over; ``account`` is the member's after it.

    ``writes`` is what else is written, and goes with it: who waits for the next number of this shop, or for a lot, waits
    for one round trip and the commit.
    """
    values = {
        "id": new_id(),
        "site_id": redemption.site_id,
        "issued_on": clock.day_of(now),
        "redemption_id": redemption.id,
        "lines": [_kept(line) for line in lines],
        "charged_minutes": charged_minutes,
        "minutes_before": account.balance_minutes + charged_minutes,
        "minutes_after": account.balance_minutes,
        "head": account.head.hex()[-HEAD_DIGITS:],
        "clerk_id": clerk_id,
        "issued_at": now,
    }
    number = _keep(values, writes or Together(session.connection()))
    return as_read(Receipt, values | {"number": number})


def _keep(values: Mapping[str, Any], writes: Together) -> int:
    """Count, insert the receipt with the number that was counted, and return the number."""
    if is_sqlite():
        number = numbers.following(site_id=values["site_id"], day=values["issued_on"], series=Series.RECEIPT)
        writes.add(_INSERT, {**values, "number": number})
        writes.send()
        return number
    new = {f"new_{name}": value for name, value in values.items()}
    writes.add(_COUNT_AND_INSERT, new | {"series": Series.RECEIPT.value})
    return numbers.number_of(writes.send())


def _kept(line: PricedLine) -> dict[str, Any]:
    return {
        "goods_id": str(line.goods_id),
        "name": line.name,
        "unit": line.unit,
        "quantity": line.quantity,
        "price_minutes": line.price_minutes,
    }


@dataclass(frozen=True, slots=True)
class Reprint:
    """A receipt that is printed once more: when, and how much of it has come back since."""

    at: datetime
    refunded_minutes: int
    came_back: bool


def printed(receipt: Receipt, names: Names, again: Reprint | None = None) -> str:
    """Return the text of a receipt; no line is wider than 32 columns. Printed once more it says so, and what came back.

    What a proxy is given says what was charged, and not what the member had and has.
    """
    rows = [
        *centred(names.shop),
        *centred("兑换小票（补打）" if again else "兑换小票"),
        RULE,
        *pair("小票号", receipt_number(receipt.issued_on, receipt.number)),
        *pair("时间", f"{receipt.issued_at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"),
        *pair("会员", names.member),
        RULE,
    ]
    for line in receipt.lines:
        rows += wrapped(line["name"])
        rows += pair(
            f"  {line['quantity']}{line['unit']} x {line['price_minutes']}分钟",
            f"{line['quantity'] * line['price_minutes']}",
        )
    rows += [RULE, *pair("合计（分钟）", str(receipt.charged_minutes))]
    if names.to_proxy:
        rows += pair("领取", "代领人")
    else:
        rows += pair("兑换前余额", str(receipt.minutes_before))
        rows += pair("兑换后余额", str(receipt.minutes_after))
    rows += [RULE, *pair("经办", names.clerk), *pair("账本校验", receipt.head)]
    if again:
        rows += [RULE, *pair("补打时间", f"{again.at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}")]
    if again and again.came_back:
        rows += pair("已退回（分钟）", str(again.refunded_minutes))
    return "\n".join(rows) + "\n"
