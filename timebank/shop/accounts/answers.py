"""Accounts as JSON and as the table behind their CSV and XLSX files: the three never disagree."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from timebank.documents.tables import Cell, Column, Table, Type
from timebank.shop.accounts.periods import Period
from timebank.shop.accounts.queries import OwnedSite
from timebank.shop.accounts.rules import NOTHING, OUT, Amount, Flow
from timebank.shop.accounts.settling import Movements, Statement, is_over
from timebank.shop.rules import DonorKind, Source, receipt_number
from timebank.shop.stock.traces import Trace

TOTAL = "合计"

_FLOWS = {
    Flow.TRANSFERRED_IN: ("调入", "签收的调拨；在途短少另计入盘点差异"),
    Flow.HANDED_OUT: ("发放", "兑换发出，减去完好退回的"),
    Flow.WRITTEN_OFF: ("报损", "两人签字的报损，含盘点时短少的过期物品"),
    Flow.TRANSFERRED_OUT: ("调出", "发往其他公益仓，减去取消退回的"),
    Flow.COUNT_DIFFERENCE: ("盘点差异", "盘盈为正，盘亏为负"),
}
_SOURCES = {Source.DONATED: "捐赠", Source.PURCHASED: "采购", Source.MERCHANT: "商家供货"}


def _shown(flow: Flow, amount: Amount) -> Amount:
    return -amount if flow in OUT else amount


def _amount(amount: Amount) -> dict[str, int]:
    return {"pieces": amount.pieces, "value_fen": amount.value_fen, "unvalued": amount.unvalued}


def movements(of: Movements) -> dict[str, Any]:
    """Return movements as JSON has them."""
    flows = {flow.value: _amount(_shown(flow, of.of(flow))) for flow in Flow}
    return {"opening": _amount(of.opening), **flows, "closing": _amount(of.closing)}


def _groups(statement: Statement) -> list[dict[str, Any]]:
    return [{"name": name, **movements(one)} for name, one in statement.groups.items()]


def accounts(
    site: OwnedSite, whole: Statement, parts: Sequence[Statement], last: Period, now: datetime
) -> dict[str, Any]:
    """Return the public account of a quarter or a year as JSON has it; it is complete when its last period is over."""
    return {
        "shop": {"id": site.id, "name": site.name, "organisation": site.organisation},
        "complete": is_over(last, now),
        "total": movements(whole.total),
        "received": [
            {
                "source": Source(one.source),
                "donor_kind": DonorKind(one.donor_kind),
                "intakes": one.intakes,
                "amount": _amount(one.amount),
            }
            for one in whole.received
        ],
        "categories": _groups(whole),
        "in_transit": _amount(whole.in_transit),
        "periods": [
            {
                "name": period.name,
                "start": period.start,
                "end": period.end,
                "complete": is_over(period, now),
                "total": movements(part.total),
            }
            for part in parts
            for period in part.periods
        ],
    }


def report(site: OwnedSite, month: Statement, now: datetime) -> dict[str, Any]:
    """Return the movement report of a month as JSON has it."""
    return {
        "shop": {"id": site.id, "name": site.name, "organisation": site.organisation},
        "month": month.periods[0].name,
        "complete": is_over(month.periods[0], now),
        "total": movements(month.total),
        "goods": _groups(month),
    }


def table(title: str, site: OwnedSite, parts: Sequence[Statement], *, rows_are: str) -> Table:
    """Return the table behind the files: one row for each category or goods, and a total, in every period."""
    return Table(
        title=title,
        columns=(Column("期间"), Column(rows_are), *_columns()),
        rows=list(_rows(parts)),
        filters={"组织": site.organisation, "站点": site.name, "期间": _span(parts)},
    )


def _span(parts: Sequence[Statement]) -> str:
    names = [period.name for part in parts for period in part.periods]
    return names[0] if len(names) == 1 else f"{names[0]} - {names[-1]}"


def _columns() -> Iterator[Column]:
    told = [("期初结存", "期间开始时的库存")]
    told += [(f"接收（{name}）", "入库时的件数；金额按入库时的公允价值") for name in _SOURCES.values()]
    told += list(_FLOWS.values())
    told += [("期末结存", "期初加接收、调入和盘点差异，减发放、报损和调出")]
    for name, definition in told:
        yield Column(f"{name}件数", Type.WHOLE_NUMBER, definition)
        yield Column(f"{name}金额（分）", Type.WHOLE_NUMBER)


def _rows(parts: Sequence[Statement]) -> Iterator[list[Cell]]:
    for part in parts:
        for name, one in part.groups.items():
            yield [part.periods[0].name, name, *_cells(one)]
        yield [part.periods[0].name, TOTAL, *_cells(part.total)]


def _cells(of: Movements) -> Iterator[Cell]:
    came = [of.by_source.get(source, NOTHING) for source in _SOURCES]
    flows = [_shown(flow, of.of(flow)) for flow in _FLOWS]
    for amount in (of.opening, *came, *flows, of.closing):
        yield amount.pieces
        yield amount.value_fen


def trace(found: Trace) -> dict[str, Any]:
    """Return the way of a lot as JSON has it."""
    intake = found.intake
    return {
        "lot_id": found.lot.id,
        "goods_id": found.goods.id,
        "name": found.goods.name,
        "unit": found.goods.unit,
        "origin": {
            "receipt_no": receipt_number(intake.received_on, intake.number),
            "site_id": intake.site_id,
            "received_at": intake.received_at,
            "source": Source(intake.source),
            "donor_kind": DonorKind(intake.donor_kind),
            "donor_name": found.donor_name,
        },
        "came_by": [asdict(hop) for hop in found.came_by],
        "went_by": [asdict(hop) for hop in found.went_by],
        "received": found.received,
        "handed_out": found.handed_out,
        "people": found.people,
        "written_off": found.written_off,
        "missing": found.missing,
        "on_hand": found.on_hand,
        "in_transit": found.in_transit,
    }
