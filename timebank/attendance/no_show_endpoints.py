"""Absences over HTTP: one's own, and those that a coordinator may lift."""

from typing import Any
from uuid import UUID

from timebank import clock
from timebank.activities.models import Shift, SignUp
from timebank.attendance import no_show_schemas, no_shows
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.rules import masked_name
from timebank.records.service import DECIDERS
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("no_shows", __name__, description="缺席 · no-shows")

_BY = [Shift.ends_at, SignUp.id]


@blueprint.endpoint(
    "GET", "/me/no-shows", guard=signed_in, query=PageQuery, answer=(200, page_of(no_show_schemas.AbsenceOut))
)
def list_my_no_shows(query: dict[str, Any]) -> dict[str, Any]:
    """我的缺席：报了名、没取消、也没来的场次，含已撤销的，新的在前。只作记录，不限制报名。"""
    return page(no_shows.absences_of(person_id(), clock.now()), by=_BY, query=query, descending=True, scalars=False)


@blueprint.endpoint(
    "POST",
    "/me/no-shows/<uuid:sign_up_id>/explanation",
    guard=signed_in,
    body=no_show_schemas.AbsenceReason,
    answer=(204, None),
    once=True,
)
def explain_no_show(sign_up_id: UUID, body: dict[str, Any]) -> None:
    """对一次缺席作说明，例如已到场但没扫码、临时生病；由组织者核实后撤销。"""
    no_shows.explain(volunteer_id=person_id(), sign_up_id=sign_up_id, **body)


@blueprint.endpoint(
    "GET",
    "/no-shows",
    guard=requires(*DECIDERS),
    query=no_show_schemas.AbsenceQuery,
    answer=(200, page_of(no_show_schemas.ListedAbsenceOut)),
)
def list_no_shows(query: dict[str, Any]) -> dict[str, Any]:
    """管理范围内未撤销的缺席，默认最近一年，更早的请填 from；explained=yes 只看已作说明、等您答复的。"""
    found = no_shows.absences_for(
        actor(),
        clock.now(),
        organisation_id=query.get("organisation"),
        explained="explained" in query,
        since=query.get("since"),
    )
    answer = page(found, by=_BY, query=query, descending=True, scalars=False)
    items = [row._asdict() | {"volunteer_name": masked_name(row.display_name)} for row in answer["items"]]
    return {**answer, "items": items}


@blueprint.endpoint(
    "POST",
    "/no-shows/<uuid:sign_up_id>/lift",
    guard=requires(*DECIDERS),
    body=no_show_schemas.AbsenceReason,
    answer=(204, None),
    once=True,
    audited=noted(Verb.LIFT, "no_show", target="sign_up_id"),
)
def lift_no_show(sign_up_id: UUID, body: dict[str, Any]) -> None:
    """撤销一次缺席，写明理由并告知本人；不能处理自己和亲属的。"""
    no_shows.lift(actor=actor(), sign_up_id=sign_up_id, **body)
