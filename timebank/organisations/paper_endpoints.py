"""What staff enter about people from paper, over HTTP: consents, birth dates, guardians."""

from typing import Any
from uuid import UUID

from timebank.identity import consents, document_endpoints, documents
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.consent_schemas import ConsentsOut
from timebank.identity.document_rules import DocumentKind
from timebank.identity.document_schemas import DocumentOut
from timebank.identity.guards import actor, requires
from timebank.identity.models import Guardian
from timebank.identity.rules import Purpose
from timebank.organisations import paper_schemas, papers
from timebank.web import limits
from timebank.web.blueprint import Blueprint

blueprint = Blueprint("papers", __name__, description="纸质材料登记 · what staff enter from paper")


@blueprint.endpoint(
    "POST",
    "/people/<uuid:person_id>/consents",
    guard=requires(*papers.CLERKS),
    body=paper_schemas.PaperConsentBody,
    answer=(200, ConsentsOut),
    audited=noted(Verb.ENTER, "consent", target="person_id", outcome="purpose"),
)
def enter_consent(person_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """登记纸质同意书（或撤回）；同意书由该组织保存。不能为本人或亲属登记。"""
    papers.enter_consent(actor=actor(), person_id=person_id, **body | {"purpose": Purpose(body["purpose"])})
    return {"items": consents.standing(person_id)}


@blueprint.endpoint(
    "PUT",
    "/people/<uuid:person_id>/birth-date",
    guard=requires(*papers.CLERKS),
    body=paper_schemas.BirthDateBody,
    answer=(200, paper_schemas.BirthDateOut),
    audited=noted(Verb.CHANGE, "birth_date", target="person_id"),
)
def enter_birth_date(person_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """凭证件登记或更正出生日期；不留证件照片。"""
    papers.enter_birth_date(actor=actor(), person_id=person_id, **body)
    return {"person_id": person_id}


@blueprint.endpoint(
    "PUT",
    "/people/<uuid:person_id>/document",
    guard=requires(*papers.CLERKS),
    body=paper_schemas.SeenDocumentBody,
    answer=(200, DocumentOut),
    limit=limits.LOOKUPS,
    audited=noted(Verb.CHANGE, "document", target="person_id"),
)
def enter_document(person_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """凭证件登记或更换证件号码：只保存加密摘要和末四位，不留照片；须本人已同意“记录志愿服务”。"""
    document = documents.number_of(DocumentKind(body["kind"]), body["number"])
    entered = papers.enter_document(
        actor=actor(),
        person_id=person_id,
        organisation_id=body["organisation_id"],
        document=document,
        keys=document_endpoints.keys(),
    )
    return document_endpoints.shown(entered)


@blueprint.endpoint(
    "POST",
    "/people/<uuid:person_id>/guardians",
    guard=requires(*papers.CLERKS),
    body=paper_schemas.GuardianBody,
    answer=(201, paper_schemas.GuardianOut),
    once=True,
    audited=noted(Verb.ENTER, "guardian", target="id"),
)
def add_guardian(person_id: UUID, body: dict[str, Any]) -> Guardian:
    """登记监护人：有志愿者编号的填编号，可在小程序中自行同意；没有的只记姓名，同意书走纸质登记。"""
    return papers.add_guardian(actor=actor(), person_id=person_id, **body)


@blueprint.endpoint(
    "POST",
    "/people/<uuid:person_id>/guardians/<uuid:guardian_id>/end",
    guard=requires(*papers.CLERKS),
    answer=(200, paper_schemas.GuardianOut),
    audited=noted(Verb.END, "guardian"),
)
def end_guardian(person_id: UUID, guardian_id: UUID) -> Guardian:
    """终止监护登记；最后一位监护人终止时，其同意随之撤回。不能为本人和亲属办理。"""
    return papers.end_guardian(actor=actor(), person_id=person_id, guardian_id=guardian_id)
