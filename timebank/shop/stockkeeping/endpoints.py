"""Transfers between sites and write-offs over HTTP."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires
from timebank.shop import queries
from timebank.shop.staff import MANAGERS, READERS, STAFF, readable_shop
from timebank.shop.stockkeeping import answers, schemas, transfers, write_offs
from timebank.shop.stockkeeping import queries as stockkeeping_queries
from timebank.shop.stockkeeping.rules import LotLine
from timebank.shop.stockkeeping.transfer_tables import StockTransfer
from timebank.shop.stockkeeping.write_off_tables import WriteOff
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import page_of

blueprint = Blueprint("stockkeeping", __name__, description="公益仓：调拨、报损 · transfers and write-offs")


def _lines(lines: Sequence[dict[str, Any]]) -> list[LotLine]:
    return [LotLine(**line) for line in lines]


@blueprint.endpoint(
    "POST",
    "/sites/<uuid:site_id>/transfers",
    guard=requires(*STAFF),
    body=schemas.TransferBody,
    answer=(201, schemas.TransferOut),
    once=True,
    audited=noted(Verb.POST, "transfer"),
)
def send_transfer(body: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """调拨：把未预留的物品从本站点调往另一公益仓；对方签收前不在任何一方账上。"""
    lines = _lines(body.pop("lines"))
    return _transfer(transfers.send(actor=actor(), site_id=site_id, lines=lines, **body))


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/transfers",
    guard=requires(*READERS),
    query=schemas.TransferQuery,
    answer=(200, page_of(schemas.TransferOut)),
)
def list_transfers(query: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """站点的调拨单，新的在前；可按调入、调出和状态筛选。"""
    readable_shop(actor(), queries.shop(site_id))
    incoming = query["direction"] == "in" if "direction" in query else None
    selected = stockkeeping_queries.transfers(site_id, incoming=incoming, state=query.get("state"))
    found = page(selected, by=[StockTransfer.sent_at, StockTransfer.id], query=query, descending=True)
    return found | {"items": answers.transfers(found["items"])}


@blueprint.endpoint(
    "GET",
    "/transfers/<uuid:transfer_id>",
    guard=requires(*READERS),
    answer=(200, schemas.TransferOut),
)
def show_transfer(transfer_id: UUID) -> dict[str, Any]:
    """一张调拨单：调出或调入站点的人员可看。"""
    found = session.get(StockTransfer, transfer_id)
    if found is None:
        raise NotFound
    try:
        readable_shop(actor(), queries.shop(found.from_site_id))
    except NotFound:
        readable_shop(actor(), queries.shop(found.to_site_id))
    return _transfer(found)


@blueprint.endpoint(
    "POST",
    "/transfers/<uuid:transfer_id>/receive",
    guard=requires(*STAFF),
    body=schemas.ReceiveBody,
    answer=(200, schemas.TransferOut),
    once=True,
    audited=noted(Verb.POST, "transfer"),
)
def receive_transfer(body: dict[str, Any], transfer_id: UUID) -> dict[str, Any]:
    """签收：由调入站点的另一人清点；短少须逐批填写数量并说明原因。"""
    lines = _lines(body["lines"]) if "lines" in body else None
    return _transfer(transfers.receive(actor=actor(), transfer_id=transfer_id, lines=lines, reason=body.get("reason")))


@blueprint.endpoint(
    "POST",
    "/transfers/<uuid:transfer_id>/cancel",
    guard=requires(*STAFF),
    answer=(200, schemas.TransferOut),
    once=True,
    audited=noted(Verb.END, "transfer"),
)
def cancel_transfer(transfer_id: UUID) -> dict[str, Any]:
    """取消调拨：签收前由调出站点取消，物品回到原批次。"""
    return _transfer(transfers.cancel(actor=actor(), transfer_id=transfer_id))


def _transfer(one: StockTransfer) -> dict[str, Any]:
    return answers.transfers([one])[0]


@blueprint.endpoint(
    "POST",
    "/sites/<uuid:site_id>/write-offs",
    guard=requires(*STAFF),
    body=schemas.WriteOffBody,
    answer=(201, schemas.WriteOffOut),
    once=True,
    audited=noted(Verb.REQUEST, "write_off"),
)
def request_write_off(body: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """申请报损：过期、破损、丢失或召回；由另一人批准后才出账，申请本身不占用库存。"""
    lines = _lines(body.pop("lines"))
    return _write_off(write_offs.request(actor=actor(), site_id=site_id, lines=lines, **body))


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/write-offs",
    guard=requires(*READERS),
    query=schemas.WriteOffQuery,
    answer=(200, page_of(schemas.WriteOffOut)),
)
def list_write_offs(query: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """站点的报损单，新的在前；可按状态筛选。"""
    readable_shop(actor(), queries.shop(site_id))
    selected = stockkeeping_queries.write_offs(site_id, state=query.get("state"))
    found = page(selected, by=[WriteOff.requested_at, WriteOff.id], query=query, descending=True)
    return found | {"items": answers.write_offs(found["items"])}


@blueprint.endpoint(
    "GET",
    "/write-offs/<uuid:write_off_id>",
    guard=requires(*READERS),
    answer=(200, schemas.WriteOffOut),
)
def show_write_off(write_off_id: UUID) -> dict[str, Any]:
    """一张报损单。"""
    found = session.get(WriteOff, write_off_id)
    if found is None:
        raise NotFound
    readable_shop(actor(), queries.shop(found.site_id))
    return _write_off(found)


@blueprint.endpoint(
    "POST",
    "/write-offs/<uuid:write_off_id>/approve",
    guard=requires(*MANAGERS),
    body=schemas.ApproveBody,
    answer=(200, schemas.WriteOffOut),
    once=True,
    audited=noted(Verb.APPROVE, "write_off"),
)
def approve_write_off(body: dict[str, Any], write_off_id: UUID) -> dict[str, Any]:
    """批准报损：由另一位负责人批准，物品出账；申请人和发放过这些批次的人不能批准。"""
    return _write_off(write_offs.approve(actor=actor(), write_off_id=write_off_id, note=body.get("note")))


@blueprint.endpoint(
    "POST",
    "/write-offs/<uuid:write_off_id>/reject",
    guard=requires(*MANAGERS),
    body=schemas.RejectBody,
    answer=(200, schemas.WriteOffOut),
    once=True,
    audited=noted(Verb.REJECT, "write_off"),
)
def reject_write_off(body: dict[str, Any], write_off_id: UUID) -> dict[str, Any]:
    """驳回报损：须说明理由，库存不变。"""
    return _write_off(write_offs.reject(actor=actor(), write_off_id=write_off_id, note=body["note"]))


def _write_off(one: WriteOff) -> dict[str, Any]:
    return answers.write_offs([one])[0]
