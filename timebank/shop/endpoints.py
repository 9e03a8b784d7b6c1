"""The shop over HTTP: the catalogue, intakes, redemptions, the counter."""

from typing import Any
from uuid import UUID

from flask import current_app

from timebank import clock
from timebank.codes.book import CodeBook
from timebank.errors import NotFound
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.former import goes_on
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.rules import Role
from timebank.shop import answers, queries, schemas
from timebank.shop.allowance.quota_rules import PayWith
from timebank.shop.catalogue import schemas as catalogue_schemas
from timebank.shop.catalogue.barcodes import Scanned, counted
from timebank.shop.catalogue.goods import add_goods as add
from timebank.shop.counter import lookups as counter
from timebank.shop.counter import sales
from timebank.shop.intake import intakes
from timebank.shop.models import Goods, Redemption
from timebank.shop.redemption import handovers, refunds, reservations
from timebank.shop.rules import Line
from timebank.shop.staff import STAFF, works_at
from timebank.web import limits
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("shop", __name__, description="公益仓：物品、入库、兑换、柜台 · the charity shop")


def _book() -> CodeBook:
    book: CodeBook = current_app.extensions["timebank-codes"]
    return book


def _lines(body: dict[str, Any]) -> list[Line]:
    return [Line(**line) for line in body["lines"]]


@blueprint.endpoint(
    "GET",
    "/goods",
    guard=signed_in,
    query=catalogue_schemas.GoodsQuery,
    answer=(200, page_of(catalogue_schemas.GoodsOut)),
)
def list_goods(query: dict[str, Any]) -> dict[str, Any]:
    """物品目录：现价和各公益仓可兑数量；site 只看一个公益仓。"""
    site_id = query.get("site")
    if site_id is not None and queries.shop(site_id) is None:
        raise NotFound
    now = clock.now()
    found = page(queries.goods(now).where(Goods.active), by=[Goods.id], query=query, scalars=False)
    return found | {"items": answers.goods(found["items"], now=now, site_id=site_id)}


@blueprint.endpoint("GET", "/goods/<uuid:goods_id>", guard=signed_in, answer=(200, catalogue_schemas.GoodsOut))
def show_goods(goods_id: UUID) -> answers.Answer:
    """一种物品；ETag 供修改时放入 If-Match。"""
    return answers.goods_with_etag(goods_id, 200)


@blueprint.endpoint(
    "POST",
    "/goods",
    guard=requires(Role.COORDINATOR, Role.ADMIN),
    body=catalogue_schemas.GoodsBody,
    answer=(201, catalogue_schemas.GoodsOut),
    once=True,
    audited=noted(Verb.ENTER, "goods"),
)
def add_goods(body: dict[str, Any]) -> answers.Answer:
    """新增物品：名称、类别、单位、价格（分钟）、条形码、图片；当日食品（same_day）价格须为 0。"""
    packs = catalogue_schemas.packs(body.pop("barcodes", None))
    return answers.goods_with_etag(add(actor=actor(), barcodes=packs, **body).id, 201)


