"""Merchants and their monthly statements over HTTP: for the organisation that they have an agreement with."""

import io
from typing import Any
from uuid import UUID

from flask import Response, current_app

from timebank.documents import csv_file, pdf_file, xlsx_file
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires
from timebank.identity.rules import Role
from timebank.organisations import queries as register
from timebank.organisations import scope
from timebank.shop.merchant import merchants, schemas, settlement_documents, settlements
from timebank.shop.merchant.merchants import KEEPERS, LISTERS, READERS, Agreement, Contact
from timebank.shop.merchant.settlements import Settled
from timebank.shop.merchant.tables import Merchant, MerchantSettlement
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("merchants", __name__, description="商家与月度结算单 · merchants and their statements")


@blueprint.endpoint(
    "GET", "/merchants", guard=requires(*LISTERS), query=PageQuery, answer=(200, page_of(schemas.MerchantOut))
)
def list_merchants(query: dict[str, Any]) -> dict[str, Any]:
    """签约商家；只列本组织签约的。柜台入库时从中选择。"""
    found = page(merchants.of(actor()), by=[Merchant.id], query=query, scalars=False)
    return found | {"items": [_merchant(merchant, name) for merchant, name, _ in found["items"]]}


@blueprint.endpoint(
    "POST",
    "/merchants",
    guard=requires(Role.ADMIN),
    body=schemas.MerchantBody,
    answer=(201, schemas.MerchantDetailOut),
    once=True,
    audited=noted(Verb.ENTER, "merchant"),
)
def register_merchant(body: dict[str, Any]) -> dict[str, Any]:
    """登记商家：已在名录中的组织，与另一组织签约供货或提供礼遇。"""
    merchant, _ = merchants.register(
        actor=actor(),
        organisation_id=body["organisation_id"],
        host_id=body["host_id"],
        agreement=Agreement(**body["agreement"]),
        contact=_contact(body),
    )
    return _detail(merchant)


@blueprint.endpoint(
    "GET", "/merchants/<uuid:merchant_id>", guard=requires(*READERS), answer=(200, schemas.MerchantDetailOut)
)
def show_merchant(merchant_id: UUID) -> dict[str, Any]:
    """一个商家和它的协议；联系人只给协调员和管理员看。"""
    return _detail(merchants.seen_by(actor(), merchant_id))


