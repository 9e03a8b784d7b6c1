"""A year on the demo street: every week each organisation serves, every month goods come in, and people redeem.

Told as a diary: what happens is noted with its instant first, then lived through in order, with business time fixed at
each instant. Everything goes through the services, so that records, ledger and stock are as real as in the street.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from uuid import UUID

from timebank import clock
from timebank.activities import service as activities
from timebank.demo import cast, shelves
from timebank.demo.names import named
from timebank.demo.scanning import arrive, leave
from timebank.demo.settlers import FOUNDER, Places

WEEKS = 52
REGULARS = 14
"""How many volunteers each organisation draws from."""
OPEN_SHIFT_LENGTH = timedelta(hours=3)
MINUTE = timedelta(minutes=1)


@dataclass
class Diary:
    """What happens, and when."""

    pages: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)

    def note(self, instant: datetime, what: Callable[[], None]) -> None:
        """Let ``what`` happen at ``instant``; of two things at once the one noted first comes first."""
        self.pages.append((instant, len(self.pages), what))

    def live_through(self) -> None:
        """Let everything happen in order."""
        for instant, _, what in sorted(self.pages, key=lambda page: page[:2]):
            with clock.at(instant):
                what()


def live_through(places: Places, volunteers: list[UUID]) -> None:
    """Live through the year that ends today; the last volunteer (demo:li) is new and takes no part."""
    random = Random(2)  # noqa: S311 - a story, not a secret
    diary = Diary()
    begin = clock.start_of(clock.day_of(clock.now())) - timedelta(weeks=WEEKS)
    diary.note(begin, partial(shelves.stock_catalogue, random))
    diary.note(begin, partial(_found_activities, places))
    for number, body in enumerate(cast.ORGANISATIONS):
        regulars = _regulars(number, volunteers[:-1])
        for week in range(WEEKS):
            _note_shift(diary, random, places, body, begin + timedelta(weeks=week), regulars)
    for month in range(WEEKS // 4):
        diary.note(begin + timedelta(weeks=4 * month, hours=8), partial(shelves.take_delivery, places.shop, random))
    for week in range(4, WEEKS):
        shopper = random.choice(volunteers[:-1])
        diary.note(begin + timedelta(weeks=week, hours=15), partial(shelves.go_shopping, places.shop, shopper, random))
    diary.live_through()


def _regulars(number: int, volunteers: list[UUID]) -> list[UUID]:
    """Return an organisation's own volunteers; the first of the street (demo:zhang) serves with each of them."""
    first = number * (len(volunteers) - 1) // len(cast.ORGANISATIONS)
    return [volunteers[0], *(volunteers[1 + (first + offset) % (len(volunteers) - 1)] for offset in range(REGULARS - 1))]


def _found_activities(places: Places) -> None:
    for body in cast.ORGANISATIONS:
        activities.add_activity(
            actor=FOUNDER,
            organisation_id=named(f"organisation/{body.slug}"),
            area_id=places.areas[body.area],
            name=body.activity,
            category=body.category,
            content=body.content,
            activity_id=named(f"activity/{body.slug}"),
        )


def _note_shift(
    diary: Diary, random: Random, places: Places, body: cast.Body, week: datetime, regulars: list[UUID]
) -> None:
    """Note one weekly shift: published two days before, and who came, a little early or late."""
    monday = week - timedelta(days=clock.day_of(week).weekday())
    starts_at = monday + timedelta(days=body.weekday, hours=body.hour)
    ends_at = starts_at + body.length_minutes * MINUTE
    shift_id = named(f"shift/{body.slug}/{clock.day_of(starts_at)}")
    if ends_at >= clock.now() or starts_at - timedelta(days=2) < diary.pages[0][0]:
        return
    publish = partial(_publish, places, body, shift_id, starts_at, ends_at)
    diary.note(starts_at - timedelta(days=2), publish)
    for volunteer_id in random.sample(regulars, random.randint(3, 6)):
        diary.note(starts_at - random.randint(0, 10) * MINUTE, partial(arrive, volunteer_id, shift_id))
        diary.note(ends_at + random.randint(-5, 10) * MINUTE, partial(leave, volunteer_id, shift_id))


def _publish(places: Places, body: cast.Body, shift_id: UUID, starts_at: datetime, ends_at: datetime) -> None:
    activities.publish_shift(
        actor=FOUNDER,
        activity_id=named(f"activity/{body.slug}"),
        site_id=places.venues[body.slug],
        starts_at=starts_at,
        ends_at=ends_at,
        capacity=20,
        shift_id=shift_id,
    )
