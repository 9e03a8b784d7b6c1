"""Whatever happens to records: what they say was credited is what the wallet was credited, spent or not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.factories.activities import a_shift, an_activity
from tests.factories.corrections import a_correction, approved
from tests.factories.identity import a_coordinator, a_person
from tests.factories.ledger import redeemed
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from tests.factories.records import NINE_O_CLOCK, a_service, recorded
from tests.factories.supplements import a_supplement, reviewed
from tests.properties.lengths import examples
from timebank import clock
from timebank.activities.models import Shift
from timebank.database import in_unit_of_work, session
from timebank.errors import Refusal
from timebank.identity.rules import Actor
from timebank.ledger import proof
from timebank.ledger.models import Transfer
from timebank.ledger.rules import Kind, debt_of, wallet_of
from timebank.organisations.models import Organisation
from timebank.policies import service as policies
from timebank.policies.rules import Policy
from timebank.records import corrections, queries, service
from timebank.records.account import account_of
from timebank.records.correction_tables import Correction
from timebank.records.models import Revision
from timebank.records.rules import Flag, Provenance
from timebank.records.supplement_rules import Verdict

POLICIES: tuple[dict[str, Any], ...] = (
    {},
    {"credit_step_minutes": 30, "min_credit_minutes": 30, "daily_credit_cap_minutes": 200},
    {"approval": "always", "credit_provenances": ["self_scan"]},
)
DAYS = 4
REFUSALS = {
    "ALREADY_REVIEWED",
    "CORRECTION_DECIDED",
    "DEBT_OUTSTANDING",
    "INSUFFICIENT_MINUTES",
    "INVALID",
    "MORE_THAN_PLANNED",
    "OUTSIDE_SHIFT",
    "RECORD_ANNULLED",
    "RECORD_NOT_PENDING",
    "RECORD_SUPERSEDED",
    "RECORD_UNDECIDED",
    "SERVICE_OVERLAP",
    "SUPPLEMENT_DECIDED",
    "SUPPLEMENT_LIMIT",
}
"""What may be said no to in a sequence; anything else is a fault."""

which = st.integers(0, 20)
serving = st.tuples(
    st.just("serve"),
    st.integers(0, 900),
    st.integers(0, DAYS - 1),
    st.sampled_from(Provenance),
    st.sampled_from([frozenset(), frozenset({Flag.LATE})]),
    st.integers(0, len(POLICIES) - 1),
)
steps = st.one_of(
    serving,
    st.tuples(st.sampled_from(["approve", "reject"]), which),
    st.tuples(st.just("approve fewer"), which, st.integers(1, 900)),
    st.tuples(st.sampled_from(["correct", "ask"]), which, st.integers(0, 900)),
    st.tuples(st.sampled_from(["grant", "refuse"]), which),
    st.tuples(st.just("spend"), st.integers(1, 400)),
    st.tuples(st.just("supplement"), which, st.integers(1, 400), st.lists(st.sampled_from(Verdict), max_size=2)),
)


class Street:
    """One volunteer, three organisations with rules of their own, and two coordinators of each."""

    def __init__(self) -> None:
        self.volunteer = a_person()
        self.organisations = [an_organisation() for _ in POLICIES]
        self.staff = {one.id: (a_coordinator(one.id), a_coordinator(one.id)) for one in self.organisations}
        self.records: list[UUID] = []
        self.asked: list[Correction] = []
        with clock.at(NINE_O_CLOCK - timedelta(days=2)):
            for organisation, values in zip(self.organisations, POLICIES, strict=True):
                for key, value in values.items():
                    a_policy(key, value, organisation_id=organisation.id)
        self.shifts = [self._shift(day) for day in range(DAYS)]

    def _shift(self, day: int) -> Shift:
        """Publish a shift in the early morning, when nobody else serves."""
        starts_at = NINE_O_CLOCK + timedelta(days=day, hours=-8)
        owner = self.organisations[day % len(self.organisations)]
        activity = an_activity(organisation_id=owner.id)
        return a_shift(starts_at=starts_at, ends_at=starts_at + timedelta(hours=6), activity_id=activity.id)

    def take(self, step: tuple[Any, ...]) -> None:
        """Do one step, if there is anything to do it to."""
        verb, *said = step
        acts: dict[str, Callable[..., None]] = {
            "serve": self.serve,
            "approve": self.approve,
            "reject": self.reject,
            "approve fewer": self.approve,
            "correct": self.correct,
            "ask": self.ask,
            "grant": self.grant,
            "refuse": self.refuse,
            "spend": lambda minutes: redeemed(self.volunteer.id, minutes),
            "supplement": self.supplement,
        }
        try:
            acts[verb](*said)
        except Refusal as refusal:
            if refusal.code not in REFUSALS:
                raise

    def serve(self, minutes: int, day: int, provenance: Provenance, flags: frozenset[Flag], rules: int) -> None:
        """Serve, as somebody has witnessed it."""
        organisation = self.organisations[rules]
        served = a_service(
            volunteer_id=self.volunteer.id,
            organisation=organisation,
            minutes=minutes,
            started_at=NINE_O_CLOCK + timedelta(days=day),
            provenance=provenance,
            flags=flags,
        )
        self.records.append(recorded(served, _policy_of(organisation)).revision.record_id)

    def approve(self, index: int, minutes: int | None = None) -> None:
        """Approve a pending record, all of it or less."""
        for record_id, staff in self._record(index):
            in_unit_of_work(
                lambda: service.approve(actor=staff[0], record_id=record_id, reason="属实", service_minutes=minutes)  # noqa: B023 - called at once
            )

    def reject(self, index: int) -> None:
        """Reject a pending record."""
        for record_id, staff in self._record(index):
            in_unit_of_work(lambda: service.reject(actor=staff[0], record_id=record_id, reason="不实"))  # noqa: B023 - called at once

    def correct(self, index: int, minutes: int) -> None:
        """Correct a record, asked for by one and approved by the other."""
        for record_id, staff in self._record(index):
            approved(staff[1], a_correction(staff[0], record_id, minutes))

    def ask(self, index: int, minutes: int) -> None:
        """Ask for a correction, and leave it there."""
        for record_id, staff in self._record(index):
            self.asked.append(a_correction(staff[0], record_id, minutes))

    def grant(self, index: int) -> None:
        """Approve something that was asked for some time ago."""
        if self.asked:
            correction = self.asked[index % len(self.asked)]
            approved(self.staff[correction.organisation_id][1], correction)

    def refuse(self, index: int) -> None:
        """Reject something that was asked for."""
        if self.asked:
            asked = self.asked[index % len(self.asked)]
            other = self.staff[asked.organisation_id][1]
            in_unit_of_work(lambda: corrections.reject(actor=other, correction_id=asked.id, reason="无误"))

    def supplement(self, index: int, minutes: int, verdicts: list[Verdict]) -> None:
        """Ask for a supplement, and have it reviewed."""
        shift = self.shifts[index % DAYS]
        asked = a_supplement(shift, actor=Actor(self.volunteer.id), minutes=minutes)
        for reviewer, verdict in zip(self.staff[asked.organisation_id], verdicts, strict=False):
            made = reviewed(reviewer, asked, verdict)
            if made is not None:
                self.records.append(made.revision.record_id)

    def _record(self, index: int) -> list[tuple[UUID, tuple[Actor, Actor]]]:
        """Return one record with those who answer for it, or nothing yet."""
        if not self.records:
            return []
        record_id = self.records[index % len(self.records)]
        current = in_unit_of_work(lambda: queries.current_of(record_id), write=False)
        assert current is not None
        return [(record_id, self.staff[current.organisation_id])]


def _policy_of(organisation: Organisation) -> Policy:
    return in_unit_of_work(
        lambda: policies.resolve(organisation_id=organisation.id, area_path="0573.01", at=NINE_O_CLOCK), write=False
    )


@settings(max_examples=examples(15, 500))
@given(sequence=st.lists(steps, max_size=16))
def test_credited_minutes_are_earned_minutes(app: Flask, sequence: list[tuple[Any, ...]]) -> None:
    """Σ credited of current final records = Σ earn − Σ reverse − Σ incur_debt = what is left and what was spent."""
    street = Street()
    for step in sequence:
        street.take(step)
        in_unit_of_work(lambda: _agree(street.volunteer.id), write=False)
    assert in_unit_of_work(proof.verify, write=False).ok


def _agree(volunteer_id: UUID) -> None:
    wallet, debt = wallet_of(volunteer_id).id, debt_of(volunteer_id).id
    final = list(session.scalars(queries.current().where(queries.is_final(), Revision.volunteer_id == volunteer_id)))
    credited = sum(revision.credited_minutes for revision in final)
    assert credited == (
        _moved(Kind.EARN, Transfer.credit_id, wallet)
        - _moved(Kind.REVERSE, Transfer.debit_id, wallet)
        - _moved(Kind.INCUR_DEBT, Transfer.credit_id, debt)
    )
    account = account_of(volunteer_id)
    spent = _moved(Kind.REDEEM, Transfer.debit_id, wallet)
    assert account["balance_minutes"] - account["debt_minutes"] == credited - spent
    assert account["service_minutes"] == sum(revision.service_minutes for revision in final) >= credited
    assert all(revision.credited_minutes <= revision.service_minutes <= _longest(revision) for revision in final)
    posted = select(Revision.credited_minutes, Transfer.minutes).join(Transfer, Transfer.source_id == Revision.id)
    assert all(row.credited_minutes == row.minutes for row in session.execute(posted))


def _moved(kind: Kind, side: Any, account_id: UUID) -> int:
    found = select(func.coalesce(func.sum(Transfer.minutes), 0)).where(Transfer.kind == kind, side == account_id)
    return int(session.scalars(found).one())


def _longest(revision: Revision) -> int:
    """Return what a record may say at most: what was recorded at first, or the whole of its shift."""
    return revision.raw_minutes if revision.shift_id is None else max(revision.raw_minutes, 360)
