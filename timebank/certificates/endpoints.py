"""Certificates over HTTP: issued, listed, printed, revoked."""

from typing import Any
from uuid import UUID

from flask import Response, current_app

from timebank.certificates import issuers, queries, schemas, service
from timebank.certificates.layouts import FIRST
from timebank.certificates.models import Certificate
from timebank.certificates.printing import certificate_pdf
from timebank.certificates.service import Press, Wanted
from timebank.documents import pdf_file
from timebank.documents.typefaces import Typeface
from timebank.identity import audit
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.former import goes_on
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.organisations import scope
from timebank.web.blueprint import Blueprint
from timebank.web.limits import CERTIFICATES, PRINTS
from timebank.web.pages import page
from timebank.web.schemas import PageQuery

blueprint = Blueprint("certificates", __name__, description="志愿服务记录证明 · certificates")


def _press() -> Press:
    face: Typeface = current_app.extensions["timebank-typeface"]
    return Press(face=face, public_url=current_app.extensions["timebank-settings"].public_address)


def _ready(**_: Any) -> Press:
    """Read the font before the transaction begins: on SQLite everybody who writes would wait for it."""
    press = _press()
    press.face.load()
    return press


@blueprint.endpoint(
    "POST",
    "/me/certificates",
    guard=signed_in,
    body=schemas.MyCertificateBody,
    answer=(201, schemas.WholeCertificateOut),
    once=True,
    limit=CERTIFICATES,
    prepare=_ready,
)
def issue_my_certificate(body: dict[str, Any], prepared: Press) -> dict[str, Any]:
    """自助出具志愿服务记录证明：免费；谁记录、谁证明，每个组织一份；可选起止日期。只含已生效、没有未答复异议的记录。"""
    return _whole(service.issue_own(actor=actor(), wanted=Wanted(**body), press=prepared))


@blueprint.endpoint("GET", "/me/certificates", guard=signed_in, query=PageQuery, answer=(200, schemas.CertificatePage))
def list_my_certificates(query: dict[str, Any]) -> dict[str, Any]:
    """我的证明：最新的在前，附现在的状态。"""
    found = queries.of_volunteer(person_id())
    return _listed(page(found, by=[Certificate.issued_at, Certificate.id], query=query, descending=True, scalars=False))


@blueprint.endpoint(
    "POST",
    "/organisations/<uuid:organisation_id>/certificates",
    guard=requires(*issuers.KEEPERS),
    body=schemas.CertificateBody,
    answer=(201, schemas.WholeCertificateOut),
    once=True,
    prepare=_ready,
    audited=noted(Verb.ISSUE, "certificate", target="number"),
)
def issue_certificate(organisation_id: UUID, body: dict[str, Any], prepared: Press) -> dict[str, Any]:
    """代没有手机的志愿者出具证明：须本人申请，说明本人如何提出。协调员、管理员可用。"""
    volunteer_no, reason = body.pop("volunteer_no"), body.pop("reason")
    wanted = Wanted(organisation_id=organisation_id, **body)
    return _whole(
        service.issue_for(actor=actor(), volunteer_no=volunteer_no, reason=reason, wanted=wanted, press=prepared)
    )


@blueprint.endpoint(
    "GET",
    "/organisations/<uuid:organisation_id>/certificates",
    guard=requires(*issuers.READERS),
    query=PageQuery,
    answer=(200, schemas.CertificatePage),
)
def list_certificates(organisation_id: UUID, query: dict[str, Any]) -> dict[str, Any]:
    """证明登记簿：按编号从新到旧，号码连续；姓名脱敏。"""
    scope.organisation_for(actor(), *issuers.READERS, organisation_id=organisation_id)
    found = queries.of_organisation(organisation_id)
    by = [Certificate.year, Certificate.sequence]
    return _listed(page(found, by=by, query=query, descending=True, scalars=False))


