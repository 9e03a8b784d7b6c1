"""The catalogue over HTTP: changing goods, and their prices from an instant on."""

from typing import Any
from uuid import UUID

from flask import request

from timebank import clock
from timebank.errors import NotFound
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires, signed_in
from timebank.identity.rules import Role
from timebank.shop import answers, queries
from timebank.shop.catalogue import goods
from timebank.shop.catalogue.schemas import packs as packs_in
from timebank.shop.intake import schemas as intake_schemas
from timebank.shop.models import GoodsPrice
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("goods", __name__, description="物品目录与价格 · the catalogue and its prices")

_KEEPERS = (Role.COORDINATOR, Role.ADMIN)


@blueprint.endpoint(
    "PUT",
    "/goods/<uuid:goods_id>",
    guard=requires(*_KEEPERS),
    body=intake_schemas.ChangedGoodsBody,
    answer=(200, intake_schemas.GoodsOut),
    audited=noted(Verb.CHANGE, "goods"),
)
def change_goods(body: dict[str, Any], goods_id: UUID) -> answers.Answer:
    """修改物品：停用后不能再兑换，已预留的仍可提货；不填 pictures、barcodes 则图片、整箱条码不变；带 If-Match 时，若已被他人修改则为 412。"""
    versions = request.if_match if "If-Match" in request.headers else None
    packs = packs_in(body.pop("barcodes", None))
    goods.change_goods(actor=actor(), goods_id=goods_id, versions=versions, barcodes=packs, **body)
    return answers.goods_with_etag(goods_id, 200)


@blueprint.endpoint(
    "POST",
    "/goods/<uuid:goods_id>/prices",
    guard=requires(*_KEEPERS),
    body=intake_schemas.PriceBody,
    answer=(201, intake_schemas.PriceOut),
    once=True,
    audited=noted(Verb.CHANGE, "goods"),
)
def set_price(body: dict[str, Any], goods_id: UUID) -> dict[str, Any]:
    """定价：自 from_at（默认现在）起生效；已预留的按原价。"""
    return _shown(goods.set_price(actor=actor(), goods_id=goods_id, **body), in_force=queries.price_number(goods_id))


@blueprint.endpoint(
    "GET",
    "/goods/<uuid:goods_id>/prices",
    guard=signed_in,
    query=PageQuery,
    answer=(200, page_of(intake_schemas.PriceOut)),
)
def list_prices(query: dict[str, Any], goods_id: UUID) -> dict[str, Any]:
    """历次定价，新定的在前，含尚未生效的。"""
    if not queries.one_goods(goods_id, clock.now()):
        raise NotFound
    found = page(queries.prices_of(goods_id), by=[GoodsPrice.number], query=query, descending=True)
    in_force = queries.price_number(goods_id)
    return found | {"items": [_shown(price, in_force=in_force) for price in found["items"]]}


def _shown(price: GoodsPrice, *, in_force: int | None) -> dict[str, Any]:
    return {
        "number": price.number,
        "price_minutes": price.price_minutes,
        "from_at": price.from_at,
        "in_force": price.number == in_force,
    }
