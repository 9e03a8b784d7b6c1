"""What goes on when two accounts become one: each treatment, with rows that clash and rows that do not."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories.activities import a_qualification, a_shift, a_sign_up, an_activity, taken_of
from tests.factories.allowances import a_household, a_limit, a_proxy, entitled, limited, quotas_of
from tests.factories.attendance import a_served_shift, checked_in, checked_out, minutes_past_nine
from tests.factories.certificates import AT_NOON, a_certificate, some_records
from tests.factories.corrections import corrected, revision_of
from tests.factories.family import a_relation
from tests.factories.files import a_file
from tests.factories.identity import a_coordinator, a_person
from tests.factories.ledger import earned
from tests.factories.mergers import a_phone, merged_by
from tests.factories.notices import a_record_on_notice
from tests.factories.notices import swept as notices_swept
from tests.factories.notifications import accepted, messages_of, remaining_of, told
from tests.factories.organisations import an_organisation
from tests.factories.protection import a_consent
from tests.factories.records import NINE_O_CLOCK, a_pending_record, a_record
from tests.factories.shop import a_clerk, a_stocked_shop, findings, minutes_for, reserved
from tests.factories.stars import NOTICE_OVER, a_bank_with_stars, a_star_proposed, decided, served
from tests.factories.supplements import a_finding
from timebank import clock
from timebank.activities import calendars, qualifications
from timebank.activities.models import SignUp
from timebank.attendance import derivations, printed
from timebank.certificates import queries as certificates
from timebank.codes.layouts import Kind
from timebank.database import Base, in_unit_of_work, session
from timebank.identity import consents, former, households
from timebank.identity.binding_tables import Phone
from timebank.identity.family import relatives_of
from timebank.identity.models import FamilyRelation, Person
from timebank.identity.rules import Actor, PersonState, Purpose, RelationState
from timebank.ledger import proof
from timebank.mergers.treatments import RULES, Treatment
from timebank.organisations import members
from timebank.organisations.models import Member, Organisation
from timebank.records import service as record_service
from timebank.records import supplement_queries
from timebank.records.account import account_of
from timebank.records.rules import State
from timebank.shop.allowance.errors import LimitReached
from timebank.shop.redemption import handovers
from timebank.stars import queries as stars
from timebank.stars.rules import State as StarState
from timebank.statistics import summary


class Office:
    """Two coordinators of an organisation, and two accounts of one person."""

    def __init__(self) -> None:
        self.organisation: Organisation = an_organisation()
        self.one, self.other = a_coordinator(self.organisation.id), a_coordinator(self.organisation.id)
        self.old, self.person = a_person("王秀英"), a_person("王秀英")

    def merge(self, old: Person | None = None, person: Person | None = None) -> None:
        """Merge the two, or others."""
        merged_by(
            self.one,
            self.other,
            old_id=(old or self.old).id,
            person_id=(person or self.person).id,
            organisation_id=self.organisation.id,
        )


@pytest.fixture
def office(app: Flask) -> Office:
    """Where mergers are made."""
    return Office()


def look(work: Any) -> Any:
    """Look something up."""
    return in_unit_of_work(work, write=False)


def seen(person_id: UUID) -> Person:
    """Return an account as it is now."""
    person: Person = look(lambda: session.get_one(Person, person_id, populate_existing=True))
    return person


def minutes_of(person_id: UUID) -> tuple[int, int]:
    """Return service minutes and balance."""
    account = look(lambda: account_of(person_id))
    return account["service_minutes"], account["balance_minutes"]


def test_records_go_on_and_can_be_corrected(office: Office) -> None:
    """Minutes, provenance and credit are the same; what is annulled later is taken from who goes on; all books agree."""
    kept = a_record(volunteer_id=office.old.id, organisation=office.organisation)
    wrong = a_record(
        volunteer_id=office.old.id, organisation=office.organisation, started_at=NINE_O_CLOCK + timedelta(days=1)
    )
    own = a_record(
        volunteer_id=office.person.id, organisation=office.organisation, started_at=NINE_O_CLOCK + timedelta(days=2)
    )
    office.merge()
    assert minutes_of(office.person.id) == (360, 360)
    assert minutes_of(office.old.id) == (0, 0)
    now = revision_of(kept.record_id)
    assert (now.number, now.volunteer_id, now.credited_by, now.state) == (2, office.person.id, kept.id, State.FINAL)
    assert revision_of(own.record_id).number == 1
    assert corrected(office.one, office.other, wrong.record_id, 0).credited_by is None
    assert minutes_of(office.person.id) == (240, 240)
    corrected(office.one, office.other, kept.record_id, 60)
    assert minutes_of(office.person.id) == (180, 180)
    assert proof.verify().ok
    assert look(summary.check) == []


def test_a_third_account_joins(office: Office) -> None:
    """Merged into one that was merged before into another: everything leads to the last, and so does a correction."""
    first = a_record(volunteer_id=office.old.id, organisation=office.organisation)
    a_record(
        volunteer_id=office.person.id, organisation=office.organisation, started_at=NINE_O_CLOCK + timedelta(days=1)
    )
    last = a_person("王秀英")
    earned(last.id, 10)
    office.merge()
    office.merge(office.person, last)
    assert minutes_of(last.id) == (240, 250)
    assert look(lambda: former.going_on([office.old.id, office.person.id, last.id])) == dict.fromkeys(
        [office.old.id, office.person.id, last.id], last.id
    )
    assert revision_of(first.record_id).credited_by == first.id
    corrected(office.one, office.other, first.record_id, 0)
    assert minutes_of(last.id) == (120, 130)
    assert proof.verify().ok


def test_scanned_records_are_still_explained(office: Office) -> None:
    """Also one whose check-in was the old account's and whose check-out is the other's."""
    shift = a_shift(
        starts_at=NINE_O_CLOCK,
        ends_at=NINE_O_CLOCK + timedelta(hours=3),
        activity_id=an_activity(organisation_id=office.organisation.id).id,
    )
    with minutes_past_nine(0):
        checked_in(office.old.id, shift)
    with minutes_past_nine(1):
        office.merge()
    with minutes_past_nine(90):
        ended = checked_out(office.person.id, shift)
    before = a_served_shift(volunteer_id=a_person().id)
    for record_id in (ended.revision.record_id, before.revision.record_id):
        assert look(lambda: derivations.derive(record_id)).differences == []  # noqa: B023 - called at once
    assert minutes_of(office.person.id)[0] == 90


def test_what_waits_waits_on(office: Office) -> None:
    """A record under review is approved for who goes on; a notice begins anew under their name, and ends in their wallet."""
    pending = a_pending_record(volunteer_id=office.old.id, organisation=office.organisation)
    a_record_on_notice(volunteer_id=office.old.id, started_at=NINE_O_CLOCK + timedelta(days=1))
    with clock.at(NINE_O_CLOCK + timedelta(days=2)):
        office.merge()
    in_unit_of_work(lambda: record_service.approve(actor=office.one, record_id=pending.record_id, reason="核实"))
    reviewed, credited = minutes_of(office.person.id)
    assert reviewed == credited > 0
    assert notices_swept(at=NINE_O_CLOCK + timedelta(days=20)) == 1
    assert minutes_of(office.person.id) == (reviewed + 120, credited + 120)
    assert minutes_of(office.old.id) == (0, 0)
    assert proof.verify().ok


def test_certificates_stay_valid_and_theirs(office: Office) -> None:
    """A merger supersedes nothing; a correction afterwards does."""
    record, *_ = some_records(office.organisation, office.old.id, 60, 60)
    certificate = a_certificate(office.old.id, office.organisation.id)
    office.merge()

    def mine() -> list[Any]:
        return list(session.execute(certificates.of_volunteer(office.person.id)))

    [row] = look(mine)
    assert (row[0].id, row.superseded) == (certificate.id, False)
    with clock.at(AT_NOON):
        corrected(office.one, office.other, record.record_id, 30)
    assert look(mine)[0].superseded


def test_stars_bans_and_qualifications_follow(office: Office) -> None:
    """What never changes is read for who goes on."""
    a_bank_with_stars()
    record = served(office.old.id, 120, organisation=office.organisation)
    star = a_star_proposed(office.old.id)
    decided(office.one, star)
    a_finding(office.one, person_id=office.old.id, record_id=record.record_id)
    a_qualification(office.old.id, "first_aid", organisation_id=office.organisation.id)
    office.merge()
    [standing] = look(lambda: stars.of_volunteers([office.person.id]))[office.person.id]
    assert (standing.proposal.id, standing.state(NOTICE_OVER)) == (star, StarState.AWARDED)
    assert look(lambda: supplement_queries.banned_until(office.person.id, clock.now())) is not None
    assert len(look(lambda: session.execute(qualifications.of(office.person.id)).all())) == 1


def test_limits_count_what_both_have_taken(office: Office) -> None:
    """Two a month, one on each account: nothing more this month; the audit finds what each account took in order."""
    shop, goods = a_stocked_shop(price_minutes=10)
    limited(shop, a_limit(2))
    for one in (office.old, office.person):
        minutes_for(one.id, 60)
        taken = reserved(one.id, shop.id, (goods.id, 1)).redemption
        hand_over(taken.id, shop)
    office.merge()
    with pytest.raises(LimitReached):
        reserved(office.person.id, shop.id, (goods.id, 1))
    assert findings() == []
    assert proof.verify().ok


def hand_over(redemption_id: UUID, shop: Any) -> None:
    """Hand goods over."""
    clerk = a_clerk(shop)
    in_unit_of_work(lambda: handovers.hand_over(actor=clerk, redemption_id=redemption_id))


def test_the_later_word_counts(office: Office) -> None:
    """Consents, each purpose by itself, whichever account said it."""
    early, late = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    said = [
        (early, office.person, Purpose.SERVICE_RECORD, True),
        (late, office.old, Purpose.SERVICE_RECORD, False),
        (early, office.old, Purpose.LOCATION, True),
        (late, office.person, Purpose.LOCATION, False),
        (early, office.old, Purpose.MINOR_SERVICE, True),
    ]
    for at, who, purpose, given in said:
        with clock.at(at):
            a_consent(who.id, purpose, given=given)
    office.merge()
    shown = look(lambda: {one.purpose: one.given for one in consents.standing(office.person.id)})
    assert shown == {Purpose.SERVICE_RECORD: False, Purpose.LOCATION: False, Purpose.MINOR_SERVICE: True}


def test_relatives_members_and_proxies_stand_once(office: Office) -> None:
    """Of two that may not stand side by side the old account's ends; the rest goes on."""
    shared, only_old = a_person("女儿"), a_person("儿子")
    for one, relative in ((office.old, shared), (office.person, shared), (office.old, only_old)):
        a_relation(one.id, relative.id)
    for one in (office.old, office.person):
        a_proxy(one, shared)
        in_unit_of_work(lambda: members.ask(person_id=one.id, organisation_id=office.organisation.id))  # noqa: B023
        in_unit_of_work(lambda: calendars.issue(person_id=one.id))  # noqa: B023
        told(one.id)
        accepted(one.id, times=2)
    elsewhere = an_organisation()
    in_unit_of_work(lambda: members.ask(person_id=office.old.id, organisation_id=elsewhere.id))
    office.merge()
    assert look(lambda: relatives_of(office.person.id)) == {shared.id, only_old.id}
    assert look(lambda: relatives_of(office.old.id)) == frozenset()
    states = look(lambda: sorted(session.scalars(select(FamilyRelation.state))))
    assert states == [RelationState.ENDED, RelationState.VERIFIED, RelationState.VERIFIED]
    open_members = select(Member.organisation_id).where(Member.person_id == office.person.id, Member.ended_at.is_(None))
    assert set(look(lambda: session.scalars(open_members).all())) == {office.organisation.id, elsewhere.id}
    assert len(messages_of(office.person.id)) == 2
    assert remaining_of(office.person.id) == 4
    assert left_with(office.old.id) == set()


