"""What the API says about redemptions, receipts and stock, put together for the schemas."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from timebank import clock
from timebank.codes.book import CodeBook
from timebank.errors import NotFound
from timebank.files import queries as files
from timebank.identity.rules import PersonState, masked_name
from timebank.ledger.rules import AccountState
from timebank.records.account import account_of
from timebank.shop import queries
from timebank.shop.allowance import proxies, quota_payments
from timebank.shop.allowance.quota_rules import PayWith
from timebank.shop.catalogue.barcodes import packs_of
from timebank.shop.catalogue.goods import PICTURED
from timebank.shop.counter import answers as counter_answers
from timebank.shop.counter.lookups import Found
from timebank.shop.intake import donation_queries
from timebank.shop.intake.donation_tables import Donation
from timebank.shop.models import Intake, Lot, Redemption
from timebank.shop.redemption.handovers import HandedOver
from timebank.shop.redemption.hints import AtCounter, hints
from timebank.shop.redemption.receipts import Names
from timebank.shop.redemption.refunds import Refunded
from timebank.shop.rules import (
    Channel,
    DonorKind,
    Level,
    PricedLine,
    RedemptionState,
    RefundKind,
    receipt_number,
    state_at,
)
from timebank.shop.stock import levels

Answer = tuple[dict[str, Any], int, dict[str, str]]

SOON = timedelta(hours=1)
_WARNINGS = {
    "EXPIRES_SOON": "兑换单即将过期。 The redemption expires soon.",
    "PERSON_NOT_ACTIVE": "会员账户已停用。 The member's account is not active.",
    "DEBT": "会员有待抵扣的时间币。 The member owes minutes.",
}


def redemption(
    one: Redemption,
    lines: Sequence[PricedLine],
    *,
    now: datetime,
    book: CodeBook | None = None,
    collected_by: str | None = None,
) -> dict[str, Any]:
    """Return a redemption as everyone sees it at ``now``; with a ``book``, also the codes that its owner shows."""
    by_quota = one.pay_with == PayWith.FREE_QUOTA
    state = state_at(one.state, one.expires_at, now)
    shows_codes = book is not None and state is RedemptionState.HELD
    return {
        "id": one.id,
        "site_id": one.site_id,
        "channel": Channel(one.channel),
        "state": state,
        "lines": [_line(line) for line in lines],
        "total_minutes": one.total_minutes,
        "charged_minutes": one.charged_minutes,
        "pay_with": PayWith(one.pay_with or PayWith.MINUTES),
        "free_quota": quota_payments.paid_for([one.id])[one.id] if by_quota else None,
        "collected_by": collected_by,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "extended_at": one.extended_at,
        "closed_at": one.expires_at if state is RedemptionState.EXPIRED else one.closed_at,
        "pickup_token": book.pickup(redemption=one.ref) if shows_codes and book else None,
        "pickup_code": one.pickup_code if shows_codes else None,
    }


def redemptions(found: Sequence[Redemption], *, now: datetime, book: CodeBook | None = None) -> list[dict[str, Any]]:
    """Return several redemptions, their lines in one statement."""
    lines = queries.lines_of([one.id for one in found]) if found else {}
    gone = [one.id for one in found if one.state == RedemptionState.HANDED_OVER]
    proxy_names = proxies.collected_by(gone) if gone else {}
    return [redemption(one, lines[one.id], now=now, book=book, collected_by=proxy_names.get(one.id)) for one in found]


def with_account(
    one: Redemption, lines: Sequence[PricedLine], state: AccountState | None, *, book: CodeBook | None
) -> dict[str, Any]:
    """Return a redemption and its owner's account beside it."""
    return redemption(one, lines, now=clock.now(), book=book) | {"account": account_of(one.person_id, state)}


def handed_over(done: HandedOver) -> dict[str, Any]:
    """Return what a hand-over or a counter sale answers: the redemption and the receipt."""
    receipt = done.receipt
    people = queries.names([receipt.clerk_id, done.redemption.person_id])
    names = Names(
        shop=done.shop.name,
        clerk=people[receipt.clerk_id],
        member=masked_name(people[done.redemption.person_id]),
        to_proxy=done.proxy is not None,
    )
    proxy_name = proxies.names_of([done.proxy])[done.proxy.id] if done.proxy else None
    return {
        "redemption": redemption(done.redemption, done.lines, now=clock.now(), collected_by=proxy_name),
        "receipt": counter_answers.receipt(receipt, names),
    }


def refund(done: Refunded) -> dict[str, Any]:
    """Return a refund: what came back, what of it is on the shelf again, and the member's balance."""
    made = done.refund
    return {
        "id": made.id,
        "redemption_id": made.redemption_id,
        "kind": RefundKind(made.kind),
        "lines": [
            {
                "goods_id": line.goods_id,
                "name": line.name,
                "unit": line.unit,
                "quantity": line.quantity,
                "restocked": done.restocked.get(line.line_no, 0),
                "minutes": line.quantity * line.price_minutes,
            }
            for line in done.lines
        ],
        "minutes": made.minutes,
        "reason": made.reason,
        "refunded_at": made.refunded_at,
        "balance_minutes": done.account.balance_minutes,
    }