@blueprint.endpoint(
    "PUT",
    "/merchants/<uuid:merchant_id>/contact",
    guard=requires(*KEEPERS),
    body=schemas.ContactChangeBody,
    answer=(200, schemas.MerchantDetailOut),
    audited=noted(Verb.CHANGE, "merchant"),
)
def change_merchant_contact(merchant_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """更换联系人；null 为删除，不留旧的。"""
    return _detail(merchants.change_contact(actor=actor(), merchant_id=merchant_id, contact=_contact(body)))


@blueprint.endpoint(
    "POST",
    "/merchants/<uuid:merchant_id>/agreements",
    guard=requires(*KEEPERS),
    body=schemas.RenewalBody,
    answer=(201, schemas.AgreementOut),
    once=True,
    audited=noted(Verb.CHANGE, "merchant"),
)
def renew_agreement(merchant_id: UUID, body: dict[str, Any]) -> Any:
    """登记续签的协议；没有生效协议的商家不能再供货。"""
    return merchants.renew(actor=actor(), merchant_id=merchant_id, agreement=Agreement(**body["agreement"]))


@blueprint.endpoint(
    "GET",
    "/merchants/<uuid:merchant_id>/settlements",
    guard=requires(*READERS),
    query=PageQuery,
    answer=(200, page_of(schemas.SettlementOut)),
)
def list_settlements(merchant_id: UUID, query: dict[str, Any]) -> dict[str, Any]:
    """一个商家的月度结算单，新的在前。"""
    selected = settlements.of(actor=actor(), merchant_id=merchant_id)
    found = page(
        selected, by=[MerchantSettlement.month, MerchantSettlement.id], query=query, descending=True, scalars=False
    )
    return found | {"items": [_settlement(Settled(row[0], row[1])) for row in found["items"]]}


@blueprint.endpoint(
    "POST",
    "/merchants/<uuid:merchant_id>/settlements",
    guard=requires(*KEEPERS),
    body=schemas.SettlementBody,
    answer=(201, schemas.SettlementDetailOut),
    once=True,
    audited=noted(Verb.ISSUE, "settlement"),
)
def make_settlement(merchant_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """出具结算单：已结束的月份，每月一份，出具后不再改；以后的退货记入退货当月。"""
    made = settlements.make(actor=actor(), merchant_id=merchant_id, month=body["month"])
    return _settlement(made) | {"content": made.settlement.content}


@blueprint.endpoint(
    "GET",
    "/merchants/<uuid:merchant_id>/settlements/<uuid:settlement_id>",
    guard=requires(*READERS),
    query=schemas.SettlementQuery,
    answer=(200, schemas.SettlementDetailOut),
    media_types=("text/csv", xlsx_file.MEDIA_TYPE, pdf_file.MEDIA_TYPE),
)
def show_settlement(merchant_id: UUID, settlement_id: UUID, query: dict[str, Any]) -> Any:
    """一份结算单：JSON、CSV、XLSX 或 A4 PDF；同一份无论何时下载，内容逐字节相同。"""
    found = settlements.show(actor=actor(), merchant_id=merchant_id, settlement_id=settlement_id)
    if query["format"] != "json":
        return _file(found.settlement, query["format"])
    return _settlement(found) | {"content": found.settlement.content}


@blueprint.endpoint(
    "POST",
    "/merchants/<uuid:merchant_id>/settlements/<uuid:settlement_id>/confirm",
    guard=requires(*KEEPERS),
    answer=(200, schemas.SettlementOut),
    once=True,
    audited=noted(Verb.APPROVE, "settlement"),
)
def confirm_settlement(merchant_id: UUID, settlement_id: UUID) -> dict[str, Any]:
    """确认结算单：须由出具人以外的协调员或管理员。"""
    return _settlement(settlements.confirm(actor=actor(), merchant_id=merchant_id, settlement_id=settlement_id))


def _contact(body: dict[str, Any]) -> Contact:
    return Contact(**body["contact"] or {})


def _merchant(merchant: Merchant, name: str) -> dict[str, Any]:
    return {
        "id": merchant.id,
        "name": name,
        "organisation_id": merchant.organisation_id,
        "host_id": merchant.host_id,
        "registered_at": merchant.registered_at,
    }


def _detail(merchant: Merchant) -> dict[str, Any]:
    found = register.organisation_with_path(merchant.organisation_id)
    host = register.organisation_with_path(merchant.host_id)
    keeps = host is not None and any(
        grant.role in KEEPERS and scope.grant_covers(grant, organisation_id=merchant.host_id, area_path=host[1])
        for grant in actor().grants
    )
    contact = {"name": merchant.contact_name, "phone": merchant.contact_phone}
    return _merchant(merchant, found[0].name if found else "") | {
        "contact": contact if keeps and any(contact.values()) else None,
        "agreements": merchants.agreements_of(merchant.id),
    }


def _settlement(settled: Settled) -> dict[str, Any]:
    made, confirmation = settled.settlement, settled.confirmation
    return {
        "id": made.id,
        "merchant_id": made.merchant_id,
        "month": made.month,
        "sha256": made.sha256,
        "made_at": made.made_at,
        "made_by": made.made_by,
        "confirmed_at": confirmation.confirmed_at if confirmation else None,
        "confirmed_by": confirmation.confirmed_by if confirmation else None,
    }


def _file(settlement: MerchantSettlement, form: str) -> Response:
    if form == "csv":
        file, kind = b"".join(csv_file.stream(settlement_documents.table(settlement))), csv_file.MEDIA_TYPE
    elif form == "xlsx":
        buffer = io.BytesIO()
        xlsx_file.write(settlement_documents.table(settlement), buffer)
        file, kind = buffer.getvalue(), xlsx_file.MEDIA_TYPE
    else:
        face = current_app.extensions["timebank-typeface"]
        file, kind = settlement_documents.pdf(settlement, face), pdf_file.MEDIA_TYPE
    response = Response(file, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="settlement-{settlement.month}.{form}"'
    return response
