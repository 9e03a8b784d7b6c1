"""What the measured requests need to be true: people, a shift, a shop; made through the services, outside timed parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from timebank import clock
from timebank.activities import service as activities
from timebank.activities.models import Activity, Shift
from timebank.activities.rules import MAX_CAPACITY, Category
from timebank.attendance import service as attendance
from timebank.attendance.reading import Presented, Reader
from timebank.database import new_id
from timebank.identity import service as identity
from timebank.identity.rules import Actor, Grant, Role
from timebank.ledger import service as ledger
from timebank.organisations import service as organisations
from timebank.organisations.models import Area, Organisation, Site
from timebank.organisations.rules import OrganisationKind, SiteKind
from timebank.policies.rules import BUILT_IN
from timebank.records import service as records
from timebank.records.rules import Provenance, Served, SourceType
from timebank.shop.catalogue import goods
from timebank.shop.intake import intakes
from timebank.shop.rules import DonorKind, Source
from timebank.web import tokens

FOUNDER = Actor(new_id(), (Grant(Role.ADMIN, area_path=""),))
GOODS = 30
PIECES = 1_000_000
PRICE_MINUTES = 30
SERVED_DAYS = 24


@dataclass(frozen=True, kw_only=True)
class Volunteer:
    """A person, and a token of theirs."""

    id: UUID
    token: str


@dataclass(frozen=True, kw_only=True)
class Street:
    """One organisation with an activity that has a shift under way, and a shop full of goods."""

    area: Area
    organisation: Organisation
    activity: Activity
    shift: Shift
    shop: Site
    goods: Sequence[UUID]


def street() -> Street:
    """Set up the street, two hours ago."""
    with clock.at(clock.now() - timedelta(hours=2)):
        area = organisations.add_area(actor=FOUNDER, name="硖石街道", code="0573")
        organisation = organisations.add_organisation(
            actor=FOUNDER, name="三色堇志愿服务队", kind=OrganisationKind.REGISTERED, area_id=area.id
        )
        activity = activities.add_activity(
            actor=FOUNDER,
            organisation_id=organisation.id,
            area_id=area.id,
            name="社区食堂帮厨",
            category=Category.ELDER_CARE,
            content="为老人备餐、送餐。",
        )
        now = clock.now()
        shift = activities.publish_shift(
            actor=FOUNDER,
            activity_id=activity.id,
            starts_at=now + timedelta(minutes=30),
            ends_at=now + timedelta(hours=12),
            capacity=MAX_CAPACITY,
        )
        shop = organisations.add_site(
            actor=FOUNDER, organisation_id=organisation.id, kind=SiteKind.SHOP, name="梧桐公益仓"
        )
        return Street(
            area=area,
            organisation=organisation,
            activity=activity,
            shift=shift,
            shop=shop,
            goods=_stocked(shop.id, clock.now() + timedelta(days=90)),
        )


def _stocked(shop_id: UUID, expires_at: datetime) -> list[UUID]:
    """Put goods on the shelf, each in two lots, so that there is an order of expiry to pick by."""
    made = [
        goods.add_goods(actor=FOUNDER, name=f"大米{number}", category="food", unit="袋", price_minutes=PRICE_MINUTES).id
        for number in range(GOODS)
    ]
    for later in range(2):
        intakes.take_in(
            actor=FOUNDER,
            site_id=shop_id,
            source=Source.DONATED,
            donor_kind=DonorKind.ANONYMOUS,
            lines=[intakes.Delivered(one, PIECES, expires_at + timedelta(days=later)) for one in made],
        )
    return made


def volunteers(count: int) -> list[Volunteer]:
    """Enrol some people and sign them in."""
    people = [identity.enrol(display_name=f"志愿者{number}") for number in range(count)]
    return [Volunteer(id=one.id, token=tokens.issue(person_id=one.id, session_id=new_id())) for one in people]


def inside(where: Street, reader: Reader, count: int) -> list[Volunteer]:
    """Enrol people who have scanned in at the shift an hour ago and are still there."""
    people = volunteers(count)
    with clock.at(clock.now() - timedelta(hours=1)):
        on_the_wall = Presented(token=code_of(where, reader))
        for one in people:
            attendance.check_in(actor=Actor(one.id), reader=reader, presented=on_the_wall)
    return people


def code_of(where: Street, reader: Reader) -> str:
    """Return what the screen at the shift shows now; it is taken for 15 to 30 seconds."""
    return reader.book.rotating(point=where.shift.point_ref, at=clock.now())


def with_balance(count: int) -> list[Volunteer]:
    """Enrol people who have minutes to spend."""
    people = volunteers(count)
    earnings = [
        ledger.Earning(transfer_id=new_id(), owner_id=one.id, minutes=600, source_id=new_id(), occurred_at=clock.now())
        for one in people
    ]
    ledger.earn_many(earnings=earnings, actor_id=FOUNDER.person_id)
    return people


def with_a_past(where: Street, count: int) -> list[Volunteer]:
    """Enrol people who have served on some days, with a final record and a credit for each."""
    people = volunteers(count)
    for one in people:
        for day in range(1, SERVED_DAYS + 1):
            _serve(where, one.id, clock.now() - timedelta(days=day))
    return people


def _serve(where: Street, volunteer_id: UUID, ended_at: datetime) -> None:
    served = Served(
        volunteer_id=volunteer_id,
        source_type=SourceType.ATTENDANCE,
        source_id=new_id(),
        started_at=ended_at - timedelta(hours=2),
        ended_at=ended_at,
        provenance=Provenance.SELF_SCAN,
        activity_id=where.activity.id,
        activity_name=where.activity.name,
        content=where.activity.content,
        organisation_id=where.organisation.id,
        organisation_name=where.organisation.name,
        area_id=where.area.id,
        area_path=where.area.path,
        shift_id=where.shift.id,
        place=where.area.name,
        leader_id=None,
    )
    records.record_service(served=served, policy=BUILT_IN, actor_id=volunteer_id, now=ended_at)
