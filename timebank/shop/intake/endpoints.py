"""Intakes, their receipts, lots, recalls, changes of purpose and food of the day over HTTP: for the staff of a site."""

from typing import Any
from uuid import UUID

from flask import Response, current_app

from timebank import clock
from timebank.documents import pdf_file
from timebank.errors import NotFound
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.rules import Role, masked_name
from timebank.shop import answers, queries
from timebank.shop.intake import donation_queries, food, receipts, schemas
from timebank.shop.models import Intake, Lot, Receipt
from timebank.shop.queries import Shop
from timebank.shop.rules import receipt_number
from timebank.shop.staff import STAFF, own_shop, works_at
from timebank.shop.stock import levels, lot_queries, purposes, recalls
from timebank.shop.stock.lot_queries import LotFilter
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint(
    "intakes", __name__, description="入库、批次、召回、当日食品 · intakes, lots, recalls, food of the day"
)


def _own(site_id: UUID) -> Shop:
    return own_shop(actor(), queries.shop(site_id))


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/intakes",
    guard=requires(*STAFF),
    query=PageQuery,
    answer=(200, page_of(schemas.IntakeOut)),
)
def list_intakes(query: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """本站入库记录，新的在前；不显示捐赠人姓名。"""
    _own(site_id)
    found = page(lot_queries.intakes_at(site_id), by=[Intake.received_on, Intake.number], query=query, descending=True)
    lots = lot_queries.lots_of_intakes([intake.id for intake in found["items"]])
    return found | {
        "items": [
            answers.intake(intake, [lot for lot, _ in lots[intake.id]], [pieces for _, pieces in lots[intake.id]])
            for intake in found["items"]
        ]
    }


@blueprint.endpoint(
    "GET",
    "/intakes/<uuid:intake_id>/receipt.pdf",
    guard=signed_in,
    answer=(200, None),
    media_types=(pdf_file.MEDIA_TYPE,),
)
def print_intake_receipt(intake_id: UUID) -> Response:
    """入库收据（A4）：本站工作人员，以及用手机捐赠的捐赠人本人。"""
    found = lot_queries.receipt_of_intake(intake_id)
    if found is None:
        raise NotFound
    receipt, site_id = found
    shop = queries.shop(site_id)
    is_staff = shop is not None and works_at(actor(), shop)
    if not is_staff and donation_queries.donor_of_intake(intake_id) != person_id():
        raise NotFound
    file = receipts.receipt_pdf(receipt, current_app.extensions["timebank-typeface"])
    response = Response(file, mimetype=pdf_file.MEDIA_TYPE)
    response.headers["Content-Disposition"] = f'inline; filename="{receipt.receipt_no}.pdf"'
    return response


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/lots",
    guard=requires(*STAFF),
    query=schemas.LotQuery,
    answer=(200, page_of(schemas.StockedLotOut)),
)
def list_lots(query: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """本站批次：库存、到期、限定用途、是否召回；可筛选临期、过期和限定用途的；state=all 含已空的。"""
    _own(site_id)
    now = clock.now()
    wanted = LotFilter(
        goods_id=query.get("goods"),
        everything=query["state"] == "all",
        near_expiry_days=query.get("near_expiry_days"),
        expired=query.get("expired"),
        restricted=query.get("restricted"),
    )
    select = lot_queries.lots_at(site_id, wanted, now)
    found = page(select, by=[Lot.received_at, Lot.id], query=query, descending=True, scalars=False)
    ids = [row.id for row in found["items"]]
    held = levels.held_by(ids, now)
    changes = purposes.changes_of(ids)
    return found | {
        "items": [
            answers.stocked_lot(
                row, held[row.id], purposes.purpose_at(row.Lot.restricted_purpose, changes[row.id], now)
            )
            for row in found["items"]
        ]
    }


@blueprint.endpoint(
    "POST",
    "/lots/<uuid:lot_id>/recall",
    guard=requires(*STAFF),
    body=schemas.RecallBody,
    answer=(201, schemas.RecallOut),
    once=True,
    audited=noted(Verb.REVOKE, "lot"),
)
def recall_lot(body: dict[str, Any], lot_id: UUID) -> dict[str, Any]:
    """召回批次：立即停发，不可撤回；已领的人各收到一次通知；列出仍在等候提货的兑换单和已领人数。"""
    done = recalls.recall(actor=actor(), lot_id=lot_id, reason=body["reason"])
    return {
        "lot_id": lot_id,
        "reason": done.recall.reason,
        "recalled_at": done.recall.recalled_at,
        "on_hand": done.on_hand,
        "lots": [{"lot_id": lot.id, "site_id": lot.site_id} for lot in done.lots],
        "held": done.held,
        "people": done.people,
    }


@blueprint.endpoint(
    "POST",
    "/lots/<uuid:lot_id>/purpose-changes",
    guard=requires(Role.COORDINATOR, Role.ADMIN),
    body=schemas.PurposeBody,
    answer=(201, schemas.PurposeOut),
    once=True,
    audited=noted(Verb.CHANGE, "lot"),
)
def change_purpose(body: dict[str, Any], lot_id: UUID) -> Any:
    """变更限定用途：捐赠人同意（consent）即可生效；无法取得同意的须公示（notice）满 60 天。"""
    return purposes.change_purpose(actor=actor(), lot_id=lot_id, **body)


@blueprint.endpoint(
    "GET",
    "/lots/<uuid:lot_id>/purpose-changes",
    guard=requires(*STAFF),
    answer=(200, schemas.PurposesOut),
)
def list_purpose_changes(lot_id: UUID) -> dict[str, Any]:
    """捐赠时的限定用途、历次变更和现行用途。"""
    own_shop(actor(), lot_queries.shop_of_lot(lot_id))
    given = lot_queries.purpose_given(lot_id)
    changes = purposes.changes_of([lot_id])[lot_id]
    return {"given": given, "in_force": purposes.purpose_at(given, changes, clock.now()), "changes": changes}


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/hand-out-list",
    guard=requires(*STAFF),
    answer=(200, schemas.HandOutListOut),
)
def show_hand_out_list(site_id: UUID) -> dict[str, Any]:
    """今日须发完的食品：还剩几件、可发到几点。"""
    _own(site_id)
    found = food.to_hand_out(site_id, clock.now())
    items = [
        {
            "lot_id": one.level.lot_id,
            "goods_id": one.level.goods_id,
            "name": one.name,
            "unit": one.unit,
            "on_hand": one.level.on_hand,
            "available": one.level.available,
            "until": one.level.expires_at,
        }
        for one in found
    ]
    return {"items": items, "pieces": sum(one.level.on_hand for one in found)}


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/hand-out-list/received",
    guard=requires(*STAFF),
    query=PageQuery,
    answer=(200, page_of(schemas.ReceivedOut)),
)
def list_received(query: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """今日已领过当日食品的人（姓名脱敏），新的在前。"""
    _own(site_id)
    now = clock.now()
    found = page(food.received(site_id, now), by=[Receipt.number], query=query, descending=True, scalars=False)
    return found | {
        "items": [
            {
                "receipt_no": receipt_number(clock.day_of(now), row.number),
                "name": masked_name(row.display_name),
                "volunteer_no": f"******{row.volunteer_no[-4:]}",
                "pieces": int(row.pieces),
                "received_at": row.issued_at,
            }
            for row in found["items"]
        ]
    }
