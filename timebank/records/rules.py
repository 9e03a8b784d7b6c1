"""What a record may be, where its minutes come from, what they earn, and who has to look at it first."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from timebank.clock import day_of
from timebank.policies.rules import Approval, Policy

LONGEST = timedelta(hours=12)
"""Longer attendances are true, and earn no more than this; a coordinator looks at them."""


class Provenance(StrEnum):
    """Where minutes come from, strongest first (rule R09)."""

    SELF_SCAN = "self_scan"
    STAFF_SCAN = "staff_scan"
    SUPPLEMENT = "supplement"
    IMPORT = "import"


SCANNED = frozenset({Provenance.SELF_SCAN, Provenance.STAFF_SCAN})


class State(StrEnum):
    """What a revision says about its record; the last two come with corrections and objections."""

    PENDING_REVIEW = "pending_review"
    PENDING_NOTICE = "pending_notice"
    FINAL = "final"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    FROZEN = "frozen"


PENDING = (State.PENDING_REVIEW, State.PENDING_NOTICE)


class SourceType(StrEnum):
    """What sort of fact a record was made from."""

    ATTENDANCE = "attendance"
    SUPPLEMENT = "supplement"
    IMPORT = "import"


class Flag(StrEnum):
    """A doubt about a record. Flags never refuse: they hold the credit until a human has decided (rule R13)."""

    AUTO_CLOSED = "AUTO_CLOSED"
    BULK = "BULK"
    CAPPED = "CAPPED"
    CLOCK_SKEW = "CLOCK_SKEW"
    FAR = "FAR"
    IMPOSSIBLE_TRAVEL = "IMPOSSIBLE_TRAVEL"
    LATE = "LATE"
    MANUAL = "MANUAL"
    NO_LOCATION = "NO_LOCATION"
    OVERLAP_NEAR = "OVERLAP_NEAR"
    OVER_DAILY = "OVER_DAILY"
    SHARED_DEVICE = "SHARED_DEVICE"
    STATIC_CODE = "STATIC_CODE"
    SUSPENDED = "SUSPENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The evidence of one service, from whoever witnessed it (rule R03: what a record must carry)."""

    volunteer_id: UUID
    source_type: SourceType
    source_id: UUID
    started_at: datetime
    ended_at: datetime
    provenance: Provenance
    flags: frozenset[Flag] = frozenset()
    activity_id: UUID
    activity_name: str
    content: str
    organisation_id: UUID
    organisation_name: str
    area_id: UUID
    area_path: str
    shift_id: UUID | None
    place: str
    leader_id: UUID | None
    group_id: UUID | None = None
    """The group that it was done for, whose account earns it (rule R24); none: the volunteer's own."""
    reviewed: bool = False
    """Whether two people have looked at it already, as at a supplement: it needs no third."""
    stated_minutes: int | None = None
    """What another system has recorded, if that is less than lies between the two ends (a rest, a cap of its own)."""

    @property
    def served_on(self) -> date:
        """The Asia/Shanghai day of the check-in: a night shift belongs wholly to it."""
        return day_of(self.started_at)

    @property
    def minutes(self) -> int:
        """Whole minutes between the two ends, or the fewer that were stated; a part of a minute does not count."""
        between = (self.ended_at - self.started_at) // timedelta(minutes=1)
        return between if self.stated_minutes is None else min(self.stated_minutes, between)


@dataclass(frozen=True, slots=True)
class SoFar:
    """What a volunteer's current records add up to: final service by provenance, and one day's minutes.

    ``day_expected_minutes`` counts what the day's records earn or will earn, so that two pending records can never be
    approved past a daily cap together.
    """

    by_provenance: dict[Provenance, int] = field(default_factory=dict)
    day_service_minutes: int = 0
    day_expected_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the rules make of a service: what it earns, the doubts about it, and where it starts."""

    service_minutes: int
    expected_minutes: int
    flags: frozenset[Flag]
    state: State

    @property
    def credited_minutes(self) -> int:
        """What is credited at once: nothing before it is final."""
        return self.expected_minutes if self.state is State.FINAL else 0


def weaker(one: Provenance, other: Provenance) -> Provenance:
    """Return the provenance of a pair: the weaker of its two ends."""
    order = list(Provenance)
    return max(one, other, key=order.index)


def assess(served: Served, policy: Policy, so_far: SoFar) -> Assessment:
    """Apply a policy to a service. The record stays true to the minute; only the credit is cut (rules R01, R11, R20)."""
    minutes = served.minutes
    flags = set(served.flags)
    if served.ended_at - served.started_at > LONGEST:
        flags.add(Flag.CAPPED)
    if _too_long_a_day(so_far.day_service_minutes + minutes, policy):
        flags.add(Flag.OVER_DAILY)
    return Assessment(
        service_minutes=minutes,
        expected_minutes=earned(
            minutes, provenance=served.provenance, policy=policy, earned_that_day=so_far.day_expected_minutes
        ),
        flags=frozenset(flags),
        state=first_state(provenance=served.provenance, flags=flags, policy=policy, reviewed=served.reviewed),
    )


def _too_long_a_day(minutes: int, policy: Policy) -> bool:
    return policy.daily_review_minutes is not None and minutes > policy.daily_review_minutes


def earned(minutes: int, *, provenance: Provenance, policy: Policy, earned_that_day: int = 0) -> int:
    """Return what ``minutes`` of service earn: whole credit steps, within the day's cap; honour is another number."""
    minutes = min(minutes, LONGEST // timedelta(minutes=1))
    if provenance not in policy.credit_provenances or minutes < policy.min_credit_minutes:
        return 0
    if policy.daily_credit_cap_minutes is not None:
        minutes = max(0, min(minutes, policy.daily_credit_cap_minutes - earned_that_day))
    return minutes // policy.credit_step_minutes * policy.credit_step_minutes


def first_state(*, provenance: Provenance, flags: Collection[Flag], policy: Policy, reviewed: bool = False) -> State:
    """Return where a record starts: an unflagged scan pair skips the review by policy, and never the public notice.

    What two people have ``reviewed`` already skips it, too, unless a doubt comes up that they did not see.
    """
    skips = reviewed or (provenance in SCANNED and policy.approval != Approval.ALWAYS)
    if flags or not skips:
        return State.PENDING_REVIEW
    return State.PENDING_NOTICE if policy.notice_days > 0 else State.FINAL


def flags_as_text(flags: Iterable[Flag]) -> str:
    """Return flags as a column holds them: sorted, with commas."""
    return ",".join(sorted(flags))


def flags_from_text(text: str) -> list[Flag]:
    """Return the flags in a column."""
    return [Flag(name) for name in text.split(",") if name]
