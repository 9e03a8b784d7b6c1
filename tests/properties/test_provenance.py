"""Every minute has a provenance: scans, closes, corrections, objections and rules in any order, and the books agree.

After each step: what final records credit is what the ledger says was earned, nobody is inside twice, nothing that
counts overlaps, nothing is credited twice. Whatever is refused is refused with one of the reasons named at its rule.
``--hypothesis-profile=soak`` is the long form.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.properties import provenance_checks as checks
from tests.properties.provenance_street import BEGIN, MINUTE, Street
from timebank.attendance.rules import Action
from timebank.database import db, in_unit_of_work, session
from timebank.ledger import proof

ARRIVING = {
    "ALREADY_CHECKED_IN",
    "ALREADY_CLOSED",
    "CAPACITY_FULL",
    "NOT_OPEN_YET",
    "NOT_SIGNED_UP",
    "OPEN_ELSEWHERE",
    "OVERLAP",
    "TOO_MANY_PAIRS",
}
LEAVING = {"ALREADY_CHECKED_OUT", "NOT_CHECKED_IN", "OPEN_ELSEWHERE", "RECORD_FROZEN", "RECORD_NOT_PENDING", "TOO_SOON"}
STAFF = {"NOT_FOUND", "OWN_RECORD"}
"""What staff are told about what lies outside their organisation, and about themselves."""
CHANGING = STAFF | {"INVALID", "MORE_THAN_PLANNED", "RECORD_ANNULLED", "RECORD_UNDECIDED", "SERVICE_OVERLAP"}
AMENDING = CHANGING - {"RECORD_UNDECIDED"} | {"ATTENDANCE_ANNULLED", "RECORD_FROZEN", "RECORD_NOT_PENDING"}

VALUES: dict[str, list[Any]] = {
    "approval": ["clean_auto", "always"],
    "notice_days": [0, 1, 3],
    "credit_step_minutes": [1, 30],
    "min_credit_minutes": [0, 10, 60],
    "daily_credit_cap_minutes": [None, 100],
    "daily_review_minutes": [480, 120],
    "walk_in": [True, False],
    "storage_cap_minutes": [None, 6_000],
    "credit_provenances": [["self_scan"], ["self_scan", "staff_scan", "supplement"]],
}
index = st.integers(0, 7)
who = st.integers(0, 3)
by = st.integers(0, 5)
shift = st.integers(0, 2)
organisation = st.integers(0, 1)
setting = st.sampled_from([(key, value) for key, values in VALUES.items() for value in values])


class Provenance(RuleBasedStateMachine):
    """Three volunteers, a coordinator who serves as well, two organisations, three days."""

    fresh: Callable[[], None]

    @initialize(
        rules=st.lists(st.tuples(organisation, setting), max_size=3),
        consents=st.booleans(),
        stays=st.lists(st.integers(5, 130), min_size=3, max_size=6),
    )
    def begin(self, rules: list[tuple[int, tuple[str, Any]]], consents: bool, stays: list[int]) -> None:
        """Open the street, perhaps with rules of its own, at a quarter to nine; some come and go before anything else."""
        self.fresh()
        self.street = Street()
        self.street.rule(0, "storage_cap_minutes", 6_000)
        for whose, (key, value) in rules:
            self.street.rule(whose, key, value)
        if consents:
            self.street.consent(0, yes=True)
        self.street.now = BEGIN
        for who, minutes in enumerate(stays):
            self.serve(who, 0, minutes, 1)

    @rule(who=who, shift=shift, by=st.none() | by)
    def arrive(self, who: int, shift: int, by: int | None) -> None:
        """Check in."""
        self.may(self.street.scan(Action.CHECK_IN, who, shift, by), ARRIVING | STAFF)

    @rule(who=who, shift=shift, by=st.none() | by)
    def leave(self, who: int, shift: int, by: int | None) -> None:
        """Check out."""
        self.may(self.street.scan(Action.CHECK_OUT, who, shift, by), LEAVING | STAFF)

    @rule(who=who, shift=shift, minutes=st.integers(12, 100), after=st.integers(0, 30))
    def serve(self, who: int, shift: int, minutes: int, after: int) -> None:
        """Serve for a while and scan both ends: what most people do most of the time."""
        self.may(self.street.scan(Action.CHECK_IN, who, shift, None), ARRIVING)
        self.street.now += minutes * MINUTE
        self.may(self.street.scan(Action.CHECK_OUT, who, shift, None), LEAVING)
        self.street.now += after * MINUTE

    @rule(who=who, shift=shift, minutes=st.integers(12, 100))
    def serve_offline(self, who: int, shift: int, minutes: int) -> None:
        """Serve for a while where there is no network: the phone keeps both scans."""
        self.street.keep(Action.CHECK_IN, who, shift)
        self.street.now += minutes * MINUTE
        self.street.keep(Action.CHECK_OUT, who, shift)

    @rule(who=who, shift=shift, action=st.sampled_from([Action.CHECK_IN, Action.CHECK_OUT]))
    def keep(self, who: int, shift: int, action: Action) -> None:
        """Keep a scan for later."""
        self.street.keep(action, who, shift)

    @precondition(lambda self: self.street.kept)
    @rule(twice=st.booleans())
    def send(self, twice: bool) -> None:
        """Send scans that were kept, perhaps to send them once more later."""
        for code in self.street.send(twice):
            self.may(code, ARRIVING | LEAVING)

    @rule(shift=shift, by=by)
    def close(self, shift: int, by: int) -> None:
        """End a shift with everybody inside."""
        self.may(self.street.close(shift, by), STAFF | {"TOO_EARLY_TO_CLOSE"})

    @rule(minutes=st.sampled_from([5, 30, 120]))
    def let_minutes_pass(self, minutes: int) -> None:
        """Let time pass."""
        self.street.now += minutes * MINUTE

    @rule()
    def sleep(self) -> None:
        """Let it be a quarter to nine of the next day."""
        past = (self.street.now - BEGIN) % timedelta(days=1)
        self.street.now += timedelta(days=1) - past

    @rule()
    def sweep(self) -> None:
        """Write what time has brought."""
        self.street.sweep()

    @rule(index=index, by=by)
    def annul(self, index: int, by: int) -> None:
        """Say that an attendance was none."""
        self.may(self.street.annul(index, by), AMENDING)

    @rule(index=index, by=by, came=st.none() | st.integers(-60, 60), left=st.none() | st.integers(1, 180))
    def adjust(self, index: int, by: int, came: int | None, left: int | None) -> None:
        """State other times of an attendance, one at least."""
        self.may(self.street.adjust(index, by, 0 if left is None and came is None else came, left), AMENDING)

    @rule(index=index, by=by, fewer=st.none() | st.integers(1, 100))
    def approve(self, index: int, by: int, fewer: int | None) -> None:
        """Approve a record."""
        deciding = {"INVALID", "RECORD_FROZEN", "RECORD_NOT_PENDING", "RECORD_ON_NOTICE"}
        again = {"SECOND_PERSON_NEEDED", "SERVICE_OVERLAP"}
        self.may(self.street.decide(index, by, yes=True, fewer=fewer), STAFF | deciding | again)

    @rule(index=index, by=by)
    def reject(self, index: int, by: int) -> None:
        """Reject a record."""
        self.may(self.street.decide(index, by, yes=False, fewer=None), STAFF | {"RECORD_FROZEN", "RECORD_NOT_PENDING"})

    @rule(index=index, by=by, minutes=st.integers(0, 180))
    def ask(self, index: int, by: int, minutes: int) -> None:
        """Ask for a correction of a record's minutes; none at all annul it."""
        self.may(self.street.ask(index, by, {"service_minutes": minutes}), CHANGING)

    @rule(index=index, by=by, shift=shift, start=st.integers(0, 120), minutes=st.integers(1, 180))
    def ask_for_times(self, index: int, by: int, shift: int, start: int, minutes: int) -> None:
        """Ask for a correction of a record's times."""
        started_at = self.street.shift_near(shift).starts_at + start * MINUTE
        times = {"started_at": started_at, "ended_at": started_at + minutes * MINUTE}
        self.may(self.street.ask(index, by, times), CHANGING)

    @rule(index=index, by=by, yes=st.booleans())
    def grant(self, index: int, by: int, yes: bool) -> None:
        """Decide on a correction."""
        over = {"CORRECTION_DECIDED", "RECORD_FROZEN", "RECORD_SUPERSEDED", "SECOND_PERSON_NEEDED", "SERVICE_OVERLAP"}
        self.may(self.street.grant(index, by, yes), STAFF | over)

    @rule(index=index, first=by, minutes=st.integers(0, 180))
    def correct(self, index: int, first: int, minutes: int) -> None:
        """Have both coordinators of an organisation correct a record, one after the other."""
        if self.may(self.street.ask(index, first, {"service_minutes": minutes}), CHANGING):
            self.street.tick()
            self.may(self.street.grant(0, first ^ 1, yes=True), STAFF | {"RECORD_FROZEN", "SERVICE_OVERLAP"})

    @rule(index=index, who=who)
    def object(self, index: int, who: int) -> None:
        """Object to a record."""
        self.may(
            self.street.object(index, who),
            {"FORBIDDEN", "NOT_FOUND", "OBJECTION_MADE", "OBJECTION_TOO_LATE", "TOO_MANY_OBJECTIONS"},
        )

    @rule(
        index=index,
        by=by,
        wanted=st.just({})
        | st.just({"annul": True})
        | st.builds(lambda n: {"service_minutes": n}, st.integers(1, 180)),
    )
    def answer(self, index: int, by: int, wanted: dict[str, Any]) -> None:
        """Answer an objection."""
        self.may(self.street.answer(index, by, wanted), CHANGING | {"OBJECTION_ANSWERED", "OWN_OBJECTION"})

    @rule(who=who, shift=shift, start=st.integers(0, 120), minutes=st.integers(1, 180))
    def supplement(self, who: int, shift: int, start: int, minutes: int) -> None:
        """Ask for a supplement."""
        refusals = {"INVALID", "OUTSIDE_SHIFT", "SERVICE_OVERLAP", "SUPPLEMENT_LIMIT", "SUPPLEMENT_TOO_LATE"}
        self.may(self.street.supplement(who, shift, start, minutes), refusals)

    @rule(index=index, by=by, yes=st.booleans())
    def review(self, index: int, by: int, yes: bool) -> None:
        """Review a supplement."""
        over = {"ALREADY_REVIEWED", "SECOND_PERSON_NEEDED", "SERVICE_OVERLAP", "SUPPLEMENT_DECIDED"}
        self.may(self.street.review(index, by, yes), STAFF | over)

    @rule(organisation=organisation, setting=setting)
    def change_rules(self, organisation: int, setting: tuple[str, Any]) -> None:
        """Have an organisation go by another rule from today on."""
        self.street.rule(organisation, *setting)

    @rule(who=who, yes=st.booleans())
    def consent(self, who: int, yes: bool) -> None:
        """Say whether one's surplus goes to the pool."""
        self.street.consent(who, yes)

    @rule(who=who, minutes=st.sampled_from([10, 60, 100, 5_900]))
    def spend(self, who: int, minutes: int) -> None:
        """Spend minutes, so that corrections run into debt."""
        self.may(self.street.spend(who, minutes), {"DEBT_OUTSTANDING", "INSUFFICIENT_MINUTES", "WALLET_NOT_FOUND"})

    def may(self, refusal: str | None, reasons: set[str]) -> bool:
        """Take an outcome that is allowed; return whether nothing was refused."""
        assert refusal is None or refusal in reasons, refusal
        return refusal is None

    @invariant()
    def the_books_agree(self) -> None:
        """Records, stays and ledger say the same; and a moment passes."""
        if hasattr(self, "street"):
            checks.check([one.id for one in self.street.people])
            self.street.tick()

    def teardown(self) -> None:
        """In the end the whole ledger is recomputed, and every record is worked out once more."""
        if hasattr(self, "street"):
            assert in_unit_of_work(proof.verify, write=False).ok
            checks.derive_everything()


@pytest.mark.rule("R07")
@pytest.mark.rule("R08")
def test_every_minute_has_a_provenance(app: Flask, _house: Any) -> None:
    """Any sequence of scans, closes, decisions, corrections, objections and new rules leaves books that agree."""

    class Run(Provenance):
        def fresh(self) -> None:
            session.remove()
            db.engine.dispose()
            _house.databases.fresh("app")

    assert settings.default is not None
    short = settings.default.max_examples < 100
    run_state_machine_as_test(
        Run, settings=settings(max_examples=25 if short else 500, stateful_step_count=40 if short else 100)
    )
