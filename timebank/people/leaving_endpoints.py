"""One's own data to take along, and leaving for good, over HTTP."""

from typing import Any
from uuid import UUID

from flask import Response

from timebank.errors import NotFound
from timebank.identity import guardians
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.organisations.papers import CLERKS
from timebank.people import erasing, exporting
from timebank.people import leaving_schemas as schemas
from timebank.people.erasing import Choice, Paper
from timebank.people.models import ErasureRequest
from timebank.people.rules import Balance
from timebank.web import limits
from timebank.web.blueprint import Blueprint

blueprint = Blueprint("leaving", __name__, description="查阅复制与注销 · one's own data, and leaving")

ZIP = "application/zip"


@blueprint.endpoint(
    "GET",
    "/me/export",
    guard=signed_in,
    query=schemas.OwnDataQuery,
    answer=(200, schemas.OwnDataOut),
    media_types=(ZIP,),
    limit=limits.OWN_DATA,
)
def export_me(query: dict[str, Any]) -> dict[str, Any] | Response:
    """下载时间银行持有的本人全部信息（个人信息保护法第四十五条）；format=zip 为可用表格软件打开的压缩包。"""
    return _exported(person_id(), query)


@blueprint.endpoint(
    "GET",
    "/me/wards/<uuid:ward_id>/export",
    guard=signed_in,
    query=schemas.OwnDataQuery,
    answer=(200, schemas.OwnDataOut),
    media_types=(ZIP,),
    limit=limits.OWN_DATA,
)
def export_ward(ward_id: UUID, query: dict[str, Any]) -> dict[str, Any] | Response:
    """监护人下载所监护的未成年人的全部信息。"""
    if not guardians.answers_for(person_id(), ward_id):
        raise NotFound
    return _exported(ward_id, query)


def _exported(whose: UUID, query: dict[str, Any]) -> dict[str, Any] | Response:
    exported = exporting.export_of(whose)
    if query["format"] == "json":
        return exported
    response = Response(exporting.as_zip(exported), content_type=ZIP)
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.zip"'
    return response


@blueprint.endpoint("GET", "/me/erasure", guard=signed_in, answer=(200, schemas.ErasureStandingOut))
def get_my_erasure() -> erasing.Standing:
    """我的注销申请：何时执行，还有什么事项未了结。"""
    return erasing.standing_of(person_id())


@blueprint.endpoint(
    "POST",
    "/me/erasure",
    guard=signed_in,
    body=schemas.ErasureBody,
    answer=(202, schemas.ErasureOut),
    once=True,
)
def ask_erasure(body: dict[str, Any]) -> ErasureRequest:
    """申请注销账户：七天后执行，期间可撤回；服务记录和账目依法保留但不再有姓名，余额按所选捐入公共池或作废。未满 14 周岁由监护人提出。"""
    return erasing.ask_oneself(person_id=person_id(), choice=_choice(body))


@blueprint.endpoint("POST", "/me/erasure/withdraw", guard=signed_in, answer=(200, schemas.ErasureOut))
def withdraw_erasure() -> ErasureRequest:
    """撤回注销申请：已满 14 周岁的，本人和监护人都可撤回；未满 14 周岁由监护人撤回。"""
    return erasing.withdraw_oneself(person_id=person_id())


@blueprint.endpoint(
    "GET", "/me/wards/<uuid:ward_id>/erasure", guard=signed_in, answer=(200, schemas.ErasureStandingOut)
)
def get_ward_erasure(ward_id: UUID) -> erasing.Standing:
    """所监护的未成年人的注销申请：何时执行，还有什么事项未了结。"""
    if not guardians.answers_for(person_id(), ward_id):
        raise NotFound
    return erasing.standing_of(ward_id)


@blueprint.endpoint(
    "POST",
    "/me/wards/<uuid:ward_id>/erasure",
    guard=signed_in,
    body=schemas.ErasureBody,
    answer=(202, schemas.ErasureOut),
    once=True,
)
def ask_ward_erasure(ward_id: UUID, body: dict[str, Any]) -> ErasureRequest:
    """监护人为未满 18 周岁的人申请注销（个人信息保护法第三十一条，未成年人网络保护条例第三十四条）；与本人申请一样等七天。"""
    return erasing.ask_for_ward(guardian_id=person_id(), ward_id=ward_id, choice=_choice(body))


@blueprint.endpoint(
    "POST", "/me/wards/<uuid:ward_id>/erasure/withdraw", guard=signed_in, answer=(200, schemas.ErasureOut)
)
def withdraw_ward_erasure(ward_id: UUID) -> ErasureRequest:
    """监护人为所监护的未成年人撤回注销申请。"""
    return erasing.withdraw_for_ward(guardian_id=person_id(), ward_id=ward_id)


@blueprint.endpoint(
    "POST",
    "/people/<uuid:person_id>/erasure",
    guard=requires(*CLERKS),
    body=schemas.PaperErasureBody,
    answer=(202, schemas.ErasureOut),
    once=True,
    audited=noted(Verb.REQUEST, "erasure"),
)
def enter_erasure(person_id: UUID, body: dict[str, Any]) -> ErasureRequest:
    """登记本人当面提出的注销申请；不能为本人或亲属登记。七天后执行，期间可撤回。"""
    paper = Paper(body["organisation_id"], body["reason"])
    return erasing.enter(actor=actor(), person_id=person_id, choice=_choice(body), paper=paper)


@blueprint.endpoint(
    "POST",
    "/people/<uuid:person_id>/erasure/withdraw",
    guard=requires(*CLERKS),
    body=schemas.PaperWithdrawalBody,
    answer=(200, schemas.ErasureOut),
    audited=noted(Verb.REVOKE, "erasure"),
)
def withdraw_entered_erasure(person_id: UUID, body: dict[str, Any]) -> ErasureRequest:
    """登记本人撤回注销申请。"""
    return erasing.withdraw_entered(actor=actor(), person_id=person_id, **body)


def _choice(body: dict[str, Any]) -> Choice:
    return Choice(Balance(body["balance"]), body.get("area_id"))
