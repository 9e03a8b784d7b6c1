"""A street of two organisations, its shifts and its people, and a clock that only runs on.

Each verb names who acts on what by numbers, which are taken modulo what there is; it returns the code of a refusal.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from tests.factories.activities import a_shift, an_activity
from tests.factories.attendance import NINE, the_book, the_reader
from tests.factories.identity import a_coordinator, a_person, an_admin
from tests.factories.ledger import opened_with, redeemed
from tests.factories.organisations import an_area, an_organisation
from tests.factories.policies import a_policy
from timebank import clock
from timebank.activities.models import Shift
from timebank.attendance import amendments, batch, closing, groups, service
from timebank.attendance.models import Attendance
from timebank.attendance.reading import Presented
from timebank.attendance.rules import Action
from timebank.database import in_unit_of_work, new_id, session
from timebank.errors import Refusal
from timebank.giving import surplus
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.records import answers, corrections, finalising, objections, supplements
from timebank.records import service as records
from timebank.records.correction_tables import Correction
from timebank.records.models import ServiceRecord
from timebank.records.objection_rules import Outcome
from timebank.records.objection_tables import Objection
from timebank.records.supplement_rules import Verdict
from timebank.records.supplement_tables import Supplement

EVIDENCE = "0123456789abcdef" * 4
MINUTE = timedelta(minutes=1)
ALMOST_FULL = 5_980
"""What the first of them had on paper: twenty minutes below the least storage cap that there is."""
BEGIN = NINE - timedelta(minutes=15)
DAYS = 4
OPENINGS = ((0, 0), (1, 30), (0, 120))
"""Organisation of each shift of a day, and when it begins in minutes past nine; the all overlap."""


class Street:
    """Everything that can be done in the street, one verb at a time."""

    def __init__(self) -> None:
        self.now: datetime = NINE - timedelta(hours=2)
        self.kept: list[tuple[Person, batch.Item]] = []
        with clock.at(self.now):
            self.organisations = [an_organisation(area_id=an_area(f"{name}街道").id) for name in "东西"]
            self.staff = [a_coordinator(one.id) for one in self.organisations for _ in range(2)]
            self.staff += [an_admin() for _ in range(2)]
            self.people = [a_person() for _ in range(3)]
            self.people.append(_enrolled(self.staff[0].person_id))
            activities = [
                an_activity(organisation_id=one.id, leader_id=self.staff[2 * index].person_id).id
                for index, one in enumerate(self.organisations)
            ]
            self.shifts = [
                self._shift(activities[which], day * 24 * 60 + minutes)
                for day in range(DAYS)
                for which, minutes in OPENINGS
            ]
            opened_with(self.people[0].id, ALMOST_FULL)

    def _shift(self, activity_id: UUID, minutes: int) -> Shift:
        starts_at = NINE + minutes * MINUTE
        return a_shift(starts_at=starts_at, ends_at=starts_at + timedelta(hours=6), activity_id=activity_id, capacity=3)

    def scan(self, action: Action, who: int, shift: int, by: int | None) -> str | None:
        """Check in or out: by one's own scan of the screen, or by the card that a member of staff scans."""
        person, where = self.person(who), self.shift_near(shift)
        actor, presented = Actor(person.id), Presented(token=self._screen(where))
        if by is not None:
            code = the_book().member(member=person.member_ref, at=self.now)
            actor, presented = self.member_of_staff(by), Presented(token=code, shift_id=where.id)
        verb = service.check_in if action is Action.CHECK_IN else service.check_out
        return self._do(lambda: verb(actor=actor, reader=the_reader(), presented=presented))

    def keep(self, action: Action, who: int, shift: int) -> None:
        """Scan without network: the phone keeps the code, and when its clock says that it was."""
        item = batch.Item(
            client_ref=str(new_id()), action=action, token=self._screen(self.shift_near(shift)), sent_at=self.now
        )
        self.kept.append((self.person(who), item))

    def send(self, twice: bool) -> set[str]:
        """Send the two oldest scans of the phone that has waited longest; return why any of them was refused."""
        if not self.kept:
            return set()
        person = self.kept[0][0]
        items = [item for owner, item in self.kept if owner.id == person.id][:2]
        if not twice:
            self.kept = [(owner, item) for owner, item in self.kept if item not in items]
        with clock.at(self.now):
            outcomes = in_unit_of_work(
                lambda: batch.receive(actor_id=person.id, reader=the_reader(), items=items, device_hash=None)
            )
        return {one.refusal.code for one in outcomes if one.refusal is not None}

    def close(self, shift: int, by: int) -> str | None:
        """End a shift with everybody who is inside."""
        where = self.shift_near(shift)
        return self._do(lambda: groups.close_shift(actor=self.member_of_staff(by), shift_id=where.id))

    def sweep(self) -> None:
        """Write what time has brought: forgotten stays, and notices that are over."""
        with clock.at(self.now):
            in_unit_of_work(lambda: closing.sweep(limit=20))
        self.tick()
        with clock.at(self.now):
            in_unit_of_work(lambda: finalising.sweep(limit=20))

    def annul(self, index: int, by: int) -> str | None:
        """Say that an attendance was none."""
        return self._decide(Attendance, index, amendments.annul, by, name="attendance_id", reason="没有到场")

    def adjust(self, index: int, by: int, came: int | None, left: int | None) -> str | None:
        """State other times of an attendance, in minutes from when it began."""

        def times(stay: Attendance) -> dict[str, datetime]:
            stated = {"checked_in_at": came, "checked_out_at": left}
            return {name: stay.checked_in_at + value * MINUTE for name, value in stated.items() if value is not None}

        return self._decide(
            Attendance, index, amendments.adjust, by, name="attendance_id", more=times, reason="手机没电"
        )

    def decide(self, index: int, by: int, yes: bool, fewer: int | None) -> str | None:
        """Approve a record, perhaps with fewer minutes, or reject it."""
        more: dict[str, Any] = {"service_minutes": fewer} if yes and fewer is not None else {}
        verb = records.approve if yes else records.reject
        return self._decide(ServiceRecord, index, verb, by, name="record_id", reason="核实", **more)

    def ask(self, index: int, by: int, wanted: dict[str, Any]) -> str | None:
        """Ask for a correction."""
        return self._decide(ServiceRecord, index, corrections.request, by, name="record_id", reason="更正", **wanted)

    def grant(self, index: int, by: int, yes: bool) -> str | None:
        """Decide on a correction."""
        verb = corrections.approve if yes else corrections.reject
        return self._decide(Correction, index, verb, by, name="correction_id", reason="核实")

    def object(self, index: int, who: int) -> str | None:
        """Object to a record, as whoever is named."""
        found = self._all(ServiceRecord)
        if not found:
            return None
        record, actor = found[index % len(found)], Actor(self.person(who).id)
        return self._do(lambda: objections.make(actor=actor, record_id=record.id, reason="不对"))

    def answer(self, index: int, by: int, wanted: dict[str, Any]) -> str | None:
        """Answer an objection; without anything that is wanted it is refused."""
        outcome = Outcome.UPHELD if wanted else Outcome.REFUSED
        details = {"outcome": outcome, "answer": "查过了", **wanted}
        return self._decide(Objection, index, answers.answer, by, name="objection_id", **details)

    def supplement(self, who: int, shift: int, start: int, minutes: int) -> str | None:
        """Ask that a part of a shift be recorded that nobody scanned."""
        where, actor = self.shift_near(shift), Actor(self.person(who).id)
        started_at = where.starts_at + start * MINUTE
        return self._do(
            lambda: supplements.request(
                actor=actor,
                shift_id=where.id,
                started_at=started_at,
                ended_at=started_at + minutes * MINUTE,
                reason="手机没电",
                evidence=[EVIDENCE],
            )
        )

    def review(self, index: int, by: int, yes: bool) -> str | None:
        """Review a supplement."""
        verdict = Verdict.APPROVE if yes else Verdict.REJECT
        return self._decide(
            Supplement, index, supplements.review, by, name="supplement_id", verdict=verdict, reason="属实"
        )

    def rule(self, organisation: int, key: str, value: Any) -> None:
        """Have an organisation go by another rule from today on."""
        with clock.at(self.now):
            a_policy(key, value, organisation_id=self.organisations[organisation].id)

    def consent(self, who: int, yes: bool) -> None:
        """Say whether one's surplus goes to the pool."""
        with clock.at(self.now):
            in_unit_of_work(lambda: surplus.decide(person_id=self.person(who).id, surplus_to_pool=yes))

    def spend(self, who: int, minutes: int) -> str | None:
        """Spend minutes at the counter."""
        try:
            with clock.at(self.now):
                redeemed(self.person(who).id, minutes)
        except Refusal as refusal:
            return refusal.code
        return None

    def tick(self) -> None:
        """Let a moment pass: no two things happen at one instant."""
        self.now += timedelta(seconds=7)

    def person(self, who: int) -> Person:
        """Return somebody."""
        return self.people[who % len(self.people)]

    def member_of_staff(self, by: int) -> Actor:
        """Return a coordinator of the first or the second organisation, or somebody of the bank."""
        return self.staff[by % len(self.staff)]

    def shift_near(self, which: int) -> Shift:
        """Return a shift of today, or of the last day that had any."""
        day = min(DAYS - 1, max(0, (self.now - NINE) // timedelta(days=1)))
        return self.shifts[day * len(OPENINGS) + which % len(OPENINGS)]

    def _screen(self, shift: Shift) -> str:
        return the_book().rotating(point=shift.point_ref, at=self.now)

    def _all(self, kind: type[Any]) -> Sequence[Any]:
        return in_unit_of_work(lambda: list(session.scalars(select(kind).order_by(kind.id))), write=False)

    def _decide(
        self,
        kind: type[Any],
        index: int,
        verb: Callable[..., Any],
        by: int,
        *,
        name: str,
        more: Callable[[Any], dict[str, Any]] | None = None,
        **details: Any,
    ) -> str | None:
        found = self._all(kind)
        if not found:
            return None
        one = found[-1 - index % len(found)]
        actor, given = self.member_of_staff(by), {name: one.id, **details, **(more(one) if more else {})}
        return self._do(lambda: verb(actor=actor, **given))

    def _do(self, verb: Callable[[], Any]) -> str | None:
        """Do something now; return the code of the refusal, if it was one."""
        try:
            with clock.at(self.now):
                in_unit_of_work(verb)
        except Refusal as refusal:
            return refusal.code
        return None


def _enrolled(person_id: UUID) -> Person:
    """Return somebody as they are, apart from any session."""

    def read() -> Person:
        person = session.get_one(Person, person_id)
        session.expunge(person)
        return person

    return in_unit_of_work(read, write=False)
