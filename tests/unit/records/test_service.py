"""Records are made once, revised by decisions, and credited exactly when they become final."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.factories.identity import a_coordinator, a_person, a_staff_member
from tests.factories.organisations import an_organisation
from tests.factories.records import NINE_O_CLOCK, a_pending_record, a_record, a_service, recorded
from timebank.clock import day_of
from timebank.database import in_unit_of_work, new_id, session
from timebank.errors import NotFound
from timebank.identity.rules import Actor, Role
from timebank.ledger.models import Transfer
from timebank.policies.rules import Policy
from timebank.records import queries, service
from timebank.records.account import AccountOut, account_of
from timebank.records.errors import AlreadyRecorded, OwnRecord, RecordNotPending, ServiceOverlap
from timebank.records.models import Revision
from timebank.records.rules import Flag, Provenance, State


def test_a_clean_scan_pair_is_final_and_credited_at_once(app: Flask) -> None:
    """Two hours, both ends scanned: a final record, and the same minutes in the wallet."""
    volunteer = a_person()
    made = recorded(a_service(volunteer_id=volunteer.id))
    assert made.revision.state is State.FINAL
    assert made.account is not None
    assert made.account.balance_minutes == made.revision.credited_minutes == 120
    assert account_of(volunteer.id)["balance_minutes"] == 120


def test_a_flagged_service_waits_and_shows_what_it_would_earn(app: Flask) -> None:
    """A doubt holds the credit: nothing is posted, the expectation is told."""
    pending = a_pending_record()
    assert (pending.state, pending.credited_minutes, pending.expected_minutes) == (State.PENDING_REVIEW, 0, 120)
    assert account_of(pending.volunteer_id)["balance_minutes"] == 0


def test_a_service_that_earns_nothing_posts_nothing(app: Flask) -> None:
    """Nine minutes are honour without credit; the ledger takes no zero."""
    revision = a_record(minutes=9)
    assert (revision.state, revision.service_minutes, revision.credited_minutes) == (State.FINAL, 9, 0)
    account = account_of(revision.volunteer_id)
    assert (account["service_minutes"], account["balance_minutes"], account["seq"]) == (9, 0, 0)


def test_one_source_makes_one_record(app: Flask) -> None:
    """The database refuses a second record of the same attendance, and nothing of it stays."""
    volunteer = a_person()
    served = a_service(volunteer_id=volunteer.id)
    recorded(served)
    with pytest.raises(IntegrityError):
        recorded(served)
    assert account_of(volunteer.id)["balance_minutes"] == 120
    assert AlreadyRecorded.constraints == ("uq_service_record_source_type_source_id",)


def test_approval_posts_what_was_expected(app: Flask) -> None:
    """A coordinator's yes is a new revision with reason and name, and the credit names that very revision."""
    organisation = an_organisation()
    pending = a_pending_record(organisation=organisation)
    coordinator = a_coordinator(organisation.id)
    made = in_unit_of_work(
        lambda: service.approve(actor=coordinator, record_id=pending.record_id, reason="现场核实过")
    ).revision
    assert (made.number, made.state, made.credited_minutes) == (2, State.FINAL, 120)
    assert (made.actor_id, made.reason) == (coordinator.person_id, "现场核实过")
    assert session.scalars(select(Transfer.source_id)).all() == [made.id]
    assert account_of(pending.volunteer_id)["by_provenance"]["self_scan"] == 120


def test_a_rejected_record_stays_and_earns_nothing(app: Flask) -> None:
    """The evidence is kept, with the reason; neither honour nor balance grows."""
    organisation = an_organisation()
    pending = a_pending_record(organisation=organisation)
    coordinator = a_coordinator(organisation.id)
    made = in_unit_of_work(lambda: service.reject(actor=coordinator, record_id=pending.record_id, reason="未到场"))
    assert (made.revision.state, made.revision.service_minutes, made.account) == (State.REJECTED, 120, None)
    account = account_of(pending.volunteer_id)
    assert (account["service_minutes"], account["balance_minutes"]) == (0, 0)


@pytest.mark.parametrize("decide", [service.approve, service.reject])
def test_a_record_is_decided_once(app: Flask, decide: object) -> None:
    """After a decision there is nothing pending any more."""
    organisation = an_organisation()
    pending = a_pending_record(organisation=organisation)
    coordinator = a_coordinator(organisation.id)
    in_unit_of_work(lambda: service.approve(actor=coordinator, record_id=pending.record_id, reason="属实"))
    with pytest.raises(RecordNotPending):
        in_unit_of_work(lambda: decide(actor=coordinator, record_id=pending.record_id, reason="再来"))  # type: ignore[operator]


@pytest.mark.rule("R08")
def test_nobody_decides_on_their_own_record(app: Flask) -> None:
    """A coordinator who served asks a colleague."""
    organisation = an_organisation()
    coordinator = a_coordinator(organisation.id)
    own = a_pending_record(volunteer_id=coordinator.person_id, organisation=organisation)
    with pytest.raises(OwnRecord):
        in_unit_of_work(lambda: service.approve(actor=coordinator, record_id=own.record_id, reason="我自己"))


