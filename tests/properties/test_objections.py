"""Whatever is approved, rejected, objected to, answered, corrected and swept, in whatever order: the books agree."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.factories.identity import a_coordinator, a_person
from tests.factories.notices import an_organisation_with_notice, policy_at, swept
from tests.factories.records import NINE_O_CLOCK, a_service, recorded
from tests.properties.lengths import examples
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.errors import Refusal
from timebank.identity.rules import Actor
from timebank.ledger import proof
from timebank.ledger.models import Transfer
from timebank.ledger.rules import Kind, wallet_of
from timebank.organisations.models import Organisation
from timebank.records import answers, corrections, notices, objections, queries, service
from timebank.records.account import account_of
from timebank.records.correction_tables import Correction, CorrectionDecision
from timebank.records.models import Revision
from timebank.records.objection_rules import Outcome
from timebank.records.objection_tables import Objection
from timebank.records.rules import Flag, State

HOUSES = ((0, "clean_auto"), (3, "clean_auto"), (0, "always"), (2, "always"))
"""Working days of notice and the policy of approval: every combination of both."""

MAY_FOLLOW = {
    State.PENDING_REVIEW: {State.PENDING_REVIEW, State.PENDING_NOTICE, State.FINAL, State.REJECTED},
    State.PENDING_NOTICE: {State.PENDING_REVIEW, State.FINAL, State.REJECTED},
    State.FINAL: {State.FINAL, State.REJECTED},
    State.REJECTED: {State.FINAL, State.REJECTED},
}

which = st.integers(0, 20)
steps = st.one_of(
    st.tuples(st.just("serve"), st.integers(5, 300), st.sampled_from([frozenset(), frozenset({Flag.LATE})])),
    st.tuples(st.just("decide"), which, st.booleans()),
    st.tuples(st.just("object"), which, st.booleans()),
    st.tuples(st.just("answer"), which, st.sampled_from(["refuse", "annul", 7, 60]), st.integers(0, 1)),
    st.tuples(st.just("correct"), which, st.sampled_from([0, 30, 90])),
    st.tuples(st.just("agree"), which),
    st.tuples(st.just("wait"), st.integers(1, 6)),
    st.tuples(st.just("sweep")),
)


class Street:
    """A street with one volunteer, a neighbour and two coordinators, and a clock that only runs on."""

    def __init__(self, days: int, approval: str) -> None:
        self.organisation: Organisation = an_organisation_with_notice(days, approval=approval)
        self.policy = policy_at(self.organisation)
        self.volunteer, self.neighbour = a_person(), a_person()
        self.coordinators = [a_coordinator(self.organisation.id) for _ in range(2)]
        self.now: datetime = NINE_O_CLOCK
        self.records: list[UUID] = []

    def take(self, step: tuple[Any, ...]) -> None:
        """Take one step; whoever is refused is told why, and nothing has changed."""
        self.now += timedelta(hours=6)
        verb, *details = step
        before = self.frozen_minutes()
        with clock.at(self.now), suppress(Refusal):
            getattr(self, verb)(*details)
        if verb in {"decide", "correct", "agree", "sweep"}:
            after = self.frozen_minutes()
            assert all(after[record_id] == said for record_id, said in before.items())

    def serve(self, minutes: int, flags: frozenset[Flag]) -> None:
        """Serve for some minutes, on a day of its own."""
        served = a_service(
            volunteer_id=self.volunteer.id,
            organisation=self.organisation,
            minutes=minutes,
            started_at=self.now,
            flags=flags,
        )
        self.records.append(recorded(served, self.policy).revision.record_id)
        self.now += timedelta(minutes=minutes + 1)

    def decide(self, index: int, yes: bool) -> None:
        """Approve or reject a record."""
        verb: Callable[..., Any] = service.approve if yes else service.reject
        self._do(verb, self.coordinators[index % 2], record_id=self._record(index), reason="核实")

    def object(self, index: int, own: bool) -> None:
        """Object to a record, as its volunteer or as a neighbour."""
        who = Actor(self.volunteer.id if own else self.neighbour.id)
        self._do(objections.make, who, record_id=self._record(index), reason="不对")

    def answer(self, index: int, what: Any, who: int) -> None:
        """Answer any objection, also one that has its answer."""
        found = in_unit_of_work(
            lambda: list(
                session.scalars(
                    select(Objection.id).where(Objection.record_id.in_(self.records)).order_by(Objection.id)
                )
            ),
            write=False,
        )
        if found:
            said = {"refuse": {}, "annul": {"annul": True}}.get(what, {"service_minutes": what})
            self._do(
                answers.answer,
                self.coordinators[who],
                objection_id=found[index % len(found)],
                outcome=Outcome.REFUSED if what == "refuse" else Outcome.UPHELD,
                answer="查过了",
                **said,
            )

    def correct(self, index: int, minutes: int) -> None:
        """Ask for a correction."""
        self._do(
            corrections.request,
            self.coordinators[0],
            record_id=self._record(index),
            reason="更正",
            service_minutes=minutes,
        )

    def agree(self, index: int) -> None:
        """Approve a correction that nobody has decided on."""
        undecided = select(Correction.id).where(
            Correction.record_id.in_(self.records),
            ~select(CorrectionDecision.correction_id).where(CorrectionDecision.correction_id == Correction.id).exists(),
        )
        found = in_unit_of_work(lambda: list(session.scalars(undecided.order_by(Correction.id))), write=False)
        if found:
            self._do(corrections.approve, self.coordinators[1], correction_id=found[index % len(found)])

    def wait(self, days: int) -> None:
        """Let days go by."""
        self.now += timedelta(days=days)

    def sweep(self) -> None:
        """End the notices that are over."""
        swept(at=self.now)

    def frozen_minutes(self) -> dict[UUID, tuple[int, int]]:
        """Return what the frozen records say: nobody but who answers may change it."""

        def read() -> dict[UUID, tuple[int, int]]:
            found = session.scalars(queries.current().where(queries.is_frozen(Revision.record_id)))
            return {revision.record_id: (revision.number, revision.credited_minutes) for revision in found}

        return in_unit_of_work(read, write=False)

    def _record(self, index: int) -> UUID:
        if not self.records:
            self.serve(60, frozenset())
        return self.records[index % len(self.records)]

    def _do(self, verb: Callable[..., Any], actor: Actor, **details: Any) -> None:
        in_unit_of_work(lambda: verb(actor=actor, **details))


@pytest.mark.rule("R07")
@pytest.mark.rule("R08")
@settings(max_examples=examples(8, 300))
@given(house=st.sampled_from(HOUSES), story=st.lists(steps, max_size=14))
def test_the_books_agree_whatever_happens(app: Flask, house: tuple[int, str], story: list[tuple[Any, ...]]) -> None:
    """After every step: what final records credit is what the ledger shows, notices and states are in order, no frozen record moves."""
    street = Street(*house)
    for step in story:
        street.take(step)
        in_unit_of_work(lambda: _agree(street), write=False)
    assert proof.verify(None).ok


def _agree(street: Street) -> None:
    final = queries.current().where(queries.is_final(), Revision.volunteer_id == street.volunteer.id).subquery()
    credited = session.scalar(select(func.coalesce(func.sum(final.c.credited_minutes), 0)))
    wallet = wallet_of(street.volunteer.id).id
    earned = _moved(Transfer.kind == Kind.EARN, Transfer.credit_id == wallet)
    back = _moved(Transfer.kind == Kind.REVERSE, Transfer.debit_id == wallet)
    assert credited == earned - back == account_of(street.volunteer.id)["balance_minutes"]
    _states_follow(street)
    _notices_are_those_of_records_on_notice(street)


def _moved(*conditions: Any) -> int:
    return int(session.scalar(select(func.coalesce(func.sum(Transfer.minutes), 0)).where(*conditions)) or 0)


def _states_follow(street: Street) -> None:
    said: dict[UUID, State] = {}
    mine = select(Revision).where(Revision.record_id.in_(street.records))
    for revision in session.scalars(mine.order_by(Revision.record_id, Revision.number)):
        state = State(revision.state)
        assert revision.record_id not in said or state in MAY_FOLLOW[said[revision.record_id]]
        assert revision.credited_minutes == (revision.expected_minutes if state is State.FINAL else 0)
        said[revision.record_id] = state


def _notices_are_those_of_records_on_notice(street: Street) -> None:
    on_notice = select(Revision.record_id).where(
        Revision.record_id.in_(street.records), Revision.state == State.PENDING_NOTICE, queries.is_current()
    )
    assert set(notices.of(street.records)) == set(session.scalars(on_notice))
