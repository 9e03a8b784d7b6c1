"""``timebank shop audit``: everything that stock, redemptions and receipts claim, recomputed from the facts.

Each check selects what is wrong; the report names the first row of each kind. It reads and changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from timebank import clock
from timebank.database import session
from timebank.shop import (
    audit_closings,
    audit_intakes,
    audit_limits,
    audit_payments,
    audit_quotas,
    audit_refunds,
    audit_stock,
    audit_stockkeeping,
)
from timebank.shop.models import Lot, Receipt, Redemption, StockMove

CHECKS: dict[str, Callable[[datetime], Select[*tuple[Any, ...]]]] = {
    "moves": audit_stock.broken_chains,
    "intakes": audit_stock.lots_without_intake,
    "emptied_marks": audit_stock.wrong_emptied_marks,
    "resolutions": audit_stock.mismatched_resolutions,
    "reservations": audit_stock.wrong_reservations,
    "picks": audit_stock.wrong_picks,
    "totals": audit_stock.wrong_totals,
    "payments": audit_payments.unpaid_redemptions,
    "payments_for_nothing": audit_payments.payments_for_nothing,
    "returns": audit_refunds.wrong_returns,
    "refunds": audit_refunds.wrong_refunds,
    "refunds_of_nothing": audit_refunds.refunds_of_nothing,
    "limits": audit_limits.exceeded_by_people,
    "household_limits": audit_limits.exceeded_by_households,
    "limit_marks": audit_limits.limits_without_mark,
    "households": audit_limits.overlapping_memberships,
    "quota_moves": audit_quotas.broken_quota_chains,
    "quota_resolutions": audit_quotas.mismatched_quota_resolutions,
    "quota_payments": audit_quotas.wrong_quota_payments,
    "quota_refunds": audit_quotas.wrong_quota_refunds,
    "transfers": audit_stockkeeping.wrong_transfers,
    "counts": audit_stockkeeping.wrong_counts,
    "stocktakes": audit_stockkeeping.wrong_stocktakes,
    "stocktake_signatures": audit_stockkeeping.unsigned_stocktakes,
    "write_offs": audit_stockkeeping.wrong_write_offs,
    "write_off_signatures": audit_stockkeeping.unsigned_write_offs,
    "causes": audit_stockkeeping.moves_without_cause,
    "receipts": audit_payments.wrong_receipts,
    "receipt_numbers": audit_payments.gaps_in_receipts,
    "intake_numbers": audit_payments.gaps_in_intakes,
    "recalls": audit_intakes.wrong_recall_marks,
    "picked_after_recall": audit_intakes.picked_after_recall,
    "purposes": audit_intakes.wrong_purpose_marks,
    "donations": audit_intakes.wrong_donations,
    "donated_pieces": audit_intakes.donations_over_accepted,
    "same_day_prices": audit_intakes.food_with_a_price,
    "prices": audit_payments.goods_without_price,
    "closing_receipts": audit_closings.wrong_ranges,
}

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
    if closings := audit_closings.wrong_closings():
        findings.append(Finding("closings", len(closings), " ".join(map(str, closings[0]))))
    return Report(_count(Lot), _count(StockMove), _count(Redemption), _count(Receipt), findings)


def _count(table: type[Any]) -> int:
    found: int = session.execute(select(func.count()).select_from(table)).scalar_one()
    return found
