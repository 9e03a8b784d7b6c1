"""``timebank shop audit``: everything that stock, redemptions and receipts claim, recomputed from the facts.

Each check selects what is wrong; the report names the first row of each kind. It reads and changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from timebank import clock
from timebank.database import session
from timebank.shop.audit import closings as audit_closings
from timebank.shop.audit import intakes, limits, merchants, payments, quotas, refunds, stock, stockkeeping
from timebank.shop.models import Lot, Receipt, Redemption, StockMove

CHECKS: dict[str, Callable[[datetime], Select[*tuple[Any, ...]]]] = {
    "moves": stock.broken_chains,
    "intakes": stock.lots_without_intake,
    "emptied_marks": stock.wrong_emptied_marks,
    "resolutions": stock.mismatched_resolutions,
    "reservations": stock.wrong_reservations,
    "picks": stock.wrong_picks,
    "totals": stock.wrong_totals,
    "payments": payments.unpaid_redemptions,
    "payments_for_nothing": payments.payments_for_nothing,
    "returns": refunds.wrong_returns,
    "refunds": refunds.wrong_refunds,
    "refunds_of_nothing": refunds.refunds_of_nothing,
    "limits": limits.exceeded_by_people,
    "household_limits": limits.exceeded_by_households,
    "limit_marks": limits.limits_without_mark,
    "households": limits.overlapping_memberships,
    "quota_moves": quotas.broken_quota_chains,
    "quota_resolutions": quotas.mismatched_quota_resolutions,
    "quota_payments": quotas.wrong_quota_payments,
    "quota_refunds": quotas.wrong_quota_refunds,
    "transfers": stockkeeping.wrong_transfers,
    "counts": stockkeeping.wrong_counts,
    "stocktakes": stockkeeping.wrong_stocktakes,
    "stocktake_signatures": stockkeeping.unsigned_stocktakes,
    "write_offs": stockkeeping.wrong_write_offs,
    "write_off_signatures": stockkeeping.unsigned_write_offs,
    "causes": stockkeeping.moves_without_cause,
    "receipts": payments.wrong_receipts,
    "receipt_numbers": payments.gaps_in_receipts,
    "intake_numbers": payments.gaps_in_intakes,
    "recalls": intakes.wrong_recall_marks,
    "picked_after_recall": intakes.picked_after_recall,
    "purposes": intakes.wrong_purpose_marks,
    "picked_against_purpose": intakes.picked_against_purpose,
    "donations": intakes.wrong_donations,
    "donated_pieces": intakes.donations_over_accepted,
    "same_day_prices": intakes.food_with_a_price,
    "prices": payments.goods_without_price,
    "suppliers": merchants.wrong_suppliers,
    "confirmations": merchants.own_confirmations,
    "closing_receipts": audit_closings.wrong_ranges,
}
RECOMPUTED: dict[str, Callable[[], Sequence[UUID]]] = {"settlements": merchants.wrong_settlements}
"""What no single select can count again: each returns the ids of what is wrong."""

READING = timedelta(minutes=5)
"""What falls due within it counts as due: while the shop is open, releases are written between the clock and a check."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of fault: how many rows have it, and the first of them."""

    kind: str
    count: int
    first: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what is wrong with it."""

    lots: int
    moves: int
    redemptions: int
    receipts: int
    findings: list[Finding]


def audit() -> Report:
    """Recompute the shop's books as they stand at this moment."""
    soon = clock.now() + READING
    findings = []
    for kind, check in CHECKS.items():
        bad = session.execute(check(soon)).all()
        if bad:
            findings.append(Finding(kind, len(bad), " ".join(map(str, bad[0]))))
    for kind, recompute in RECOMPUTED.items():
        if wrong := recompute():
            findings.append(Finding(kind, len(wrong), str(wrong[0])))
    if closings := audit_closings.wrong_closings():
        findings.append(Finding("closings", len(closings), " ".join(map(str, closings[0]))))
    return Report(_count(Lot), _count(StockMove), _count(Redemption), _count(Receipt), findings)


def _count(table: type[Any]) -> int:
    found: int = session.execute(select(func.count()).select_from(table)).scalar_one()
    return found
