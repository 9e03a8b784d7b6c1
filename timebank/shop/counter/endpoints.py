"""The counter over HTTP: receipts once more, lock-outs, clerks' posts, daily closings."""

from typing import Any
from uuid import UUID

from flask import Response, current_app

from timebank import clock
from timebank.documents import pdf_file
from timebank.documents.typefaces import Typeface
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.device_models import ClerkSite
from timebank.identity.guards import actor, requires, signed_in
from timebank.shop.counter import answers, closing_slips, closings, lock_outs, posts, receipt_reading, schemas
from timebank.shop.counter.closing_slips import Shown
from timebank.shop.counter.closings import NOTHING_COUNTED, Counted
from timebank.shop.counter.models import Closing, LockLift
from timebank.shop.counter.receipt_reading import Read
from timebank.shop.models import Receipt
from timebank.shop.staff import MANAGERS, READERS, STAFF
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint(
    "counter", __name__, description="柜台：小票、锁定、日结 · the counter: receipts, lock-outs, closings"
)

PLAIN = "text/plain"


@blueprint.endpoint("GET", "/receipts/<uuid:receipt_id>", guard=signed_in, answer=(200, schemas.ReprintOut))
def show_receipt(receipt_id: UUID) -> dict[str, Any]:
    """一张小票：本人或该公益仓工作人员可看；文字注明补打，并注明之后退回了多少。"""
    return answers.reprinted(receipt_reading.receipt_for(actor=actor(), receipt_id=receipt_id))