def left_with(person_id: UUID) -> set[str]:
    """Return the ordinary tables whose rows still name somebody."""

    def find() -> set[str]:
        return {
            name
            for (name, column), rule in RULES.items()
            if rule.treatment is Treatment.MOVED
            and session.execute(
                select(Base.metadata.tables[name].c[column])
                .where(Base.metadata.tables[name].c[column] == person_id)
                .limit(1)
            ).first()
        }

    found: set[str] = look(find)
    return found


def test_a_household_goes_on_and_counts_what_was_taken(office: Office) -> None:
    """The old membership ends, the new one begins at that instant; whoever is in another household stays there."""
    wife, third = a_person(), a_person()
    home = a_household(office.old, wife)
    office.merge()
    own = look(lambda: households.household_of(office.person.id))
    assert own is not None
    assert own.household_id == home.id
    assert look(lambda: households.size_of(home.id)) == 2
    other = a_household(third)
    office.merge(third, office.person)
    assert look(lambda: households.household_of(office.person.id)).household_id == home.id
    assert look(lambda: households.size_of(other.id)) == 0
    assert findings() == []


def test_a_quota_stands_once(office: Office) -> None:
    """Of two free quotas at one organisation the old account's ends; the audit agrees."""
    shop, _ = a_stocked_shop()
    quotas_of(shop)
    for one in (office.old, office.person):
        entitled(one.id, shop)
    office.merge()
    table = Base.metadata.tables["free_quota_entitlement"]
    rows = look(lambda: session.execute(select(table.c.person_id, table.c.ended_at, table.c.end_reason)).all())
    assert {row.person_id for row in rows} == {office.person.id}
    assert sorted(row.ended_at is None for row in rows) == [False, True]
    assert findings() == []


