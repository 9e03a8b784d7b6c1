"""What the API says about transfers, write-offs and stocktakes, put together for the schemas."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from timebank import clock
from timebank.files import queries as files
from timebank.shop import queries
from timebank.shop.stock import levels
from timebank.shop.stockkeeping import queries as stockkeeping_queries
from timebank.shop.stockkeeping.rules import (
    COUNTABLE,
    StocktakeState,
    TransferState,
    WriteOffReason,
    WriteOffState,
    value_of,
)
from timebank.shop.stockkeeping.stocktake_tables import Stocktake
from timebank.shop.stockkeeping.transfer_tables import StockTransfer
from timebank.shop.stockkeeping.write_off_tables import WriteOff
from timebank.shop.stockkeeping.write_offs import WRITTEN_OFF


def _by_key(rows: Iterable[Row[Any]], key: str) -> dict[UUID, list[Row[Any]]]:
    grouped: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        grouped.setdefault(getattr(row, key), []).append(row)
    return grouped


def _line(row: Row[Any]) -> dict[str, Any]:
    return {
        "lot_id": row.lot_id,
        "goods_id": row.goods_id,
        "name": row.name,
        "unit": row.unit,
        "quantity": row.quantity,
        "expires_at": row.expires_at,
        "value_fen": value_of(row.quantity, row.fair_value_fen),
    }


def transfers(found: Sequence[StockTransfer]) -> list[dict[str, Any]]:
    """Return transfers with their lines and ends, in a few statements for all."""
    if not found:
        return []
    ids = [one.id for one in found]
    lines, ends = _by_key(stockkeeping_queries.sent_lines(ids), "transfer_id"), stockkeeping_queries.ends_of(ids)
    people = queries.names([*(one.sent_by for one in found), *(end.ended_by for end in ends.values())])
    return [
        {
            "id": one.id,
            "from_site_id": one.from_site_id,
            "to_site_id": one.to_site_id,
            "state": TransferState(end.outcome) if end else TransferState.IN_TRANSIT,
            "lines": [
                _line(row) | {"received": row.received, "arrived_lot_id": row.arrived_lot_id} for row in lines[one.id]
            ],
            "note": one.note,
            "sent_by": people.get(one.sent_by, ""),
            "sent_at": one.sent_at,
            "ended_by": people.get(end.ended_by, "") if end else None,
            "ended_at": end.ended_at if end else None,
            "reason": end.reason if end else None,
        }
        for one in found
        for end in [ends.get(one.id)]
    ]


def write_offs(found: Sequence[WriteOff]) -> list[dict[str, Any]]:
    """Return write-offs with their lines and decisions, in a few statements for all."""
    if not found:
        return []
    ids = [one.id for one in found]
    lines = _by_key(stockkeeping_queries.write_off_lines(ids), "write_off_id")
    decisions, pictures = stockkeeping_queries.decisions_of(ids), files.attached(WRITTEN_OFF, ids)
    people = queries.names([*(one.requested_by for one in found), *(one.decided_by for one in decisions.values())])
    return [
        {
            "id": one.id,
            "site_id": one.site_id,
            "reason": WriteOffReason(one.reason),
            "state": WriteOffState(decided.decision) if decided else WriteOffState.REQUESTED,
            "lines": [_line(row) for row in lines[one.id]],
            "value_fen": sum(value_of(row.quantity, row.fair_value_fen) or 0 for row in lines[one.id]),
            "note": one.note,
            "pictures": pictures[one.id],
            "picture_ref": one.picture_ref,
            "requested_by": people.get(one.requested_by, ""),
            "requested_at": one.requested_at,
            "decided_by": people.get(decided.decided_by, "") if decided else None,
            "decided_at": decided.decided_at if decided else None,
            "decision_note": decided.note if decided else None,
        }
        for one in found
        for decided in [decisions.get(one.id)]
    ]


def _hides_books(stocktake: Stocktake) -> bool:
    return stocktake.blind and stocktake.state in COUNTABLE


def stocktakes(found: Sequence[Stocktake]) -> list[dict[str, Any]]:
    """Return stocktakes with what their counts in force differ by, in a few statements for all."""
    if not found:
        return []
    progress = stockkeeping_queries.progress([one.id for one in found])
    signed = [who for one in found for who in (one.opened_by, one.confirmed_by, one.closed_by) if who]
    people = queries.names(signed)
    return [
        {
            "id": one.id,
            "site_id": one.site_id,
            "state": StocktakeState(one.state),
            "blind": one.blind,
            "lots": progress[one.id].lots,
            "counted": progress[one.id].counted,
            "differences": None if _hides_books(one) else _differences(progress[one.id]),
            "opened_by": people.get(one.opened_by, ""),
            "opened_at": one.opened_at,
            "confirmed_by": people.get(one.confirmed_by, "") if one.confirmed_by else None,
            "confirmed_at": one.confirmed_at,
            "closed_by": people.get(one.closed_by, "") if one.closed_by else None,
            "closed_at": one.closed_at,
        }
        for one in found
    ]


def _differences(row: Row[Any]) -> dict[str, int]:
    # PostgreSQL sums bigints into numerics.
    return {name: int(getattr(row, name)) for name in ("surplus", "missing", "surplus_fen", "missing_fen")}


def stocktake_lines(one: Stocktake, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Return lots of a stocktake: those counted as they were then, the others as they are now."""
    now_held = levels.held_by([row.lot_id for row in rows], clock.now()) if rows else {}
    hidden = _hides_books(one)
    answered = []
    for row in rows:
        difference = None if row.counted is None or hidden else row.counted - row.system_quantity
        booked = now_held[row.lot_id].on_hand if row.counted is None else row.system_quantity
        answered.append(
            {
                "lot_id": row.lot_id,
                "goods_id": row.goods_id,
                "name": row.name,
                "unit": row.unit,
                "expires_at": row.expires_at,
                "seq": now_held[row.lot_id].seq,
                "system_quantity": None if hidden else booked,
                "counted": row.counted,
                "counted_at": row.counted_at,
                "difference": difference,
                "value_fen": None if difference is None else value_of(difference, row.fair_value_fen),
            }
        )
    return answered
