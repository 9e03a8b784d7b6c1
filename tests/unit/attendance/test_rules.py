"""When one may check in and out: pure rules, told apart by the minute."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from timebank.activities.errors import NotSignedUp
from timebank.activities.queries import ShiftContext
from timebank.activities.rules import ShiftState
from timebank.attendance.errors import (
    AlreadyCheckedIn,
    AlreadyCheckedOut,
    AlreadyClosed,
    NotCheckedIn,
    NotOpenYet,
    OpenElsewhere,
    Overlap,
    TooManyPairs,
    TooSoon,
    VolunteerSuspended,
)
from timebank.attendance.rules import (
    Open,
    Standing,
    flags_at_check_out,
    nothing_to_check_out,
    refuse_check_in,
    refuse_early_check_out,
)
from timebank.attendance.sentences import checked_out_text
from timebank.database import new_id
from timebank.errors import Refusal
from timebank.policies.rules import BUILT_IN, Policy
from timebank.records.rules import Flag

NINE = datetime(2026, 11, 2, 1, tzinfo=UTC)
SHIFT = ShiftContext(
    shift_id=new_id(),
    activity_id=new_id(),
    activity_name="助老理发",
    category="elder_care",
    content="上门理发",
    organisation_id=new_id(),
    organisation_name="三色堇",
    organisation_path="0573.01",
    area_id=new_id(),
    area_path="0573.01",
    site_id=None,
    place="硖石街道",
    leader_id=None,
    starts_at=NINE,
    ends_at=NINE + timedelta(hours=2),
    capacity=10,
    taken=0,
    state=ShiftState.OPEN,
    point_ref="AAAAAAAA",
    policy_number=0,
)
OUTSIDE = Standing(
    volunteer_id=new_id(),
    shift_id=SHIFT.shift_id,
    display_name="王秀英",
    person_state="active",
    signed_up=True,
    open=None,
    pairs=0,
    left_at=None,
    busy_until=None,
    forgot=False,
)
HERE = Open(
    attendance_id=new_id(),
    shift_id=SHIFT.shift_id,
    checked_in_at=NINE,
    where="助老理发",
    ends_at=SHIFT.ends_at,
    organisation_id=SHIFT.organisation_id,
    area_path=SHIFT.area_path,
)
THERE = replace(HERE, shift_id=new_id(), where="图书整理")


def _check_in(
    standing: Standing, *, at: datetime = NINE, context: ShiftContext = SHIFT, policy: Policy = BUILT_IN
) -> None:
    refuse_check_in(standing=standing, context=context, policy=policy, at=at, by_staff=False)


@pytest.mark.parametrize(
    ("standing", "refusal"),
    [
        (replace(OUTSIDE, person_state="frozen", open=HERE), VolunteerSuspended),
        (replace(OUTSIDE, open=HERE, pairs=3), AlreadyCheckedIn),
        (replace(OUTSIDE, open=THERE, pairs=3), OpenElsewhere),
        (replace(OUTSIDE, pairs=3, busy_until=NINE + timedelta(minutes=1)), TooManyPairs),
        (replace(OUTSIDE, busy_until=NINE + timedelta(microseconds=1), signed_up=False), Overlap),
    ],
)
def test_the_first_reason_from_the_top_is_told(standing: Standing, refusal: type[Refusal]) -> None:
    """Where several reasons hold, the order of the list decides, always the same way."""
    with pytest.raises(refusal):
        _check_in(standing)


@pytest.mark.parametrize(
    ("minutes", "refusal"), [(-30.01, NotOpenYet), (-30, None), (0, None), (179.99, None), (180, AlreadyClosed)]
)
def test_the_hours_of_check_in_are_half_open(minutes: float, refusal: type[Refusal] | None) -> None:
    """From 30 minutes before the start up to, and not including, 60 after the end."""
    at = NINE + timedelta(minutes=minutes)
    if refusal is None:
        _check_in(OUTSIDE, at=at)
    else:
        with pytest.raises(refusal):
            _check_in(OUTSIDE, at=at)


def test_a_walk_in_is_a_question_of_policy() -> None:
    """Without a sign-up one comes in only where walk-ins are welcome."""
    stranger = replace(OUTSIDE, signed_up=False)
    _check_in(stranger)
    with pytest.raises(NotSignedUp):
        _check_in(stranger, policy=Policy(walk_in=False))


def test_a_cancelled_shift_takes_nobody() -> None:
    """Whatever the hour."""
    with pytest.raises(AlreadyClosed):
        _check_in(OUTSIDE, context=replace(SHIFT, state=ShiftState.CANCELLED))


@pytest.mark.parametrize(("seconds", "left", "minutes"), [(0, 600, 10), (599.2, 1, 1), (479, 121, 3), (-60, 660, 11)])
def test_too_soon_says_how_long_to_wait(seconds: float, left: int, minutes: int) -> None:
    """Seconds for a countdown, minutes for the sentence. Rounded up: who waits that long is not too soon. A scan from before the check-in is too soon as well."""
    with pytest.raises(TooSoon) as refused:
        refuse_early_check_out(checked_in_at=NINE, policy=BUILT_IN, at=NINE + timedelta(seconds=seconds))
    assert refused.value.context == {"minutes": 10, "seconds_left": left, "minutes_left": minutes}
    refuse_early_check_out(checked_in_at=NINE, policy=BUILT_IN, at=NINE + timedelta(seconds=600))


@pytest.mark.parametrize(
    ("standing", "refusal"),
    [
        (OUTSIDE, NotCheckedIn),
        (replace(OUTSIDE, left_at=NINE), AlreadyCheckedOut),
        (replace(OUTSIDE, left_at=NINE, open=THERE), OpenElsewhere),
        (replace(OUTSIDE, left_at=NINE, open=HERE), AlreadyCheckedOut),
    ],
)
def test_who_is_not_inside_is_told_why(standing: Standing, refusal: type[Refusal]) -> None:
    """Never there, already gone, inside another shift; or back again on another phone a moment ago."""
    assert isinstance(nothing_to_check_out(standing=standing, context=SHIFT, by_staff=False), refusal)


def test_flags_at_check_out() -> None:
    """Later than the closing time, or suspended meanwhile: doubts, no refusals."""
    closing = NINE + timedelta(hours=3)

    def flags(at: datetime, state: str = "active") -> set[Flag]:
        return flags_at_check_out(context=SHIFT, policy=BUILT_IN, person_state=state, at=at)

    assert flags(closing) == set()
    assert flags(closing + timedelta(microseconds=1)) == {Flag.LATE}
    assert flags(closing, "frozen") == {Flag.SUSPENDED}


@pytest.mark.parametrize(
    ("credited", "waits", "zh", "en"),
    [
        (60, False, "已计入 60 分钟", "60 minutes credited"),
        (0, True, "等待协调员审核，不用再操作", "waits for a coordinator, nothing more to do"),
        (0, False, "记入服务时长，按规则不增加余额", "on the record for good, not in the balance by the rules"),
    ],
)
def test_the_farewell_says_what_became_of_it(credited: int, waits: bool, zh: str, en: str) -> None:
    """Credited, waiting, or honour only."""
    text = checked_out_text(minutes=60, credited=credited, waits=waits)
    assert text == {
        "message": f"签退成功。本次服务 60 分钟，{zh}。",
        "message_en": f"Checked out after 60 minutes; {en}.",
    }
