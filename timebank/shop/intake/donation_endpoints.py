"""Donations over HTTP: offered by a phone, decided by the staff of the site, and what became of them for the donor."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from timebank.errors import NotFound
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.shop import answers, queries
from timebank.shop.intake import donation_queries, donation_schemas, donations
from timebank.shop.intake.donation_tables import Donation, DonationLine
from timebank.shop.staff import STAFF, own_shop
from timebank.shop.stock import lot_queries, traces
from timebank.web import limits
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("donations", __name__, description="手机捐赠（共富集） · donations from a phone")


@blueprint.endpoint(
    "POST",
    "/donations",
    guard=signed_in,
    body=donation_schemas.GoodsDonationBody,
    answer=(201, donation_schemas.GoodsDonationOut),
    once=True,
    limit=limits.DONATIONS,
)
def offer_donation(body: dict[str, Any]) -> dict[str, Any]:
    """捐赠物品：说明送什么、送到哪个公益仓或捐赠点；工作人员验收后才入库。"""
    donation = donations.offer(
        donor_id=person_id(),
        site_id=body["site_id"],
        donor_kind=body["donor"]["kind"],
        donor_name=body["donor"].get("name"),
        lines=[donations.Offered(**line) for line in body["lines"]],
        note=body.get("note"),
    )
    return _one(donation)


@blueprint.endpoint(
    "GET", "/me/donations", guard=signed_in, query=PageQuery, answer=(200, page_of(donation_schemas.GoodsDonationOut))
)
def list_my_donations(query: dict[str, Any]) -> dict[str, Any]:
    """我的捐赠，新的在前。"""
    found = page(
        donation_queries.donations_of(person_id()),
        by=[Donation.offered_at, Donation.id],
        query=query,
        descending=True,
    )
    return found | {"items": answers.donations(found["items"])}


@blueprint.endpoint(
    "GET", "/me/donations/<uuid:donation_id>", guard=signed_in, answer=(200, donation_schemas.OwnDonationOut)
)
def show_my_donation(donation_id: UUID) -> dict[str, Any]:
    """我的一笔捐赠和物品去向（含调拨到别处的）：在库、已发放、报损各几件，惠及几人；不含姓名。"""
    donation = donation_queries.donation(donation_id)
    if donation is None or donation.donor_id != person_id():
        raise NotFound
    by_line = donation_queries.lots_of(donation_id)
    trees = {lot_id: traces.tree_of(lot_id) for lots in by_line.values() for lot_id in lots}
    shown = _one(donation)
    became = [
        _fate(line, {lot_id: trees[lot_id] for lot_id in by_line.get(line.line_no, ())}) for line in shown["lines"]
    ]
    people = lot_queries.people_served([lot_id for tree in trees.values() for lot_id in tree])
    return shown | {"became": became, "people": people}


def _fate(line: DonationLine, trees: Mapping[UUID, Collection[UUID]]) -> dict[str, Any]:
    fates = [traces.fate_of(lot_id, tree) for lot_id, tree in trees.items()]
    pieces = {what: sum(fate[what] for fate in fates) for what in _FATE}
    return {"line_no": line.line_no, "name": line.name, "accepted": pieces.pop("received"), **pieces}


_FATE = ("received", "on_hand", "handed_out", "written_off", "missing", "in_transit")


@blueprint.endpoint(
    "POST",
    "/donations/<uuid:donation_id>/cancel",
    guard=signed_in,
    answer=(200, donation_schemas.GoodsDonationOut),
    once=True,
)
def cancel_donation(donation_id: UUID) -> dict[str, Any]:
    """撤回捐赠：本人，在工作人员处理以前。"""
    return _one(donations.cancel(donor_id=person_id(), donation_id=donation_id))


@blueprint.endpoint(
    "GET",
    "/sites/<uuid:site_id>/donations",
    guard=requires(*STAFF),
    query=donation_schemas.DonationQuery,
    answer=(200, page_of(donation_schemas.OfferedDonationOut)),
)
def list_donations(query: dict[str, Any], site_id: UUID) -> dict[str, Any]:
    """送到本站的捐赠，新的在前；state=offered 为待验收。"""
    own_shop(actor(), queries.shop(site_id))
    found = page(
        donation_queries.donations_at(site_id, query.get("state")),
        by=[Donation.offered_at, Donation.id],
        query=query,
        descending=True,
    )
    return found | {"items": answers.donations(found["items"], with_donors=True)}


@blueprint.endpoint(
    "POST",
    "/donations/<uuid:donation_id>/accept",
    guard=requires(*STAFF),
    body=donation_schemas.AcceptBody,
    answer=(201, donation_schemas.AcceptedDonationOut),
    once=True,
    audited=noted(Verb.APPROVE, "donation"),
)
def accept_donation(body: dict[str, Any], donation_id: UUID) -> dict[str, Any]:
    """验收捐赠：全部或一部分入库，可注明品质和限定用途；给出收据号。"""
    donation, intake, lots = donations.accept(
        actor=actor(),
        donation_id=donation_id,
        lines=[donations.Accepted(**line) for line in body["lines"]],
        note=body.get("note"),
    )
    taken = answers.intake(intake, [lot for lot, _ in lots], [pieces for _, pieces in lots])
    return _one(donation) | {"intake": taken}


@blueprint.endpoint(
    "POST",
    "/donations/<uuid:donation_id>/decline",
    guard=requires(*STAFF),
    body=donation_schemas.DeclineBody,
    answer=(200, donation_schemas.GoodsDonationOut),
    once=True,
    audited=noted(Verb.REJECT, "donation"),
)
def decline_donation(body: dict[str, Any], donation_id: UUID) -> dict[str, Any]:
    """婉拒捐赠：说明理由，捐赠人可见。"""
    return _one(donations.decline(actor=actor(), donation_id=donation_id, reason=body["reason"]))


def _one(donation: Donation) -> dict[str, Any]:
    return answers.donations([donation])[0]
