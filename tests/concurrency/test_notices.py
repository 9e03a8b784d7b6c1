"""The end of a notice, decisions and objections at the same moment: one credit, and never half of anything."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from tests.factories.identity import a_coordinator
from tests.factories.notices import NOTICE_OVER, a_record_on_notice, an_objection, an_organisation_with_notice, swept
from tests.factories.records import a_pending_record
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.errors import Refusal
from timebank.ledger.models import Transfer
from timebank.records import answers, objections, queries, service
from timebank.records.models import Revision
from timebank.records.objection_rules import Outcome
from timebank.records.rules import State


def at_once(app: Flask, *acts: Callable[[], Any]) -> list[Any]:
    """Do everything at once, each on a connection of its own; return results, and refusals as their codes."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        with app.app_context():
            start.wait()
            try:
                return act()
            except Refusal as refusal:
                return refusal.code

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def transfers() -> int:
    """Count what was posted."""
    return in_unit_of_work(lambda: session.scalars(select(func.count()).select_from(Transfer)).one(), write=False)


def state_of(revision: Revision) -> str:
    """Return the state of a record now."""
    found = in_unit_of_work(lambda: queries.current_of(revision.record_id), write=False)
    assert found is not None
    return found.state


def test_sweeps_at_the_same_moment_credit_everybody_once(app: Flask) -> None:
    """Four sweeps over twelve records: twelve become final in all, and each is credited once."""
    organisation = an_organisation_with_notice()
    for _ in range(12):
        a_record_on_notice(organisation=organisation)
    counted = at_once(app, *(lambda: swept(at=NOTICE_OVER) for _ in range(4)))
    assert sum(counted) == 12
    assert transfers() == 12


def test_a_rejection_and_an_objection_in_the_last_moment_are_one_after_the_other(app: Flask) -> None:
    """Whoever is first decides: a record that is frozen is not rejected, and nobody objects to what is rejected."""
    organisation = an_organisation_with_notice()
    coordinator = a_coordinator(organisation.id)
    for _ in range(5):
        pending = a_record_on_notice(organisation=organisation)

        def reject(record: Revision = pending) -> str:
            with clock.at(NOTICE_OVER - timedelta(seconds=1)):
                act = in_unit_of_work(
                    lambda: service.reject(actor=coordinator, record_id=record.record_id, reason="未到场")
                )
            return act.revision.state

        def object_to(record: Revision = pending) -> str:
            with clock.at(NOTICE_OVER - timedelta(seconds=1)):
                return an_objection(record.record_id).reason

        decided, objected = at_once(app, reject, object_to)
        frozen = in_unit_of_work(lambda: objections.is_frozen(pending.record_id), write=False)  # noqa: B023
        assert (decided == "RECORD_FROZEN") is frozen
        assert (objected == "NOT_FOUND") is not frozen
        assert state_of(pending) == (State.PENDING_NOTICE if frozen else State.REJECTED)


def test_an_approval_and_an_objection_at_once_leave_a_record_that_adds_up(app: Flask) -> None:
    """Approved first, the record is credited and then frozen; objected to first, it is not approved."""
    organisation = an_organisation_with_notice(days=0)
    coordinator = a_coordinator(organisation.id)
    credited = 0
    for _ in range(5):
        pending = a_pending_record(organisation=organisation)

        def approve(record: Revision = pending) -> str:
            with clock.at(record.ended_at):
                act = in_unit_of_work(
                    lambda: service.approve(actor=coordinator, record_id=record.record_id, reason="属实")
                )
            return act.revision.state

        def object_to(record: Revision = pending) -> str:
            with clock.at(record.ended_at):
                return an_objection(record.record_id, record.volunteer_id).reason

        decided, objected = at_once(app, approve, object_to)
        credited += decided == State.FINAL
        assert decided in {State.FINAL, "RECORD_FROZEN"}
        assert objected == "当天我没有看到这位志愿者。"
        assert in_unit_of_work(lambda: objections.is_frozen(pending.record_id), write=False)  # noqa: B023
        assert transfers() == credited
        assert state_of(pending) == (State.FINAL if decided == State.FINAL else State.PENDING_REVIEW)


def test_one_objection_has_one_answer(app: Flask) -> None:
    """Half of them uphold, half refuse: one answer stands, and the record is what it says."""
    organisation = an_organisation_with_notice()
    pending = a_record_on_notice(organisation=organisation)
    with clock.at(pending.recorded_at):
        objection = an_objection(pending.record_id)
    coordinators = [a_coordinator(organisation.id) for _ in range(6)]

    def answering(index: int) -> Callable[[], str]:
        def act() -> str:
            said: dict[str, Any] = {"service_minutes": 60 + index} if index % 2 else {}
            outcome = Outcome.UPHELD if said else Outcome.REFUSED
            with clock.at(pending.recorded_at):
                in_unit_of_work(
                    lambda: answers.answer(
                        actor=coordinators[index], objection_id=objection.id, outcome=outcome, answer="查过了", **said
                    )
                )
            return outcome

        return act

    told = at_once(app, *map(answering, range(6)))
    (outcome,) = set(told) - {"OBJECTION_ANSWERED"}
    assert told.count("OBJECTION_ANSWERED") == 5
    assert state_of(pending) == (State.PENDING_REVIEW if outcome == Outcome.UPHELD else State.PENDING_NOTICE)


def test_one_person_objects_once_however_often_they_tap(app: Flask) -> None:
    """Six requests with keys of their own: one objection, five refusals."""
    pending = a_record_on_notice()

    def object_to() -> str:
        with clock.at(pending.recorded_at):
            return an_objection(pending.record_id, pending.volunteer_id).reason

    told = at_once(app, *(object_to for _ in range(6)))
    assert told.count("OBJECTION_MADE") == 5
