"""What the API says about receipts, lock-outs and daily closings, put together for the schemas."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from timebank import clock
from timebank.database import session
from timebank.identity.rules import masked_name
from timebank.shop import queries
from timebank.shop.counter import closing_slips
from timebank.shop.counter.closing_slips import Shown
from timebank.shop.counter.closings import Pending
from timebank.shop.counter.models import Closing
from timebank.shop.counter.receipt_reading import Read, came_back
from timebank.shop.models import Goods, Receipt
from timebank.shop.redemption.receipts import Names, Reprint, printed
from timebank.shop.rules import receipt_number


def receipt(issued: Receipt, names: Names) -> dict[str, Any]:
    """Return a receipt with the text that is printed when it is issued."""
    return {
        "id": issued.id,
        "receipt_no": receipt_number(issued.issued_on, issued.number),
        "site_id": issued.site_id,
        "redemption_id": issued.redemption_id,
        "lines": [line | {"minutes": line["quantity"] * line["price_minutes"]} for line in issued.lines],
        "charged_minutes": issued.charged_minutes,
        "minutes_before": issued.minutes_before,
        "minutes_after": issued.minutes_after,
        "head": issued.head,
        "clerk": names.clerk,
        "member": names.member,
        "issued_at": issued.issued_at,
        "text": printed(issued, names),
    }


def reprinted(read: Read) -> dict[str, Any]:
    """Return a receipt that is printed once more, with what came back of it since."""
    return reprints([read])[0]


def reprints(found: Sequence[Read]) -> list[dict[str, Any]]:
    """Return several receipts that are printed once more; names and refunds in one statement each."""
    people = queries.names({who for read in found for who in (read.receipt.clerk_id, read.person_id)}) if found else {}
    back = came_back([read.receipt.redemption_id for read in found]) if found else {}
    now = clock.now()
    answers = []
    for read in found:
        issued = read.receipt
        names = Names(
            read.shop.name, people[issued.clerk_id], masked_name(people[read.person_id]), to_proxy=read.to_proxy
        )
        refunded = back.get(issued.redemption_id)
        again = Reprint(at=now, refunded_minutes=refunded or 0, came_back=refunded is not None)
        answers.append(
            receipt(issued, names)
            | {"text": printed(issued, names, again), "refunded_minutes": refunded, "reprinted_at": now}
        )
    return answers


def pending(found: Pending) -> dict[str, Any]:
    """Return what the next closing would cover, and the fingerprint to send along with it."""
    return _figures(found.figures, _goods([found.figures]), _people([found.figures])) | {
        "site_id": found.shop.id,
        "first_closing": found.is_first,
        "figures_sha256": found.fingerprint,
    }


def shown(found: Sequence[Closing], shop: str) -> list[Shown]:
    """Return closings of one shop with the names to show them with, in one statement for goods and one for people."""
    contents = [json.loads(one.content) for one in found]
    said = [content["figures"] for content in contents]
    goods = _goods(said, [beside["goods_id"] for content in contents for beside in content["counted"]])
    people = _people(said, [one.clerk_id for one in found])
    return [Shown(one, content, shop, goods, people) for one, content in zip(found, contents, strict=True)]


def closing(one: Shown) -> dict[str, Any]:
    """Return a closing: its figures, what was counted by hand, who signed it, and the text for the printer."""
    signed, content = one.closing, one.content
    return _figures(content["figures"], one.goods, one.people) | {
        "id": signed.id,
        "site_id": signed.site_id,
        "number": signed.number,
        "closed_on": signed.closed_on,
        "closed_at": signed.closed_at,
        "clerk": one.people[str(signed.clerk_id)],
        "counted": [
            beside | {"name": one.goods[beside["goods_id"]][0] if beside["goods_id"] else None}
            for beside in content["counted"]
        ],
        "note": content["note"],
        "previous": content["previous"],
        "sha256": signed.sha256,
        "content": signed.content,
        "text": closing_slips.text(one),
    }


def _figures(
    said: Mapping[str, Any], goods: Mapping[str, tuple[str, str]], people: Mapping[str, str]
) -> dict[str, Any]:
    first, last = (said["ranges"][0], said["ranges"][-1]) if said["ranges"] else (None, None)
    return {
        **{name: said[name] for name in _SUMS},
        "first_receipt": _number(first, "first"),
        "last_receipt": _number(last, "last"),
        "ranges": said["ranges"],
        "goods": [
            one | {"name": goods[one["goods_id"]][0], "unit": goods[one["goods_id"]][1]} for one in said["goods"]
        ],
        "clerks": [one | {"clerk": people[one["clerk_id"]]} for one in said["clerks"]],
    }


_SUMS = ("receipts", "charged_minutes", "refunds", "refunded_minutes", "undos", "undone_minutes", "net_minutes")


def _number(one: Mapping[str, Any] | None, end: str) -> str | None:
    return f"{one['day'].replace('-', '')}-{one[end]:04d}" if one else None


def _goods(said: Sequence[Mapping[str, Any]], also: Sequence[str | None] = ()) -> dict[str, tuple[str, str]]:
    wanted = {UUID(one["goods_id"]) for figures in said for one in figures["goods"]}
    wanted |= {UUID(goods_id) for goods_id in also if goods_id}
    if not wanted:
        return {}
    found = session.execute(select(Goods.id, Goods.name, Goods.unit).where(Goods.id.in_(wanted)))
    return {str(row.id): (row.name, row.unit) for row in found}


def _people(said: Sequence[Mapping[str, Any]], also: Sequence[UUID] = ()) -> dict[str, str]:
    wanted = {UUID(one["clerk_id"]) for figures in said for one in figures["clerks"]} | set(also)
    names = queries.names(wanted) if wanted else {}
    return {str(person_id): name for person_id, name in names.items()}
