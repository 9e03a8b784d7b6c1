"""One of each thing in one organisation, made for the test that asks for it from another one."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories.activities import a_qualification, a_shift, a_sign_up, an_activity, an_open_shift
from tests.factories.allowances import a_household, entitled, quotas_of
from tests.factories.anomalies import an_anomaly
from tests.factories.attendance import checked_in, post_once
from tests.factories.certificates import a_certificate
from tests.factories.corrections import a_correction
from tests.factories.devices import a_device
from tests.factories.family import a_relation
from tests.factories.files import a_file
from tests.factories.giving import a_giver, an_application, an_offer
from tests.factories.giving import a_request as a_pool_grant
from tests.factories.identity import a_coordinator, a_person, a_staff_member
from tests.factories.imports import ROSTER, a_csv, imported, wanted
from tests.factories.merchants import a_merchant
from tests.factories.notices import an_objection
from tests.factories.organisations import a_shop, an_area, an_organisation
from tests.factories.protection import a_guardian_of, a_minor
from tests.factories.records import a_pending_record, a_record
from tests.factories.shop import a_clerk, a_lot, a_member, reserved, some_goods
from tests.factories.staff import a_staff_account
from tests.factories.stars import PROPOSED, a_bank_with_stars, a_star_proposed, served
from tests.factories.stockkeeping import a_stocktake, a_write_off, sent
from tests.factories.supplements import a_finding, a_past_shift, a_supplement
from timebank import clock
from timebank.activities import series
from timebank.activities.series_rules import Frequency, Rule
from timebank.attendance import late
from timebank.attendance.rules import Action, LateReason
from timebank.awards import service as awards
from timebank.awards.models import Award
from timebank.complaints import service as complaints
from timebank.complaints.rules import Kind
from timebank.database import in_unit_of_work, session
from timebank.evaluations import service as evaluations
from timebank.identity import service, staff
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Grant, RelationState, Role
from timebank.mergers import service as mergers
from timebank.organisations import members
from timebank.organisations.models import Area, Organisation, Site
from timebank.people import disclosures
from timebank.people.rules import Field
from timebank.shop.allowance import proxies
from timebank.shop.counter import closings
from timebank.shop.intake import donations
from timebank.shop.intake.donations import Offered
from timebank.shop.merchant import settlements
from timebank.shop.months import Month
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.rules import DonorKind
from timebank.stars import service as stars
from timebank.stars.models import StarObjection
from timebank.training import service as training
from timebank.training.models import TrainingParticipation
from timebank.training.service import Participant

Named = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Home:
    """An organisation with its area, its staff by role, and two shops; the administrator makes what needs somebody."""

    area: Area
    organisation: Organisation
    staff: dict[Role, Actor]
    shop: Site
    other: Site

    @property
    def id(self) -> UUID:
        """Return the organisation's id."""
        return self.organisation.id

    @property
    def admin(self) -> Actor:
        """Return who makes what its maker alone sees."""
        return self.staff[Role.ADMIN]


def a_home() -> Home:
    """Make an organisation with staff of every role, over it and its area."""
    area = an_area()
    organisation = an_organisation(area_id=area.id)
    roles = [role for role in Role if role is not Role.VOLUNTEER]
    return Home(
        area=area,
        organisation=organisation,
        staff={role: a_staff_member(role, area_path=area.path) for role in roles},
        shop=a_shop(organisation_id=organisation.id),
        other=a_shop(organisation_id=organisation.id),
    )


def one_of_each(home: Home, client: FlaskClient) -> Named:
    """Return the ids of one of each thing, by the names that paths and bodies give them.

    A name after the beginning of a path is what it means there: the same word is used for more than one thing.
    """
    return (
        _of_the_shop(home)
        | _of_service(home)
        | _of_people(home)
        | _of_the_pool_and_stars(home)
        | _of_staff_and_merchants(home)
        | _of_reports(home, client)
        | {"number": "11010519491231002X", "guardian_name": "周大妈", "checked_out_at": "2026-11-02T01:00:00Z"}
    )


