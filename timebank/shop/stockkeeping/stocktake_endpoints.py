"""Stocktakes over HTTP."""

from typing import Any
from uuid import UUID

from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires
from timebank.shop import queries
from timebank.shop.staff import READERS, STAFF, readable_shop
from timebank.shop.stockkeeping import answers, schemas, stocktakes
from timebank.shop.stockkeeping import queries as stockkeeping_queries
from timebank.shop.stockkeeping.stocktake_tables import Stocktake, StocktakeLot
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("stocktakes", __name__, description="公益仓：盘点 · stocktakes")


@blueprint.endpoint(
    "POST",
    "/sites/<uuid:site_id>/stocktakes",
    guard=requires(*STAFF),
    body=schemas.StocktakeBody,
    answer=(201, schemas.StocktakeOut),
    once=True,
    audited=noted(Verb.ENTER, "stocktake"),
)
def open_stocktake(body: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """开始盘点：全部库存批次，或所选物品、批次；一个站点同时只有一次盘点，期间照常营业。"""
    return _stocktake(stocktakes.start(actor=actor(), site_id=site_id, **body))


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/stocktakes",
    guard=requires(*READERS),
    query=PageQuery,
    answer=(200, page_of(schemas.StocktakeOut)),
)
def list_stocktakes(query: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """站点的盘点，新的在前。"""
    readable_shop(actor(), queries.shop(site_id))
    selected = stockkeeping_queries.stocktakes(site_id)
    found = page(selected, by=[Stocktake.opened_at, Stocktake.id], query=query, descending=True)
    return found | {"items": answers.stocktakes(found["items"])}


def _stocktake(one: Stocktake) -> dict[str, Any]:
    return answers.stocktakes([one])[0]


def _seen(stocktake_id: UUID) -> Stocktake:
    found = session.get(Stocktake, stocktake_id)
    if found is None:
        raise NotFound
    readable_shop(actor(), queries.shop(found.site_id))
    return found


@blueprint.endpoint(
    "GET",
    "/stocktakes/<uuid:stocktake_id>",
    guard=requires(*READERS),
    answer=(200, schemas.StocktakeOut),
)
def show_stocktake(stocktake_id: UUID) -> dict[str, Any]:
    """一次盘点：进度，差异件数和金额（盲盘确认前不显示）。"""
    return _stocktake(_seen(stocktake_id))


@blueprint.endpoint(
    "GET",
    "/stocktakes/<uuid:stocktake_id>/lines",
    guard=requires(*READERS),
    query=PageQuery,
    answer=(200, page_of(schemas.StocktakeLineOut)),
)
def list_stocktake_lines(query: dict[str, Any], stocktake_id: UUID) -> dict[str, Any]:
    """盘点的批次：账面数、清点数、差异；录入时请把 seq 一并送回。"""
    one = _seen(stocktake_id)
    selected = stockkeeping_queries.lines_of_stocktake(stocktake_id)
    found = page(selected, by=[StocktakeLot.lot_id], query=query, scalars=False)
    return found | {"items": answers.stocktake_lines(one, found["items"])}


@blueprint.endpoint(
    "POST",
    "/stocktakes/<uuid:stocktake_id>/counts",
    guard=requires(*STAFF),
    body=schemas.CountsBody,
    answer=(200, schemas.StocktakeOut),
    once=True,
)
def count_lots(body: dict[str, Any], stocktake_id: UUID) -> dict[str, Any]:
    """录入清点数（含已预留未取走的）；同一批次再录以后一次为准，前一次仍留存。"""
    lines = [stocktakes.Counted(**line) for line in body["lines"]]
    return _stocktake(stocktakes.count(actor=actor(), stocktake_id=stocktake_id, lines=lines))


@blueprint.endpoint(
    "POST",
    "/stocktakes/<uuid:stocktake_id>/confirm",
    guard=requires(*STAFF),
    answer=(200, schemas.StocktakeOut),
    once=True,
    audited=noted(Verb.APPROVE, "stocktake"),
)
def confirm_stocktake(stocktake_id: UUID) -> dict[str, Any]:
    """确认清点数：有库存的批次都须清点过。"""
    return _stocktake(stocktakes.confirm(actor=actor(), stocktake_id=stocktake_id))


@blueprint.endpoint(
    "POST",
    "/stocktakes/<uuid:stocktake_id>/recount",
    guard=requires(*STAFF),
    answer=(200, schemas.StocktakeOut),
    once=True,
    audited=noted(Verb.CHANGE, "stocktake"),
)
def recount_stocktake(stocktake_id: UUID) -> dict[str, Any]:
    """退回重点：已确认的盘点回到清点阶段，原有清点数保留到重新录入为止。"""
    return _stocktake(stocktakes.recount(actor=actor(), stocktake_id=stocktake_id))


@blueprint.endpoint(
    "POST",
    "/stocktakes/<uuid:stocktake_id>/post",
    guard=requires(*STAFF),
    answer=(200, schemas.StocktakeOut),
    once=True,
    audited=noted(Verb.POST, "stocktake"),
)
def post_stocktake(stocktake_id: UUID) -> dict[str, Any]:
    """过账：由没有清点和确认的另一人过账，按清点时的差异入账，期间的收发不受影响。"""
    return _stocktake(stocktakes.post(actor=actor(), stocktake_id=stocktake_id))


@blueprint.endpoint(
    "POST",
    "/stocktakes/<uuid:stocktake_id>/cancel",
    guard=requires(*STAFF),
    answer=(200, schemas.StocktakeOut),
    once=True,
    audited=noted(Verb.END, "stocktake"),
)
def cancel_stocktake(stocktake_id: UUID) -> dict[str, Any]:
    """取消盘点：过账前可取消，库存不变。"""
    return _stocktake(stocktakes.cancel(actor=actor(), stocktake_id=stocktake_id))
