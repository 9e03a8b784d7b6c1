"""What somebody brings along when they arrive, and the doubts that it raises. Pure: flags hold the credit, a person decides."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from timebank import clock
from timebank.activities.errors import RiskNotAccepted
from timebank.activities.queries import ShiftContext
from timebank.attendance.errors import LocationRequired, OutOfRange
from timebank.attendance.places import Located, Spot, Whereabouts, spot_of, too_fast, whereabouts
from timebank.identity.ages import refuse_minor
from timebank.identity.errors import ConsentRequired
from timebank.identity.rules import Purpose
from timebank.policies.rules import Geofence, Policy
from timebank.records.rules import Flag

DEVICE_WITHIN = timedelta(hours=12)
"""So long a phone that scanned for somebody else is remembered."""
NEAR = timedelta(minutes=5)
"""Less than this between two organisations, and somebody looks: nobody travels and signs in so fast."""
STAFF_BULK_WITHIN = timedelta(seconds=10)
STAFF_BULK_PEOPLE = 5
"""So many different people scanned by one leader within ten seconds: nobody hands over cards so fast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What is known of a volunteer besides the scan: age, consents, and where they came from."""

    birth_on: date | None = None
    guardian_consents: bool = False
    service_consent: bool | None = None
    """None: never asked."""
    location_consent: bool = False
    risk_accepted: bool = False
    left_organisation_id: UUID | None = None
    left_from: Spot | None = None
    shared_device: bool = False
    scanned_by_leader: int = 0
    """Other people whom the same leader scanned within ten seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What came with a check-in: the phone's place, the word that a guardian is there, and whether a phone has kept it."""

    located: Located | None = None
    guardian_present: bool = False
    kept: bool = False
    """Scanned without network: nobody can step closer and scan again, so the fence only flags it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fenced:
    """What the fence makes of a check-in: what is kept of the place, and the doubts."""

    whereabouts: Whereabouts | None = None
    flags: frozenset[Flag] = frozenset()


NOTHING_KNOWN = Background()
NOTHING_BROUGHT = Brought()


def refuse_unprotected(
    *, background: Background, context: ShiftContext, policy: Policy, at: datetime, brought: Brought
) -> None:
    """Raise why somebody may not be recorded or serve here: CONSENT_REQUIRED, NOT_FOR_MINORS, GUARDIAN_REQUIRED."""
    refused = background.service_consent is False
    if refused or (background.service_consent is None and policy.service_consent):
        raise ConsentRequired(purpose=str(Purpose.SERVICE_RECORD))
    refuse_minor(
        birth_on=background.birth_on,
        day=clock.day_of(at),
        min_age=policy.min_age,
        risky=context.risky,
        consented=background.guardian_consents,
        present=brought.guardian_present,
    )


def refuse_unaware(*, background: Background, context: ShiftContext) -> None:
    """Raise RiskNotAccepted at a risky activity whose risks somebody has not accepted, as it reads now (rule R14)."""
    if context.risky and not background.risk_accepted:
        raise RiskNotAccepted(risk_notice=context.risk_notice or "—")


def fenced(
    *, background: Background, context: ShiftContext, policy: Policy, brought: Brought, by_staff: bool
) -> Fenced:
    """Hold a phone's place against the site's. Raises OutOfRange, LocationRequired where the policy makes it a condition.

    Not asked: where the fence is off, where nobody has said where the site is, and of staff, who see whom they scan.
    """
    spot = spot_of(context.latitude, context.longitude)
    if policy.geofence == Geofence.OFF or spot is None or by_staff:
        return Fenced()
    condition = policy.geofence == Geofence.ENFORCE and not brought.kept
    if brought.located is None or not background.location_consent:
        if condition:
            raise LocationRequired
        return Fenced(flags=frozenset({Flag.NO_LOCATION}))
    found = whereabouts(brought.located, spot, metres=policy.geofence_metres)
    if found is None:
        return Fenced(flags=frozenset({Flag.NO_LOCATION}))
    if not found.inside and condition:
        raise OutOfRange(distance_m=found.distance_m, allowed_m=policy.geofence_metres)
    return Fenced(whereabouts=found, flags=frozenset() if found.inside else frozenset({Flag.FAR}))


def flags_of_journey(
    *, background: Background, context: ShiftContext, left_at: datetime | None, at: datetime
) -> set[Flag]:
    """Return what is doubtful about who arrives: a shared phone, a leader in a hurry, and where they were before."""
    flags = set()
    if background.shared_device:
        flags.add(Flag.SHARED_DEVICE)
    if background.scanned_by_leader + 1 >= STAFF_BULK_PEOPLE:
        flags.add(Flag.BULK)
    if left_at is None:
        return flags
    if background.left_organisation_id != context.organisation_id and at - left_at < NEAR:
        flags.add(Flag.OVERLAP_NEAR)
    if too_fast(background.left_from, spot_of(context.latitude, context.longitude), at - left_at):
        flags.add(Flag.IMPOSSIBLE_TRAVEL)
    return flags