def test_of_two_places_on_a_shift_that_is_over_one_is_withdrawn(office: Office) -> None:
    """It is no absence of anybody, and its place is counted no more."""
    shift = a_shift(starts_at=clock.now() + timedelta(days=4), ends_at=clock.now() + timedelta(days=4, hours=3))
    for one in (office.old, office.person):
        a_sign_up(shift.id, one.id)
    with clock.at(clock.now() + timedelta(days=5)):
        office.merge()
    states = select(SignUp.volunteer_id, SignUp.state).where(SignUp.shift_id == shift.id).order_by(SignUp.state)
    assert [tuple(row) for row in look(lambda: session.execute(states).all())] == [
        (office.person.id, "live"),
        (office.person.id, "withdrawn"),
    ]
    assert taken_of(shift.id) == 1


def test_a_card_goes_on_unless_there_is_a_newer_one(office: Office) -> None:
    """The printed card of the old account names who goes on; with two cards the other one's stays good."""
    third = a_person()

    def roll(person: Person) -> None:
        in_unit_of_work(
            lambda: printed.roll(kind=Kind.CARD, reference=person.member_ref, issued_by=office.one.person_id)
        )

    roll(office.old)
    office.merge()
    assert seen(office.person.id).member_ref == office.old.member_ref
    roll(third)
    office.merge(third, office.person)
    assert seen(office.person.id).member_ref == office.old.member_ref


def test_the_old_account_is_closed(office: Office) -> None:
    """Its files and number go on; nobody has its number any more; its birth date fills a gap."""
    sender = Actor(office.old.id)
    a_file(sender)
    a_phone(office.old.id, "13800000001", by=office.one, organisation_id=office.organisation.id)
    born = date(1955, 3, 8)
    in_unit_of_work(lambda: setattr(session.get_one(Person, office.old.id), "birth_on", born))
    office.merge()
    old, person = (seen(office.old.id), seen(office.person.id))
    assert (old.state, person.state, person.birth_on) == (PersonState.CLOSED, PersonState.ACTIVE, born)
    assert look(lambda: session.scalars(select(Phone.person_id)).all()) == [office.person.id]
    assert left_with(office.old.id) == set()