def test_a_record_outside_the_scope_does_not_exist(app: Flask) -> None:
    """Another organisation's coordinator, an auditor and a volunteer find nothing; neither does anyone an unknown id."""
    organisation = an_organisation()
    pending = a_pending_record(organisation=organisation)
    outsiders = [
        a_coordinator(an_organisation().id),
        a_staff_member(Role.AUDITOR, area_path=""),
        Actor(a_person().id),
    ]
    for actor in outsiders:
        with pytest.raises(NotFound):
            in_unit_of_work(lambda who=actor: service.approve(actor=who, record_id=pending.record_id, reason="试试"))
    insider = a_coordinator(organisation.id)
    with pytest.raises(NotFound):
        in_unit_of_work(lambda: service.approve(actor=insider, record_id=new_id(), reason="试试"))


@pytest.mark.rule("R20")
def test_two_services_of_a_day_share_the_daily_cap(app: Flask) -> None:
    """A pending service takes its part of the day's cap, so that approving it later cannot exceed the cap."""
    policy = Policy(daily_credit_cap_minutes=150)
    volunteer = a_person()
    first = a_record(volunteer_id=volunteer.id, policy=policy, flags=frozenset({Flag.LATE}))
    second = a_record(volunteer_id=volunteer.id, policy=policy, started_at=NINE_O_CLOCK + timedelta(hours=3))
    next_day = a_record(volunteer_id=volunteer.id, policy=policy, started_at=NINE_O_CLOCK + timedelta(days=1))
    assert [row.expected_minutes for row in (first, second, next_day)] == [120, 30, 120]


@pytest.mark.rule("R11")
def test_the_service_that_makes_a_day_too_long_is_reviewed(app: Flask) -> None:
    """More than eight hours in one day are looked at, over all services of the day."""
    volunteer = a_person()
    morning = a_record(volunteer_id=volunteer.id, minutes=300)
    evening = a_record(volunteer_id=volunteer.id, minutes=181, started_at=NINE_O_CLOCK + timedelta(hours=6))
    assert (morning.state, evening.state) == (State.FINAL, State.PENDING_REVIEW)
    assert evening.flags == "OVER_DAILY"


def test_so_far_counts_current_revisions_only(app: Flask) -> None:
    """A decided record is counted by its last revision, not twice; a rejected one not at all."""
    organisation = an_organisation()
    coordinator = a_coordinator(organisation.id)
    volunteer = a_person()
    kept, gone = (a_pending_record(volunteer_id=volunteer.id, organisation=organisation) for _ in range(2))
    in_unit_of_work(lambda: service.approve(actor=coordinator, record_id=kept.record_id, reason="属实"))
    in_unit_of_work(lambda: service.reject(actor=coordinator, record_id=gone.record_id, reason="重复"))
    found = queries.so_far(volunteer_id=volunteer.id, day=day_of(NINE_O_CLOCK))
    assert (found.day_service_minutes, found.day_expected_minutes) == (120, 120)
    assert found.by_provenance == queries.totals(volunteer.id)
    assert found.by_provenance[Provenance.SELF_SCAN] == 120


def test_totals_are_split_by_provenance(app: Flask) -> None:
    """Every provenance has its own sum, also one that nobody has used (rule R09)."""
    volunteer = a_person()
    a_record(volunteer_id=volunteer.id)
    a_record(volunteer_id=volunteer.id, provenance=Provenance.STAFF_SCAN, minutes=60)
    account = account_of(volunteer.id)
    assert account["by_provenance"] == {"self_scan": 120, "staff_scan": 60, "supplement": 0, "import": 0}
    assert account["service_minutes"] == 180
    assert AccountOut().dump(account) == account
    assert not AccountOut().validate(account)


@pytest.mark.parametrize("table", ["service_record", "service_record_revision"])
@pytest.mark.parametrize("change", ["UPDATE {} SET volunteer_id = id", "DELETE FROM {}"])
def test_no_statement_changes_a_record(app: Flask, table: str, change: str) -> None:
    """The database itself refuses to change or remove evidence."""
    a_record()
    with pytest.raises(DBAPIError, match=r"append-only|not authorized"):
        in_unit_of_work(lambda: session.execute(text(change.format(table))))
    assert session.scalar(select(Revision.number)) == 1


def test_of_two_records_of_one_time_only_one_is_approved(app: Flask) -> None:
    """Two that share an hour may both wait; once one counts the other can only be rejected, and what touches it passes."""
    volunteer, organisation = a_person(), an_organisation()
    staff = a_coordinator(organisation.id)

    def waiting(minutes_later: int) -> Revision:
        return a_record(
            volunteer_id=volunteer.id,
            organisation=organisation,
            started_at=NINE_O_CLOCK + timedelta(minutes=minutes_later),
            flags=frozenset({Flag.LATE}),
        )

    def approve(revision: Revision) -> Revision:
        return in_unit_of_work(
            lambda: service.approve(actor=staff, record_id=revision.record_id, reason="核实")
        ).revision

    first, second, touching = waiting(0), waiting(60), waiting(121)
    assert approve(first).state is State.FINAL
    with pytest.raises(ServiceOverlap):
        approve(second)
    assert approve(touching).state is State.FINAL
    in_unit_of_work(lambda: service.reject(actor=staff, record_id=second.record_id, reason="重复"))
    assert account_of(volunteer.id)["balance_minutes"] == 240
