"""Accounts of a shop, what is about to expire, and the history and way of a lot, over HTTP."""

import io
from typing import Any
from uuid import UUID

from flask import Response

from timebank import clock
from timebank.documents import csv_file, xlsx_file
from timebank.documents.tables import Table
from timebank.errors import Invalid, NotFound
from timebank.identity.guards import actor, requires
from timebank.organisations.rules import SiteKind
from timebank.policies import service as policies
from timebank.shop import queries
from timebank.shop.accounts import answers, periods, schemas, settling
from timebank.shop.accounts import queries as account_queries
from timebank.shop.accounts.queries import Group
from timebank.shop.models import Goods, Lot, StockMove
from timebank.shop.staff import READERS, readable_shop
from timebank.shop.stock import lists as stock_lists
from timebank.shop.stock import purpose_notices, traces
from timebank.shop.stock.lot_tables import PurposeChange
from timebank.web import limits
from timebank.web.blueprint import Blueprint, public
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("accounts", __name__, description="公益仓：公示账目、库存清单、批次去向 · accounts and lots")

FRESH = "public, max-age=300"
"""How long whoever stands between may keep the account of a period that is not over."""
SETTLED = "public, max-age=86400"

_FILES = {"csv": csv_file.MEDIA_TYPE, "xlsx": xlsx_file.MEDIA_TYPE}


def _file(table: Table, kind: str, name: str) -> Response:
    if kind == "csv":
        content = b"".join(csv_file.stream(table))
    else:
        buffer = io.BytesIO()
        xlsx_file.write(table, buffer)
        content = buffer.getvalue()
    response = Response(content, content_type=_FILES[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


def _refuse_future(period: periods.Period, pointer: str) -> None:
    if period.start > clock.now():
        raise Invalid(errors=[{"pointer": pointer, "detail": "这一期还没有开始。 It has not begun yet."}])


@blueprint.endpoint(
    "GET",
    "/public/shops/<uuid:site_id>/accounts",
    guard=public,
    query=schemas.AccountsQuery,
    answer=(200, schemas.AccountsOut),
    limit=limits.PUBLIC_ACCOUNTS,
    media_types=("text/csv", xlsx_file.MEDIA_TYPE),
)
def show_public_accounts(query: dict[str, Any], site_id: UUID) -> Any:
    """公益仓账目公示：按季或按年，收、发、损、存的件数和金额（分）；不公布任何人的姓名，无需登录。"""
    site = account_queries.owned_site(site_id)
    if site is None or site.kind == SiteKind.VENUE:
        raise NotFound
    year, number = query["year"], query.get("quarter")
    asked = periods.quarters(year) if number is None else [periods.quarter(year, number)]
    _refuse_future(asked[0], "/query/year" if number is None else "/query/quarter")
    now = clock.now()
    parts = settling.statements(site_id, [one for one in asked if one.start <= now], group=Group.CATEGORY)
    whole = settling.summed(parts)
    kept = SETTLED if settling.is_over(asked[-1], now) else FRESH
    name = str(year) if number is None else asked[0].name
    if query["format"] in _FILES:
        table = answers.table(f"{site.name} {name} 账目公示", site, parts, rows_are="类别")
        response = _file(table, query["format"], f"accounts-{name}")
        response.headers["Cache-Control"] = kept
        return response
    return answers.accounts(site, whole, parts, asked[-1], now), {"Cache-Control": kept}


@blueprint.endpoint(
    "GET",
    "/public/shops/<uuid:site_id>/purpose-notices",
    guard=public,
    query=PageQuery,
    answer=(200, page_of(schemas.PurposeNoticeOut)),
    limit=limits.PUBLIC_ACCOUNTS,
)
def list_purpose_notices(query: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """变更捐赠用途公示：满 60 日才生效，新公示的在前；不公布捐赠人姓名，无需登录。"""
    site = account_queries.owned_site(site_id)
    if site is None or site.kind == SiteKind.VENUE:
        raise NotFound
    by = [PurposeChange.changed_at, PurposeChange.lot_id, PurposeChange.number]
    found = page(purpose_notices.at_shop(site_id), by=by, query=query, descending=True, scalars=False)
    return found | {"items": purpose_notices.shown(found["items"], now=clock.now())}


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/movements",
    guard=requires(*READERS),
    query=schemas.MovementsQuery,
    answer=(200, schemas.MovementReportOut),
    media_types=("text/csv", xlsx_file.MEDIA_TYPE),
)
def show_movements(query: dict[str, Any], site_id: UUID) -> Any:
    """月度收发存报表：按物品列出期初、收、发、损、调拨、盘点差异和期末。"""
    readable_shop(actor(), queries.shop(site_id))
    site = account_queries.owned_site(site_id)
    if site is None:
        raise NotFound
    month = periods.month(query["month"])
    _refuse_future(month, "/query/month")
    (statement,) = settling.statements(site_id, [month], group=Group.GOODS)
    if query["format"] in _FILES:
        table = answers.table(f"{site.name} {month.name} 收发存", site, [statement], rows_are="物品")
        return _file(table, query["format"], f"movements-{month.name}")
    return answers.report(site, statement, clock.now())


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/near-expiry",
    guard=requires(*READERS),
    query=schemas.NearExpiryQuery,
    answer=(200, page_of(schemas.NearExpiryOut)),
)
def list_near_expiry(query: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """临期清单：几天内到期和已过期的批次，先到期的在前；天数不填按本地规则（默认 15 天）。"""
    shop = readable_shop(actor(), queries.shop(site_id))
    now = clock.now()
    days = query.get("days")
    if days is None:
        policy = policies.resolve(organisation_id=shop.organisation_id, area_path=shop.area_path, at=now)
        days = policy.near_expiry_days
    selected = stock_lists.near_expiry(site_id, now=now, days=days, expired=query.get("expired"))
    found = page(selected, by=[Lot.expires_at, Lot.id], query=query)
    return found | {"items": stock_lists.shown(found["items"], now=now)}


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/low-stock",
    guard=requires(*READERS),
    query=PageQuery,
    answer=(200, page_of(schemas.LowStockOut)),
)
def list_low_stock(query: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """缺货清单：可兑数量低于物品所设下限的；已预留、过期、召回和限定用途的不算可兑。"""
    readable_shop(actor(), queries.shop(site_id))
    found = page(stock_lists.low_stock(site_id, clock.now()), by=[Goods.id], query=query, scalars=False)
    return found | {"items": stock_lists.lacking(found["items"])}


@blueprint.endpoint(
    "GET",
    "/lots/<uuid:lot_id>/moves",
    guard=requires(*READERS),
    query=PageQuery,
    answer=(200, page_of(schemas.MoveOut)),
)
def list_moves(query: dict[str, Any], lot_id: UUID) -> dict[str, Any]:
    """批次流水：每次入库、预留、发放、调拨、盘点、报损及其后的数量，新的在前。"""
    traces.readable(actor(), lot_id)
    found = page(stock_lists.moves(lot_id), by=[StockMove.seq], query=query, descending=True)
    return found | {"items": stock_lists.history(found["items"])}


@blueprint.endpoint("GET", "/lots/<uuid:lot_id>/trace", guard=requires(*READERS), answer=(200, schemas.TraceOut))
def trace_lot(lot_id: UUID) -> dict[str, Any]:
    """批次去向：从捐赠人经调拨到发放件数和人数；不列领取人，匿名捐赠不列姓名。"""
    return answers.trace(traces.trace(actor=actor(), lot_id=lot_id))