@blueprint.endpoint("GET", "/receipts/<uuid:receipt_id>.txt", guard=signed_in, answer=(200, None), media_types=(PLAIN,))
def print_receipt(receipt_id: UUID) -> Response:
    """补打小票：58 毫米打印机的文字，每行 32 列。"""
    read = receipt_reading.receipt_for(actor=actor(), receipt_id=receipt_id)
    return _plain(answers.reprinted(read)["text"])


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/receipts",
    guard=requires(*READERS),
    query=schemas.ReceiptQuery,
    answer=(200, page_of(schemas.ReprintOut)),
)
def list_receipts(query: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """一个公益仓一天的小票，新的在前；会员姓名已遮蔽。"""
    day = query.get("day") or clock.day_of(clock.now())
    shop, found = receipt_reading.of_day(actor=actor(), site_id=site_id, day=day)
    listed = page(found, by=[Receipt.number], query=query, descending=True, scalars=False)
    reads = [Read(row[0], row.person_id, shop, row.to_proxy) for row in listed["items"]]
    return listed | {"items": answers.reprints(reads)}


@blueprint.endpoint(
    "GET", "/sites/<uuid:site_id>/lock-outs", guard=requires(*MANAGERS), answer=(200, schemas.LockOutsOut)
)
def list_lock_outs(site_id: UUID) -> dict[str, Any]:
    """柜台锁定：因输错码次数过多而锁定的设备和工作人员，锁到几时。协调员、管理员可看。"""
    return {"items": lock_outs.at_shop(actor=actor(), site_id=site_id)}


@blueprint.endpoint(
    "POST",
    "/sites/<uuid:site_id>/lock-outs/lift",
    guard=requires(*MANAGERS),
    body=schemas.LiftBody,
    answer=(201, schemas.LiftOut),
    once=True,
    audited=noted(Verb.LIFT, "lock_out", target="site_id"),
)
def lift_lock_out(body: dict[str, Any], site_id: UUID) -> LockLift:
    """解除锁定：须写明原因并留痕；输错的码里有本人的，由另一位协调员解除。"""
    return lock_outs.lift(
        actor=actor(),
        site_id=site_id,
        reason=body["reason"],
        device_id=body.get("device_id"),
        clerk_id=body.get("clerk_id"),
    )


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/clerks",
    guard=requires(*MANAGERS),
    query=PageQuery,
    answer=(200, page_of(schemas.ClerkOut)),
)
def list_clerks(query: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """限定在这个公益仓的柜台人员；没有限定的，组织的各个公益仓都可以用。"""
    found = posts.at_shop(actor=actor(), site_id=site_id)
    listed = page(found, by=[ClerkSite.person_id], query=query, scalars=False)
    return listed | {"items": [row._asdict() | {"name": row.display_name} for row in listed["items"]]}


@blueprint.endpoint(
    "PUT",
    "/sites/<uuid:site_id>/clerks/<uuid:person_id>",
    guard=requires(*MANAGERS),
    answer=(204, None),
    audited=noted(Verb.CHANGE, "post", target="site_id"),
)
def bind_clerk(site_id: UUID, person_id: UUID) -> None:
    """把柜台人员限定在这个公益仓；可限定多个。从下一次请求起生效。"""
    posts.bind(actor=actor(), site_id=site_id, person_id=person_id)


@blueprint.endpoint(
    "DELETE",
    "/sites/<uuid:site_id>/clerks/<uuid:person_id>",
    guard=requires(*MANAGERS),
    answer=(204, None),
    audited=noted(Verb.END, "post", target="site_id"),
)
def release_clerk(site_id: UUID, person_id: UUID) -> None:
    """取消限定；一个都不限定，则组织的各个公益仓都可以用。"""
    posts.release(actor=actor(), site_id=site_id, person_id=person_id)


@blueprint.endpoint(
    "GET", "/sites/<uuid:site_id>/closings/next", guard=requires(*STAFF), answer=(200, schemas.PendingOut)
)
def show_next_closing(site_id: UUID) -> dict[str, Any]:
    """待结数字：上次日结以来的小票、分钟、退货、撤销和物品件数；核对后再日结。"""
    return answers.pending(closings.pending(actor=actor(), site_id=site_id))


@blueprint.endpoint(
    "POST",
    "/sites/<uuid:site_id>/closings",
    guard=requires(*STAFF),
    body=schemas.ClosingBody,
    answer=(201, schemas.ClosingOut),
    once=True,
    audited=noted(Verb.POST, "closing"),
)
def close_day(body: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """日结：覆盖上次日结以来的全部小票、退货和撤销，由经办人签署，不能修改；之后的核销计入下一次日结。"""
    counted = body.get("counted")
    made = closings.close(
        actor=actor(),
        site_id=site_id,
        day=body.get("day"),
        counted=_counted(counted) if counted else NOTHING_COUNTED,
        note=body.get("note"),
        looked_at=body.get("figures_sha256"),
    )
    return answers.closing(_shown(made.id))


def _counted(body: dict[str, Any]) -> Counted:
    return Counted(body.get("slips"), {one["goods_id"]: one["counted"] for one in body["pieces"]})


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/closings",
    guard=requires(*READERS),
    query=PageQuery,
    answer=(200, page_of(schemas.ClosingOut)),
)
def list_closings(query: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """一个公益仓的日结单，新的在前。"""
    shop, found = closings.of_shop(actor=actor(), site_id=site_id)
    listed = page(found, by=[Closing.number], query=query, descending=True)
    return listed | {"items": [answers.closing(one) for one in answers.shown(listed["items"], shop.name)]}


@blueprint.endpoint("GET", "/closings/<uuid:closing_id>", guard=requires(*READERS), answer=(200, schemas.ClosingOut))
def show_closing(closing_id: UUID) -> dict[str, Any]:
    """一张日结单。"""
    return answers.closing(_shown(closing_id))


@blueprint.endpoint(
    "GET", "/closings/<uuid:closing_id>.txt", guard=requires(*READERS), answer=(200, None), media_types=(PLAIN,)
)
def print_closing(closing_id: UUID) -> Response:
    """打印日结单：58 毫米打印机的文字，每行 32 列。"""
    return _plain(closing_slips.text(_shown(closing_id)))


@blueprint.endpoint(
    "GET",
    "/closings/<uuid:closing_id>.pdf",
    guard=requires(*READERS),
    answer=(200, None),
    media_types=(pdf_file.MEDIA_TYPE,),
)
def print_closing_on_a4(closing_id: UUID) -> Response:
    """日结单 PDF：A4，存档用。"""
    face: Typeface = current_app.extensions["timebank-typeface"]
    response = Response(closing_slips.pdf(_shown(closing_id), face), mimetype=pdf_file.MEDIA_TYPE)
    response.headers["Content-Disposition"] = 'inline; filename="closing.pdf"'
    return response


def _shown(closing_id: UUID) -> Shown:
    closing, shop = closings.closing_for(actor=actor(), closing_id=closing_id)
    return answers.shown([closing], shop.name)[0]


def _plain(text: str) -> Response:
    return Response(text, content_type=f"{PLAIN}; charset=utf-8")