def _of_the_shop(home: Home) -> Named:
    goods, person = some_goods(), a_member(600)
    lot = a_lot(goods.id, home.shop.id, 20)
    quotas_of(home.shop)
    clerk = a_clerk(home.shop)
    order = reserved(person.id, home.shop.id, (goods.id, 1)).redemption.id
    handed_over = in_unit_of_work(lambda: hand_over(actor=clerk, redemption_id=order))
    closing = in_unit_of_work(lambda: closings.close(actor=clerk, site_id=home.shop.id))
    offer = partial(donations.offer, donor_id=person.id, site_id=home.shop.id, donor_kind=DonorKind.PERSON)
    proxy = in_unit_of_work(
        lambda: proxies.enter(
            actor=home.admin, person_id=person.id, organisation_id=home.id, reason="腿脚不便", name="邻居"
        )
    )
    return {
        "organisation_id": home.id,
        "site_id": home.shop.id,
        "to_site_id": home.other.id,
        "goods_id": goods.id,
        "lot_id": lot.id,
        "device_id": a_device(home.shop).device.id,
        "volunteer_id": person.id,
        "volunteer_no": person.volunteer_no,
        "redemption_id": reserved(person.id, home.shop.id, (goods.id, 1)).redemption.id,
        "household_id": a_household(person, a_person(), organisation_id=home.id).id,
        "write_off_id": a_write_off(home.shop, (lot.id, 1)).id,
        "transfer_id": sent(home.shop, home.other, (lot.id, 1)).id,
        "stocktake_id": a_stocktake(home.shop).id,
        "closing_id": closing.id,
        "intake_id": lot.intake_id,
        "receipt_id": handed_over.receipt.id,
        "donation_id": in_unit_of_work(lambda: offer(lines=[Offered("香皂", 2)])).id,
        "entitlement_id": entitled(person.id, home.shop).id,
        "proxy_id": proxy.id,
        "/people member_id": person.id,
        "/households member_id": person.id,
    }


def _of_service(home: Home) -> Named:
    coordinator, day = a_coordinator(home.id), timedelta(days=1)
    shift = an_open_shift(activity_id=an_activity(organisation_id=home.id).id)
    record, disputed = (a_pending_record(organisation=home.organisation) for _ in range(2))
    final, certified = (a_record(organisation=home.organisation) for _ in range(2))
    inside, late_comer = a_person(), a_person()
    with clock.at(clock.now() - 3 * day):
        begins = clock.now() + timedelta(hours=1)
        missed = a_sign_up(a_shift(starts_at=begins, ends_at=begins + day / 24, activity_id=shift.activity_id).id)
    late_scan = in_unit_of_work(
        lambda: late.keep(
            volunteer_id=late_comer.id,
            shift_id=shift.id,
            action=Action.CHECK_IN,
            reason=LateReason.NO_TIME,
            at=None,
            claimed_at=clock.now(),
        )
    )
    weekly = Rule(frequency=Frequency.WEEKLY, first_on=clock.day_of(clock.now()) + day)
    begin = partial(series.begin, actor=coordinator, activity_id=shift.activity_id, rule=weekly)
    made = in_unit_of_work(lambda: evaluations.evaluate(actor=coordinator, record_id=final.record_id, score=5))
    return {
        "activity_id": shift.activity_id,
        "shift_id": shift.id,
        "series_id": in_unit_of_work(lambda: begin(start_minute=600, length_minutes=60, capacity=2)).id,
        "supplement_id": a_supplement(a_past_shift(organisation_id=home.id)).id,
        "attendance_id": checked_in(inside.id, shift).attendance.id,
        "record_id": record.record_id,
        "correction_id": a_correction(coordinator, final.record_id, 60).id,
        "anomaly_id": an_anomaly(home.organisation).id,
        "sign_up_id": missed.id,
        "late_scan_id": late_scan,
        "evaluation_id": made,
        "finding_id": a_finding(coordinator, person_id=final.volunteer_id, record_id=final.record_id).id,
        "/objections objection_id": an_objection(disputed.record_id, disputed.volunteer_id).id,
        "/certificates number": a_certificate(certified.volunteer_id, home.id).number,
        "/people person_id": record.volunteer_id,
    }