@blueprint.endpoint(
    "POST",
    "/sites/<uuid:site_id>/intakes",
    guard=requires(*STAFF),
    body=schemas.IntakeBody,
    answer=(201, schemas.IntakeOut),
    once=True,
)
def take_in(body: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """入库：捐赠、采购或商家供货；每行成为一个批次，给出当日连续的收据号。物品可用编号，也可扫条形码；扫整箱的条码按箱内件数入库。"""
    lines = _delivered(body["lines"])
    intake, lots = intakes.take_in(
        actor=actor(),
        site_id=site_id,
        source=body["source"],
        donor_kind=body["donor"]["kind"],
        donor_name=body["donor"].get("name"),
        merchant_id=body.get("merchant_id"),
        note=body.get("note"),
        lines=lines,
    )
    return answers.intake(intake, lots, [line.quantity for line in lines])


def _delivered(lines: list[dict[str, Any]]) -> list[intakes.Delivered]:
    scanned = [Scanned(line["quantity"], line.get("goods_id"), line.get("ean13")) for line in lines]
    facts = [{name: value for name, value in line.items() if name not in _OF_SCANS} for line in lines]
    return [
        intakes.Delivered(goods_id, pieces, **known)
        for (goods_id, pieces), known in zip(counted(scanned), facts, strict=True)
    ]


_OF_SCANS = frozenset({"goods_id", "ean13", "quantity"})


@blueprint.endpoint(
    "POST",
    "/redemptions",
    guard=signed_in,
    body=schemas.RedemptionBody,
    answer=(201, schemas.RedemptionWithAccountOut),
    once=True,
)
def reserve(body: dict[str, Any]) -> dict[str, Any]:
    """兑换：同时冻结时间币和物品，给出提货码；到期自动退回。"""
    done = reservations.reserve(
        person_id=person_id(), site_id=body["site_id"], lines=_lines(body), pay_with=PayWith(body["pay_with"])
    )
    return answers.with_account(done.redemption, done.lines, done.account, book=_book())


@blueprint.endpoint(
    "POST",
    "/redemptions/<uuid:redemption_id>/cancel",
    guard=signed_in,
    answer=(200, schemas.RedemptionWithAccountOut),
    once=True,
)
def cancel(redemption_id: UUID) -> dict[str, Any]:
    """取消兑换：本人或该公益仓工作人员；时间币和物品同时退回。"""
    redemption, account = reservations.cancel(actor=actor(), redemption_id=redemption_id)
    lines = queries.lines_of([redemption_id])[redemption_id]
    return answers.with_account(redemption, lines, account, book=None)


@blueprint.endpoint(
    "POST",
    "/redemptions/<uuid:redemption_id>/hand-over",
    guard=requires(*STAFF),
    body=schemas.HandOverBody,
    answer=(200, schemas.HandedOverOut),
    once=True,
)
def hand_over(body: dict[str, Any], redemption_id: UUID) -> dict[str, Any]:
    """核销：交出物品，扣除时间币，打印小票；可只取一部分，其余退回。"""
    lines = _lines(body) if "lines" in body else None
    done = handovers.hand_over(actor=actor(), redemption_id=redemption_id, lines=lines, proxy_id=body.get("proxy_id"))
    return answers.handed_over(done)


@blueprint.endpoint(
    "POST",
    "/redemptions/<uuid:redemption_id>/extend",
    guard=signed_in,
    answer=(200, schemas.RedemptionWithAccountOut),
    once=True,
)
def extend(redemption_id: UUID) -> dict[str, Any]:
    """延期：再保留一个完整的预约期，每张兑换单一次；本人或该公益仓工作人员。"""
    redemption, account = reservations.extend(actor=actor(), redemption_id=redemption_id)
    lines = queries.lines_of([redemption_id])[redemption_id]
    book = _book() if redemption.person_id == person_id() else None
    return answers.with_account(redemption, lines, account, book=book)


@blueprint.endpoint(
    "POST",
    "/redemptions/<uuid:redemption_id>/refunds",
    guard=requires(*STAFF),
    body=schemas.RefundBody,
    answer=(201, schemas.RefundOut),
    once=True,
    audited=noted(Verb.CORRECT, "redemption"),
)
def refund(body: dict[str, Any], redemption_id: UUID) -> dict[str, Any]:
    """退货：按行退回时间币，完好的物品可回库；须说明理由，以当地规则允许为准。"""
    lines = [refunds.Returned(**line) for line in body["lines"]]
    return answers.refund(
        refunds.refund(actor=actor(), redemption_id=redemption_id, lines=lines, reason=body["reason"])
    )


@blueprint.endpoint(
    "POST",
    "/redemptions/<uuid:redemption_id>/undo",
    guard=requires(*STAFF),
    answer=(201, schemas.RefundOut),
    once=True,
    audited=noted(Verb.CORRECT, "redemption"),
)
def undo(redemption_id: UUID) -> dict[str, Any]:
    """撤销：经办人本人 15 分钟内撤回刚才的核销，时间币和物品全部退回。"""
    return answers.refund(refunds.undo(actor=actor(), redemption_id=redemption_id))


@blueprint.endpoint(
    "GET",
    "/me/redemptions",
    guard=signed_in,
    query=PageQuery,
    answer=(200, page_of(schemas.RedemptionOut)),
)
def list_my_redemptions(query: dict[str, Any]) -> dict[str, Any]:
    """我的兑换单，新的在前。"""
    found = page(
        queries.redemptions_of(person_id()),
        by=[Redemption.created_at, Redemption.id],
        query=query,
        descending=True,
    )
    return found | {"items": answers.redemptions(found["items"], now=clock.now(), book=_book())}


@blueprint.endpoint("GET", "/redemptions/<uuid:redemption_id>", guard=signed_in, answer=(200, schemas.RedemptionOut))
def show_redemption(redemption_id: UUID) -> dict[str, Any]:
    """一张兑换单：本人或该公益仓工作人员；提货码只给本人看。"""
    found = queries.redemption(redemption_id)
    if found is None:
        raise NotFound
    redemption, shop = found
    own = goes_on(redemption.person_id) == person_id()
    if not own and not works_at(actor(), shop):
        raise NotFound
    return answers.redemptions([redemption], now=clock.now(), book=_book() if own else None)[0]


@blueprint.endpoint(
    "POST",
    "/counter/lookup",
    guard=requires(*STAFF),
    body=schemas.LookupBody,
    answer=(200, schemas.FoundOut),
    limit=limits.LOOKUPS,
)
def look_up(body: dict[str, Any]) -> dict[str, Any]:
    """查码：提货二维码、8 位提货码或会员码；只看，不改变任何东西。"""
    found = counter.lookup(actor=actor(), scanned=body["code"], book=_book(), site_id=body.get("site_id"))
    return answers.found(found)


@blueprint.endpoint(
    "POST",
    "/counter/sales",
    guard=requires(*STAFF),
    body=schemas.SaleBody,
    answer=(201, schemas.HandedOverOut),
    once=True,
    limit=limits.LOOKUPS,
)
def sell(body: dict[str, Any]) -> dict[str, Any]:
    """现场兑换：会员码加物品，一次扣除并出小票；每个会员码只能用一次。限定用途的物品写明用途，不扣时间币。"""
    done = sales.sell(
        actor=actor(),
        site_id=body["site_id"],
        member_token=body["member_token"],
        lines=[Scanned(**line) for line in body["lines"]],
        book=_book(),
        pay_with=PayWith(body["pay_with"]),
        purpose=body.get("purpose"),
        proxy_id=body.get("proxy_id"),
    )
    return answers.handed_over(done)
