"""Where a phone is, held against where a site is (rule R37; PIPL 28, 29). Pure.

Coordinates are looked at and forgotten. What stays is whether the phone was inside, and how far away to the hundred
metres; and only with the volunteer's own consent.
"""

import math
from dataclasses import dataclass, field
from datetime import timedelta

EARTH_RADIUS_M = 6_371_000
MICRODEGREES = 1_000_000
ROUNDED_TO_M = 100
MAX_ALLOWANCE_M = 100
"""So much of a phone's own inaccuracy counts in its favour, no more: a phone can claim any."""
FASTEST_KMH = 120
"""Nobody gets from one site to the next faster than this; it is a doubt, and a person decides."""
NEARBY_M = 1_000
"""Sites closer than this are as good as one: a check-out here and a check-in there may follow at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where a phone says that it is, in degrees and metres. Never stored, never logged: not even its repr shows it."""

    latitude: float = field(repr=False)
    longitude: float = field(repr=False)
    accuracy_m: float | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a site is, in millionths of a degree."""

    latitude: int
    longitude: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """All that is kept of a phone's place."""

    inside: bool
    distance_m: int


def spot_of(latitude: int | None, longitude: int | None) -> Spot | None:
    """Return a site's place, None if it is unknown."""
    return None if latitude is None or longitude is None else Spot(latitude=latitude, longitude=longitude)


def metres_between(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Return the great-circle distance of two places in degrees (haversine): good to half a percent."""
    first, second = math.radians(latitude), math.radians(other_latitude)
    across = math.radians(other_longitude - longitude)
    half = math.sin((second - first) / 2) ** 2 + math.cos(first) * math.cos(second) * math.sin(across / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half)))


def whereabouts(located: Located, spot: Spot, *, metres: int) -> Whereabouts | None:
    """Return what is kept of a phone's place; None if the phone does not know it well enough to say anything."""
    accuracy = located.accuracy_m or 0.0
    if accuracy > metres:
        return None
    distance = metres_between(
        located.latitude, located.longitude, spot.latitude / MICRODEGREES, spot.longitude / MICRODEGREES
    )
    return Whereabouts(
        inside=distance <= metres + min(accuracy, MAX_ALLOWANCE_M),
        distance_m=round(distance / ROUNDED_TO_M) * ROUNDED_TO_M,
    )


def too_fast(start: Spot | None, end: Spot | None, took: timedelta) -> bool:
    """Whether nobody gets from one site to another in this time; unknown places are no doubt."""
    if start is None or end is None:
        return False
    distance = metres_between(
        start.latitude / MICRODEGREES,
        start.longitude / MICRODEGREES,
        end.latitude / MICRODEGREES,
        end.longitude / MICRODEGREES,
    )
    return distance > NEARBY_M and distance / 1000 > FASTEST_KMH * max(took, timedelta()) / timedelta(hours=1)