def _of_people(home: Home) -> Named:
    person, old, child = a_person(), a_person(), a_minor(clock.day_of(clock.now()) - timedelta(days=9 * 365))
    guardian, (giver, recipient) = a_guardian_of(child, organisation_id=home.id), a_giver()
    relation = a_relation(person.id, old.id, state=RelationState.CONFIRMED, organisation_id=home.id)
    here: Named = {"actor": home.admin, "organisation_id": home.id}
    ask = partial(disclosures.ask, person_id=person.id, fields=[Field.NAME], reason="补材料", **here)
    complain = partial(complaints.complain, complainant_id=person.id, organisation_id=home.id, kind=Kind.CONDUCT)
    merge = partial(mergers.request, old_id=a_person().id, person_id=a_person().id, reason="两次登记", **here)
    join = partial(members.ask, person_id=person.id, organisation_id=home.id)
    return {
        "member_id": in_unit_of_work(join).id,
        "disclosure_id": in_unit_of_work(ask).disclosure.id,
        "complaint_id": in_unit_of_work(lambda: complain(words="态度不好")),
        "merge_id": in_unit_of_work(merge).id,
        "qualification_id": a_qualification(person.id, "first_aid", organisation_id=home.id).id,
        "relation_id": relation.id,
        "guardian_id": guardian.id,
        "ward_id": child.id,
        "gift_id": an_offer(giver.id, recipient).id,
        "file_id": a_file(Actor(person.id)).id,
        "award_id": in_unit_of_work(partial(_awarded, home, person)).id,
        "training_id": in_unit_of_work(partial(_trained, home, person)),
        "participation_id": in_unit_of_work(
            lambda: session.scalars(select(TrainingParticipation.id)).one(), write=False
        ),
        "/people/<person_id>/guardians person_id": child.id,
    }


def _awarded(home: Home, person: Person) -> Award:
    return awards.enter(
        actor=home.admin,
        organisation_id=home.id,
        volunteer_no=person.volunteer_no,
        name="优秀志愿者",
        awarding_unit="硖石街道",
        awarded_on=clock.day_of(clock.now()),
        evidence_note="表彰文件",
    )


def _trained(home: Home, person: Person) -> UUID:
    held = training.enter(
        actor=home.admin,
        organisation_id=home.id,
        name="急救培训",
        content="心肺复苏",
        held_on=clock.day_of(clock.now()),
        learning_minutes=60,
    )
    training.take_part(
        actor=home.admin, training_id=held.id, participants=[Participant(volunteer_no=person.volunteer_no)]
    )
    return held.id


def _of_the_pool_and_stars(home: Home) -> Named:
    a_bank_with_stars()
    record = served(a_person().id, 90, organisation=home.organisation)
    star_id = a_star_proposed(record.volunteer_id)
    neighbour = Actor(a_person().id)
    with clock.at(PROPOSED):
        in_unit_of_work(lambda: stars.object_to(actor=neighbour, proposal_id=star_id, reason="时长不实"))
    objection = in_unit_of_work(lambda: session.scalars(select(StarObjection.id)).one(), write=False)
    return {
        "star_id": star_id,
        "/star-objections objection_id": objection,
        "application_id": an_application(a_person().id, home.area).id,
        "/pool grant_id": a_pool_grant(home.admin, home.area, a_person().id).id,
    }


def _of_staff_and_merchants(home: Home) -> Named:
    held = [Grant(role, organisation_id=home.id) for role in (Role.COUNTER, Role.AUDITOR)]
    clerk, merchant = a_staff_account("zhou", *held), a_merchant(home.id)
    grants = in_unit_of_work(lambda: staff.grants_of(clerk.id), write=False)
    month = Month.of(clock.now())
    with clock.at(clock.now() + timedelta(days=40)):
        settle = partial(settlements.make, actor=a_coordinator(home.id), merchant_id=merchant.id, month=month)
        settled = in_unit_of_work(settle).settlement
    return {
        "person_id": clerk.id,
        "session_id": in_unit_of_work(lambda: service.sign_in(person_id=clerk.id)).session_id,
        "/staff grant_id": next(one.id for one in grants if one.role == Role.AUDITOR),
        "merchant_id": merchant.id,
        "settlement_id": settled.id,
        "month": "2026-09",
    }


def _of_reports(home: Home, client: FlaskClient) -> Named:
    def made(path: str, **body: str) -> str:
        answer = post_once(client, f"/statistics/{path}", home.admin, {"reason": "交街道", **body})
        assert answer.status_code == 201, answer.text
        found: str = answer.json["id"]
        return found

    roster = a_csv(ROSTER, [["V001", "张三", "", "", "", ""]])
    taken = imported(wanted(home.admin, roster, organisation_id=home.id)).entry
    assert taken is not None
    return {
        "export_id": made("exports", rows="organisation", format="csv"),
        "link_id": made("links"),
        "import_id": taken.id,
    }
