"""The public notice comes after the review and before the credit, and is over as a function of time."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.factories.identity import a_coordinator, a_person
from tests.factories.notices import (
    NOTICE_OVER,
    a_record_on_notice,
    a_record_to_review,
    an_objection,
    an_organisation_with_notice,
    policy_at,
    swept,
)
from tests.factories.records import NINE_O_CLOCK, a_record
from timebank import clock, commands, sweeping
from timebank.database import NIL, in_unit_of_work, session
from timebank.ledger.errors import AccountClosed
from timebank.ledger.models import Transfer
from timebank.records import finalising, notices, queries, revisions, service
from timebank.records.account import account_of
from timebank.records.errors import RecordNotPending, RecordOnNotice
from timebank.records.models import Revision
from timebank.records.notice_tables import Notice
from timebank.records.rules import State

MOMENT = timedelta(microseconds=1)


def current(revision: Revision) -> Revision:
    """Return what the record of a revision says now."""
    found = in_unit_of_work(lambda: queries.current_of(revision.record_id), write=False)
    assert found is not None
    return found


def balance(revision: Revision) -> int:
    """Return the balance of the volunteer of a revision."""
    account = in_unit_of_work(lambda: account_of(revision.volunteer_id), write=False)
    return int(account["balance_minutes"])


def notice_of(revision: Revision) -> Notice:
    """Return the open notice of a record."""
    return in_unit_of_work(lambda: notices.of([revision.record_id])[revision.record_id], write=False)


@pytest.mark.rule("R07")
def test_a_clean_record_waits_for_the_end_of_its_notice(app: Flask) -> None:
    """Three working days after the one on which it began, to the microsecond; then it is final and credited, once."""
    pending = a_record_on_notice()
    assert (pending.state, pending.credited_minutes, pending.expected_minutes) == (State.PENDING_NOTICE, 0, 120)

    assert swept(at=NOTICE_OVER - MOMENT) == 0
    assert balance(pending) == 0
    assert swept(at=NOTICE_OVER) == 1

    final = current(pending)
    assert (final.state, final.credited_minutes, final.number, final.actor_id) == (State.FINAL, 120, 2, NIL)
    assert balance(pending) == 120
    assert swept(at=NOTICE_OVER) == 0


@pytest.mark.rule("R07")
def test_a_long_holiday_makes_the_notice_longer(app: Flask) -> None:
    """Begun on the eve of the national holidays, three working days last until the tenth, a Saturday that is worked."""
    eve = datetime(2026, 9, 30, 1, tzinfo=UTC)
    organisation = an_organisation_with_notice(since=eve)
    found = notice_of(a_record_on_notice(organisation=organisation, started_at=eve))
    assert (found.ends_on, found.working_days, found.provisional) == (date(2026, 10, 10), 3, False)


@pytest.mark.rule("R07")
def test_the_notice_comes_after_the_review(app: Flask) -> None:
    """An approved record goes on notice from that moment, and nobody cuts the notice short by approving it again."""
    organisation = an_organisation_with_notice(approval="always")
    coordinator = a_coordinator(organisation.id)
    reviewed = a_record(organisation=organisation, policy=policy_at(organisation))
    assert reviewed.state is State.PENDING_REVIEW

    def approve() -> Revision:
        return service.approve(actor=coordinator, record_id=reviewed.record_id, reason="现场核实").revision

    with clock.at(NINE_O_CLOCK + timedelta(days=1)):
        passed = in_unit_of_work(approve)
        assert (passed.state, passed.credited_minutes, passed.reason) == (State.PENDING_NOTICE, 0, "现场核实")
        assert notice_of(passed).ends_on == date(2026, 11, 6)
        with pytest.raises(RecordOnNotice):
            in_unit_of_work(approve)
    assert swept(at=NOTICE_OVER) == 0
    assert swept(at=NOTICE_OVER + timedelta(days=1)) == 1
    assert balance(reviewed) == 120


def test_a_record_on_notice_can_be_rejected_until_the_notice_is_over(app: Flask) -> None:
    """What comes to light in time stops it; afterwards it counts, even before the sweep has written so."""
    organisation = an_organisation_with_notice()
    coordinator = a_coordinator(organisation.id)
    stopped, late = (a_record_on_notice(organisation=organisation) for _ in range(2))

    def reject(revision: Revision) -> Revision:
        return service.reject(actor=coordinator, record_id=revision.record_id, reason="未到场").revision

    with clock.at(NOTICE_OVER - MOMENT):
        assert in_unit_of_work(lambda: reject(stopped)).state is State.REJECTED
    with clock.at(NOTICE_OVER), pytest.raises(RecordNotPending):
        in_unit_of_work(lambda: reject(late))
    assert swept(at=NOTICE_OVER) == 1
    assert (current(stopped).state, current(late).state) == (State.REJECTED, State.FINAL)
    assert session.scalar(select(func.count()).where(Notice.closed_at.is_(None))) == 0


def test_a_frozen_record_is_passed_over(app: Flask) -> None:
    """An objection in the last moment of the notice stops the credit, and no other record's."""
    organisation = an_organisation_with_notice()
    frozen, free = (a_record_on_notice(organisation=organisation) for _ in range(2))
    with clock.at(NOTICE_OVER - MOMENT):
        an_objection(frozen.record_id)
    assert swept(at=NOTICE_OVER) == 1
    assert (balance(frozen), balance(free)) == (0, 120)