def found(what: Found) -> dict[str, Any]:
    """Return what a code names: a masked name, what is held, the balance, and what the clerk should know."""
    now = clock.now()
    account = account_of(what.person.id)
    one = redemptions([what.redemption], now=now)[0] if what.redemption else None
    collectors, collects_for = proxies.shown_to_counter(what.person.id)
    warned = [
        (what.redemption is not None and what.redemption.expires_at - now < SOON, "EXPIRES_SOON"),
        (what.person.state != PersonState.ACTIVE, "PERSON_NOT_ACTIVE"),
        (account["debt_minutes"] > 0, "DEBT"),
    ]
    return {
        "kind": "redemption" if one else "member",
        "member": {"name": masked_name(what.person.display_name)},
        "redemption": one,
        "held": redemptions(what.held, now=now),
        "account": account,
        "proxies": collectors,
        "collects_for": collects_for,
        "warnings": [{"code": code, "detail": _WARNINGS[code]} for given, code in warned if given],
        "hints": hints(AtCounter(what.person.id, what.site_id, what.held if one else (), now)),
    }


def goods(rows: Iterable[Row[Any]], *, now: datetime, site_id: UUID | None) -> list[dict[str, Any]]:
    """Return goods with how many pieces each shop (or the one asked for) can promise, in few statements for all."""
    items = [row._asdict() for row in rows]
    pieces: dict[UUID, dict[UUID, int]] = {item["id"]: {site_id: 0} if site_id else {} for item in items}
    for at_site, level in levels.stocked(list(pieces), now, site_id=site_id) if pieces else ():
        at = pieces[level.goods_id]
        at[at_site] = at.get(at_site, 0) + (level.available if level.is_open and level.good_at(now) else 0)
    pictures = files.attached(PICTURED, list(pieces)) if pieces else {}
    packs = packs_of(list(pieces)) if pieces else {}
    return [
        item
        | {
            "availability": _availability(pieces[item["id"]]),
            "pictures": pictures[item["id"]],
            "barcodes": [{"code": code, "pieces": each} for code, each in packs[item["id"]]],
        }
        for item in items
    ]


def goods_with_etag(goods_id: UUID, status: int) -> Answer:
    """Return one goods as an answer, its version in the header. Raises NotFound."""
    now = clock.now()
    found = goods(queries.one_goods(goods_id, now), now=now, site_id=None)
    if not found:
        raise NotFound
    return found[0], status, {"ETag": f'"{found[0]["version"]}"'}


def intake(taken: Intake, lots: Sequence[Lot], quantities: Sequence[int]) -> dict[str, Any]:
    """Return an intake with its lots; the donor's name is not repeated."""
    return {
        "id": taken.id,
        "site_id": taken.site_id,
        "receipt_no": receipt_number(taken.received_on, taken.number),
        "received_at": taken.received_at,
        "source": taken.source,
        "donor": {"kind": taken.donor_kind},
        "note": taken.note,
        "lots": [
            {
                "id": lot.id,
                "goods_id": lot.goods_id,
                "quantity": quantity,
                "expires_at": lot.expires_at,
                "fair_value_fen": lot.fair_value_fen,
                "condition": lot.condition,
                "restricted_purpose": lot.restricted_purpose,
            }
            for lot, quantity in zip(lots, quantities, strict=True)
        ],
    }


def stocked_lot(row: Row[Any], level: Level, purpose: str | None) -> dict[str, Any]:
    """Return a lot as staff see it; what due redemptions reserve is not reserved any more."""
    lot = row.Lot
    return {
        "id": lot.id,
        "goods_id": lot.goods_id,
        "name": row.name,
        "unit": row.unit,
        "received_at": lot.received_at,
        "expires_at": lot.expires_at,
        "condition": lot.condition,
        "fair_value_fen": lot.fair_value_fen,
        "on_hand": level.on_hand,
        "reserved": level.reserved - level.due,
        "purpose": purpose,
        "recalled_at": lot.recalled_at,
        "recall_reason": row.reason,
    }


def donations(found: Sequence[Donation], *, with_donors: bool = False) -> list[dict[str, Any]]:
    """Return donations with their lines; for staff also whose they are, masked, and nobody where none is wanted."""
    lines = donation_queries.lines_of([one.id for one in found])
    people = queries.names({one.donor_id for one in found}) if with_donors else {}
    shown = []
    for one in found:
        values = {name: getattr(one, name) for name in _DONATION} | {"lines": lines[one.id]}
        if with_donors:
            named = one.donor_name or people[one.donor_id]
            values["donor"] = "匿名" if one.donor_kind == DonorKind.ANONYMOUS else masked_name(named)
        shown.append(values)
    return shown


_DONATION = (
    "id",
    "site_id",
    "state",
    "donor_kind",
    "note",
    "offered_at",
    "decided_at",
    "decline_reason",
    "intake_id",
)


def _line(line: PricedLine) -> dict[str, Any]:
    return {
        "goods_id": line.goods_id,
        "name": line.name,
        "unit": line.unit,
        "quantity": line.quantity,
        "price_minutes": line.price_minutes,
        "minutes": line.quantity * line.price_minutes,
        "handed_over": line.handed_over,
        "refunded": line.refunded,
    }


def _availability(by_site: Mapping[UUID, int]) -> list[dict[str, Any]]:
    return [{"site_id": site_id, "available": by_site[site_id]} for site_id in sorted(by_site)]