@blueprint.endpoint(
    "GET", "/certificates/<string(maxlength=40):number>", guard=signed_in, answer=(200, schemas.WholeCertificateOut)
)
def show_certificate(number: str) -> dict[str, Any]:
    """一份证明的全部内容：本人，或该组织的工作人员（姓名脱敏）。"""
    return _whole(number)


def _note_printed(given: dict[str, Any], _response: Response) -> None:
    """Note that staff have seen a name in full; what holders print of their own is no unmasking."""
    certificate = service.seen(actor=actor(), number=given["number"])[0]
    audit.note(
        actor=actor(),
        verb=Verb.UNMASK,
        kind="certificate",
        target=certificate.number,
        person_id=goes_on(certificate.volunteer_id),
        organisation_id=certificate.organisation_id,
    )


def _is_own(given: dict[str, Any]) -> bool:
    return goes_on(service.seen(actor=actor(), number=given["number"])[0].volunteer_id) == person_id()


_note_printed.spares = _is_own  # type: ignore[attr-defined]


@blueprint.endpoint(
    "GET",
    "/certificates/<string(maxlength=40):number>.pdf",
    guard=signed_in,
    answer=(200, None),
    media_types=(pdf_file.MEDIA_TYPE,),
    limit=PRINTS,
    audited=_note_printed,
)
def print_certificate(number: str) -> Response:
    """下载证明（A4，附明细页、二维码、盖章处）：同一份每次下载都完全相同；已撤销的本人不能再打印。未成年人的，工作人员须先获准查看其姓名。"""
    certificate, names, _, _ = service.seen(actor=actor(), number=number, printed=True)
    file = certificate_pdf(service.statement_of(certificate, names), _press().face, certificate.layout or FIRST)
    response = Response(file, mimetype=pdf_file.MEDIA_TYPE)
    response.headers["Content-Disposition"] = f'inline; filename="certificate-{certificate.number}.pdf"'
    return response


@blueprint.endpoint(
    "POST",
    "/certificates/<string(maxlength=40):number>/revocation",
    guard=requires(*issuers.KEEPERS),
    body=schemas.RevocationBody,
    answer=(201, schemas.WholeCertificateOut),
    once=True,
    audited=noted(Verb.REVOKE, "certificate", target="number"),
)
def revoke_certificate(number: str, body: dict[str, Any]) -> dict[str, Any]:
    """撤销证明：须说明理由，不能恢复；核验页随即显示已撤销。协调员、管理员可用。"""
    service.revoke(actor=actor(), number=number, **body)
    return _whole(number)


@blueprint.endpoint(
    "GET",
    "/organisations/<uuid:organisation_id>/issuer",
    guard=requires(*issuers.READERS),
    answer=(200, schemas.IssuerOut),
)
def show_issuer(organisation_id: UUID) -> dict[str, Any]:
    """证明上的负责人、经办人、联系方式。"""
    return issuers.seen(actor=actor(), organisation_id=organisation_id)


@blueprint.endpoint(
    "PUT",
    "/organisations/<uuid:organisation_id>/issuer",
    guard=requires(*issuers.KEEPERS),
    body=schemas.IssuerBody,
    answer=(200, schemas.IssuerOut),
    audited=noted(Verb.CHANGE, "issuer", target="organisation_id"),
)
def put_issuer(organisation_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """登记证明上的负责人、经办人、联系方式；已出具的证明不变。协调员、管理员可用。"""
    return issuers.put(actor=actor(), organisation_id=organisation_id, **body)


def _whole(number: str) -> dict[str, Any]:
    facts = service.seen(actor=actor(), number=number)
    own = goes_on(facts[0].volunteer_id) == person_id()
    return schemas.whole(facts, queries.entries_of(facts[0].id), own=own)


def _listed(found: dict[str, Any]) -> dict[str, Any]:
    return found | {"items": [schemas.listed(row[:4]) for row in found["items"]]}
