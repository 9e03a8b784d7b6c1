"""Posters of shifts and cards of volunteers over HTTP: rolled by those who answer for them, printed as often as needed."""

from typing import Any, cast
from uuid import UUID

from flask import Response, current_app

from timebank.activities.queries import ShiftContext
from timebank.attendance import points, printed, printed_schemas, printing
from timebank.attendance.incoming import book
from timebank.attendance.printed import Issued
from timebank.codes import layouts
from timebank.codes.layouts import Kind
from timebank.database import in_unit_of_work
from timebank.documents import pdf_file, qr
from timebank.documents.typefaces import Typeface
from timebank.errors import NotFound
from timebank.identity import queries as people
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.minors import name_for
from timebank.identity.models import Person
from timebank.identity.wechat import Picture, WechatClient
from timebank.identity.wechat_token import SharedToken
from timebank.records.service import DECIDERS
from timebank.web import limits
from timebank.web.blueprint import Blueprint

blueprint = Blueprint("printed codes", __name__, description="海报与志愿者卡 · posters and volunteers' cards")


@blueprint.endpoint(
    "POST",
    "/shifts/<uuid:shift_id>/poster",
    guard=signed_in,
    answer=(201, printed_schemas.RolledPosterOut),
    once=True,
)
def roll_poster(shift_id: UUID) -> dict[str, Any]:
    """签发签到海报：没有屏幕时用；再次签发则以前的海报作废。扫海报的时长一律须审核。负责人、协调员可用。"""
    context = points.led_by(actor(), shift_id)
    issued = printed.roll(kind=Kind.POSTER, reference=context.point_ref, issued_by=person_id())
    return {"shift_id": shift_id, "serial": issued.serial, "issued_at": issued.issued_at}


def _poster_token(shift_id: UUID) -> str:
    context = points.led_by(actor(), shift_id)
    issued = printed.newest(kind=Kind.POSTER, references=[context.point_ref]).get(context.point_ref)
    if issued is None:
        raise NotFound
    return book().poster(point=context.point_ref, serial=issued.serial)


def _mini_program_code(*, shift_id: UUID) -> Picture:
    """Have WeChat draw the code, outside any transaction and only for whoever may have the poster."""
    scene = in_unit_of_work(lambda: _poster_token(shift_id), write=False)
    client, settings = current_app.extensions["timebank-wechat"], current_app.extensions["timebank-settings"]
    page = settings.wechat_scan_page
    token = SharedToken(client, settings.wechat_app_id)
    return token.used(lambda good: cast("WechatClient", client).code_picture(scene, page=page, token=good))


@blueprint.endpoint(
    "GET",
    "/shifts/<uuid:shift_id>/poster",
    guard=signed_in,
    query=printed_schemas.PosterQuery,
    answer=(200, printed_schemas.PosterOut),
    media_types=("image/svg+xml", "image/png", pdf_file.MEDIA_TYPE),
)
def get_poster(shift_id: UUID, query: dict[str, Any]) -> Any:
    """现行的签到海报：svg、pdf 为 A4 整张，png 只有二维码；还没有签发过则为 404。"""
    context = points.led_by(actor(), shift_id)
    issued = printed.newest(kind=Kind.POSTER, references=[context.point_ref]).get(context.point_ref)
    if issued is None:
        raise NotFound
    return _poster_as(query["format"], context, issued)


@blueprint.endpoint(
    "GET",
    "/shifts/<uuid:shift_id>/poster/mini-program-code",
    guard=signed_in,
    answer=(200, None),
    limit=limits.PRINTS,
    prepare=_mini_program_code,
    media_types=("image/jpeg", "image/png"),
)
def get_mini_program_code(shift_id: UUID, prepared: Picture) -> Response:
    """现行海报的小程序码：由微信生成，微信扫一扫直接打开小程序；还没有签发过海报则为 404。"""
    return Response(prepared.content, mimetype=prepared.media_type)


def _poster_as(form: str, context: ShiftContext, issued: Issued) -> Any:
    token = book().poster(point=context.point_ref, serial=issued.serial)
    poster = printing.Poster(context, issued.serial, token)
    if form == "svg":
        return Response(printing.poster_svg(poster), mimetype="image/svg+xml")
    if form == "png":
        return Response(qr.png(token), mimetype="image/png")
    if form == "pdf":
        return _pdf(printing.poster_pdf(poster, _typeface()), "poster.pdf")
    return {"shift_id": context.shift_id, "serial": issued.serial, "issued_at": issued.issued_at, "token": token}


@blueprint.endpoint(
    "POST",
    "/people/<uuid:volunteer_id>/card",
    guard=requires(*DECIDERS),
    answer=(201, printed_schemas.RolledCardOut),
    once=True,
    audited=noted(Verb.ISSUE, "card", target="volunteer_id"),
)
def roll_card(volunteer_id: UUID) -> dict[str, Any]:
    """签发志愿者卡：给没有手机的人；补办即作废旧卡。签发人留痕。协调员、管理员可用。"""
    person = people.person(volunteer_id)
    if person is None:
        raise NotFound
    issued = printed.roll(kind=Kind.CARD, reference=person.member_ref, issued_by=person_id())
    return {"person_id": person.id, "serial": issued.serial, "issued_at": issued.issued_at}


@blueprint.endpoint(
    "GET",
    "/cards.pdf",
    guard=requires(*DECIDERS),
    query=printed_schemas.CardsQuery,
    answer=(200, None),
    media_types=(pdf_file.MEDIA_TYPE,),
    audited=noted(Verb.UNMASK, "card", person="ids"),
)
def print_cards(query: dict[str, Any]) -> Response:
    """打印志愿者卡：A4 每张十枚；只能打印本人签发的现行卡，其余为 404。未成年人的姓名脱敏，获准查看的除外。"""
    wanted = dict.fromkeys(query["ids"])
    known = people.people(wanted)
    found = [known[one] for one in wanted if one in known]
    issued = printed.newest(kind=Kind.CARD, references=[person.member_ref for person in found])
    mine = {reference: one for reference, one in issued.items() if one.issued_by == person_id()}
    if len(found) < len(wanted) or len(mine) < len(found):
        raise NotFound
    cards = [_card(person, mine[person.member_ref]) for person in found]
    return _pdf(printing.cards_pdf(cards, _typeface()), "cards.pdf")


def _card(person: Person, issued: Issued) -> printing.Card:
    token = book().issue(layouts.Card(person.member_ref, issued.serial))
    return printing.Card(name_for(person_id(), person), person.volunteer_no, issued.serial, token)


def _pdf(file: bytes, name: str) -> Response:
    response = Response(file, mimetype=pdf_file.MEDIA_TYPE)
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


def _typeface() -> Typeface:
    face: Typeface = current_app.extensions["timebank-typeface"]
    return face
