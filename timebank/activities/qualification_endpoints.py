"""Qualifications over HTTP: staff enter and take back what they have verified, everybody reads their own."""

from datetime import datetime
from typing import Any
from uuid import UUID

from timebank import clock
from timebank.activities import qualification_schemas, qualifications
from timebank.activities.qualification_rules import QUALIFICATION_NAMES, Qualification
from timebank.activities.qualification_tables import VerifiedQualification
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("qualifications", __name__, description="资质与技能 · qualifications and skills")


@blueprint.endpoint(
    "POST",
    "/people/<uuid:person_id>/qualifications",
    guard=requires(*qualifications.CLERKS),
    body=qualification_schemas.QualificationBody,
    answer=(201, qualification_schemas.QualificationOut),
    once=True,
    audited=noted(Verb.APPROVE, "qualification"),
)
def verify_qualification(person_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """核验资质或技能：看过原件后登记，写明看了什么和有效期；不留复印件和证号。不能为本人或亲属核验。"""
    return _shown(qualifications.verify(actor=actor(), person_id=person_id, **body), None)


@blueprint.endpoint(
    "POST",
    "/qualifications/<uuid:qualification_id>/end",
    guard=requires(*qualifications.CLERKS),
    body=qualification_schemas.QualificationEndBody,
    answer=(200, qualification_schemas.QualificationOut),
    once=True,
    audited=noted(Verb.END, "qualification"),
)
def end_qualification(qualification_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """撤销一项核验，写明理由；原来的登记保留。"""
    ended = qualifications.end(actor=actor(), qualification_id=qualification_id, **body)
    return _shown(ended, clock.now())


@blueprint.endpoint(
    "GET",
    "/me/qualifications",
    guard=signed_in,
    query=PageQuery,
    answer=(200, page_of(qualification_schemas.QualificationOut)),
)
def list_my_qualifications(query: dict[str, Any]) -> dict[str, Any]:
    """我的资质与技能，含已撤销、已过期的，新的在前。"""
    by = [VerifiedQualification.verified_at, VerifiedQualification.id]
    answer = page(qualifications.of(person_id()), by=by, query=query, descending=True, scalars=False)
    return {**answer, "items": [_shown(row.VerifiedQualification, row.ended_at) for row in answer["items"]]}


def _shown(verified: VerifiedQualification, ended_at: datetime | None) -> dict[str, Any]:
    today = clock.day_of(clock.now())
    valid = verified.valid_from <= today and (verified.valid_until is None or today <= verified.valid_until)
    return {
        "id": verified.id,
        "kind": verified.kind,
        "name": QUALIFICATION_NAMES[Qualification(verified.kind)],
        "valid_from": verified.valid_from,
        "valid_until": verified.valid_until,
        "valid": valid and ended_at is None,
        "organisation_id": verified.organisation_id,
        "verified_at": verified.verified_at,
        "ended_at": ended_at,
    }