def test_the_sweep_is_bounded_and_goes_on_where_it_stopped(app: Flask) -> None:
    """Each call makes so many records final, and says where the next one begins."""
    organisation = an_organisation_with_notice()
    for _ in range(3):
        a_record_on_notice(organisation=organisation)
    with clock.at(NOTICE_OVER):
        first = in_unit_of_work(lambda: finalising.sweep(limit=2))
        second = in_unit_of_work(lambda: finalising.sweep(limit=2, after=first.last))
        third = in_unit_of_work(lambda: finalising.sweep(limit=2, after=second.last))
    assert [one.finalised for one in (first, second, third)] == [2, 1, 0]
    assert third.last is None


def test_a_credit_that_the_ledger_refuses_holds_up_nobody_else(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record of a closed account stays on its notice, with nothing half done; the others are credited."""
    organisation = an_organisation_with_notice()
    closed = a_person()
    refused = a_record_on_notice(organisation=organisation, volunteer_id=closed.id)
    paid = a_record_on_notice(organisation=organisation)
    earn = revisions.ledger.earn

    def earn_unless_closed(**values: object) -> object:
        if values["owner_id"] == closed.id:
            raise AccountClosed
        return earn(**values)  # type: ignore[arg-type]

    monkeypatch.setattr(revisions.ledger, "earn", earn_unless_closed)
    assert swept(at=NOTICE_OVER) == 1
    assert (current(refused).state, current(paid).state) == (State.PENDING_NOTICE, State.FINAL)
    monkeypatch.undo()
    assert swept(at=NOTICE_OVER) == 1
    assert session.scalar(select(func.count()).select_from(Transfer)) == 2


def test_a_record_that_earns_nothing_becomes_final_all_the_same(app: Flask) -> None:
    """Nine minutes are honour without credit; their notice ends like any other."""
    organisation = an_organisation_with_notice()
    short = a_record(organisation=organisation, minutes=9, policy=policy_at(organisation))
    assert swept(at=NOTICE_OVER) == 1
    assert (current(short).state, balance(short)) == (State.FINAL, 0)


def test_a_flagged_record_is_on_no_notice(app: Flask) -> None:
    """It waits for its review first."""
    organisation = an_organisation_with_notice()
    flagged = a_record_to_review(organisation=organisation)
    assert flagged.state is State.PENDING_REVIEW
    assert in_unit_of_work(lambda: notices.of([flagged.record_id]), write=False) == {}


def test_the_command_sweeps_batch_by_batch(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """`timebank sweep` goes on until nothing more is due or its limit is reached, and says how many became final."""
    organisation = an_organisation_with_notice()
    for _ in range(3):
        a_record_on_notice(organisation=organisation)
    monkeypatch.setattr(sweeping, "NOTICES_AT_ONCE", 1)
    monkeypatch.setattr(sweeping, "SWEEP_AT_ONCE", 2)
    with clock.at(NOTICE_OVER):
        counted = [app.test_cli_runner().invoke(commands.cli, ["sweep"]).output for _ in range(3)]
    assert ["notices=2 " in counted[0], "notices=1 " in counted[1], "notices=0 " in counted[2]] == [True, True, True]
