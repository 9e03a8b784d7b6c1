"""What a service earns, where it comes from, and who has to look at it first."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.records import NINE_O_CLOCK, a_service
from timebank.policies.rules import BUILT_IN, Policy
from timebank.records.rules import (
    Flag,
    Provenance,
    SoFar,
    State,
    assess,
    earned,
    flags_as_text,
    flags_from_text,
    weaker,
)

NANJING = Policy(
    credit_step_minutes=60,
    min_credit_minutes=60,
    credit_provenances=frozenset({"self_scan", "staff_scan"}),
    daily_credit_cap_minutes=480,
    approval="always",
    notice_days=3,
)


@pytest.mark.rule("R01")
@pytest.mark.parametrize(
    ("minutes", "policy", "credited"),
    [
        (9, BUILT_IN, 0),
        (10, BUILT_IN, 10),
        (119, BUILT_IN, 119),
        (59, NANJING, 0),
        (119, NANJING, 60),
        (120, NANJING, 120),
        (599, NANJING, 480),
        (0, Policy(min_credit_minutes=0), 0),
    ],
)
def test_minutes_earn_whole_steps_above_the_minimum(minutes: int, policy: Policy, credited: int) -> None:
    """Raw minutes become credited ones by step, rounding and minimum of the policy."""
    assert earned(minutes, provenance=Provenance.SELF_SCAN, policy=policy) == credited


@pytest.mark.rule("R09")
def test_a_provenance_that_is_not_listed_is_honour_only() -> None:
    """Imports earn nothing by default, supplements nothing in Nanjing."""
    assert earned(120, provenance=Provenance.IMPORT, policy=BUILT_IN) == 0
    assert earned(120, provenance=Provenance.SUPPLEMENT, policy=BUILT_IN) == 120
    assert earned(120, provenance=Provenance.SUPPLEMENT, policy=NANJING) == 0


@pytest.mark.parametrize(("already", "credited"), [(0, 90), (20, 80), (100, 0), (150, 0)])
def test_the_daily_cap_leaves_what_the_day_has_left(already: int, credited: int) -> None:
    """What was earned that day counts against the cap; it never goes below nothing."""
    policy = Policy(daily_credit_cap_minutes=100)
    assert earned(90, provenance=Provenance.SELF_SCAN, policy=policy, earned_that_day=already) == credited


@given(
    minutes=st.integers(0, 3_000),
    step=st.integers(1, 480),
    minimum=st.integers(0, 500),
    cap=st.none() | st.integers(1, 1_440),
    already=st.integers(0, 1_500),
)
def test_nothing_earns_more_than_it_lasted(
    minutes: int, step: int, minimum: int, cap: int | None, already: int
) -> None:
    """Whatever the policy: credit is whole steps, never more than served, never past the cap."""
    policy = Policy(credit_step_minutes=step, min_credit_minutes=minimum, daily_credit_cap_minutes=cap)
    credited = earned(minutes, provenance=Provenance.SELF_SCAN, policy=policy, earned_that_day=already)
    assert 0 <= credited <= min(minutes, 720)
    assert credited % step == 0
    assert cap is None or credited <= max(0, cap - already)


def test_a_pair_is_as_strong_as_its_weaker_end() -> None:
    """Self-scanned in and staff-scanned out is a staff scan; equal ends keep theirs."""
    assert weaker(Provenance.SELF_SCAN, Provenance.STAFF_SCAN) is Provenance.STAFF_SCAN
    assert weaker(Provenance.STAFF_SCAN, Provenance.SELF_SCAN) is Provenance.STAFF_SCAN
    assert weaker(Provenance.IMPORT, Provenance.SUPPLEMENT) is Provenance.IMPORT
    assert weaker(Provenance.SELF_SCAN, Provenance.SELF_SCAN) is Provenance.SELF_SCAN


@pytest.mark.parametrize(
    ("policy", "state"),
    [
        (BUILT_IN, State.FINAL),
        (Policy(notice_days=3), State.PENDING_NOTICE),
        (Policy(approval="always"), State.PENDING_REVIEW),
        (NANJING, State.PENDING_REVIEW),
    ],
)
def test_the_policy_says_where_a_clean_pair_starts(policy: Policy, state: State) -> None:
    """An unflagged scan pair skips the review, not the notice, unless everything is reviewed."""
    assert assess(a_service(), policy, SoFar()).state is state


@pytest.mark.rule("R13")
def test_what_is_flagged_or_not_scanned_waits_for_a_human() -> None:
    """Doubts and supplements hold the credit; they never refuse it."""
    flagged = assess(a_service(flags=frozenset({Flag.LATE})), BUILT_IN, SoFar())
    supplement = assess(a_service(provenance=Provenance.SUPPLEMENT), BUILT_IN, SoFar())
    assert flagged.state is supplement.state is State.PENDING_REVIEW
    assert (flagged.credited_minutes, flagged.expected_minutes) == (0, 120)


@pytest.mark.rule("R11")
@pytest.mark.parametrize(("earlier", "flags"), [(360, ""), (361, "OVER_DAILY")])
def test_more_than_the_daily_limit_is_flagged(earlier: int, flags: str) -> None:
    """Exactly eight hours are fine; a minute more is looked at."""
    assert flags_as_text(assess(a_service(), BUILT_IN, SoFar(day_service_minutes=earlier)).flags) == flags


def test_without_a_daily_limit_no_day_is_too_long() -> None:
    """A policy may leave the daily review out."""
    policy = Policy(daily_review_minutes=None)
    assert assess(a_service(minutes=700), policy, SoFar(day_service_minutes=700)).flags == frozenset()


@pytest.mark.parametrize(("minutes", "capped"), [(719, False), (720, True), (1_300, True)])
def test_service_beyond_twelve_hours_is_true_and_its_credit_capped(minutes: int, capped: bool) -> None:
    """The record keeps every minute; the credit stops at twelve hours and waits for a coordinator."""
    made = assess(a_service(minutes=minutes), Policy(daily_review_minutes=None), SoFar())
    assert made.service_minutes == minutes
    assert made.expected_minutes == min(minutes, 720)
    assert (Flag.CAPPED in made.flags) is capped


def test_twelve_hours_to_the_second_are_not_capped() -> None:
    """The limit itself is still an ordinary, if long, service."""
    served = replace(a_service(), ended_at=NINE_O_CLOCK + timedelta(hours=12))
    made = assess(served, Policy(daily_review_minutes=None), SoFar())
    assert (made.flags, made.credited_minutes) == (frozenset(), 720)


def test_a_part_of_a_minute_does_not_count() -> None:
    """Two hours and 59 seconds are 120 minutes."""
    served = a_service(minutes=120)
    assert served.ended_at - served.started_at == timedelta(minutes=120, seconds=59)
    assert served.minutes == 120


def test_a_night_shift_belongs_to_the_day_of_its_check_in() -> None:
    """From 23:30 in Shanghai into the next day: wholly the first day's, though UTC says otherwise."""
    assert a_service(started_at=datetime(2026, 11, 2, 15, 30, tzinfo=UTC)).served_on == date(2026, 11, 2)
    assert a_service(started_at=datetime(2026, 11, 2, 16, 0, tzinfo=UTC)).served_on == date(2026, 11, 3)
    assert a_service(started_at=NINE_O_CLOCK).served_on == date(2026, 11, 2)


def test_flags_survive_their_column() -> None:
    """Flags are kept sorted; no flag is an empty text, and back; all of them together fit the column."""
    assert flags_from_text(flags_as_text({Flag.LATE, Flag.CAPPED})) == [Flag.CAPPED, Flag.LATE]
    assert flags_from_text(flags_as_text(())) == []
    assert len(flags_as_text(Flag)) <= 200
