"""A year on the demo street: every week each organisation serves, every month goods come in, and people redeem.

Told as a diary: what happens is noted with its instant first, then lived through in order, with business time fixed at
each instant. Everything goes through the services, so that records, ledger and stock are as real as in the street.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from uuid import UUID

from sqlalchemy import exists, select

from timebank import clock
from timebank.activities import service as activities
from timebank.activities.models import Shift
from timebank.database import new_id, session
from timebank.demo import cast, shelves
from timebank.demo.names import named
from timebank.demo.scanning import Scanner
from timebank.demo.settlers import FOUNDER

WEEKS = 52
REGULARS = 14
"""How many volunteers each organisation draws from."""
OPEN_LENGTH = timedelta(hours=3)
OPEN_AT_LEAST = timedelta(hours=2, minutes=30)
"""A street that is started again gets another open shift when the last one is about to end."""
OPEN_CAPACITY = 200
MINUTE = timedelta(minutes=1)
NOTICE = timedelta(days=2)
"""How long before its start a shift is published."""


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


def live_through(volunteers: list[UUID], scanner: Scanner) -> None:
    """Live through the year that ends today; the last volunteer (demo:li) is new and takes no part."""
    random = Random(2)  # noqa: S311 - a story, not a secret
    diary = Diary()
    shop = named("site/shop")
    begin = clock.start_of(clock.day_of(clock.now())) - timedelta(weeks=WEEKS)
    diary.note(begin, partial(shelves.stock_catalogue, random))
    diary.note(begin, _found_activities)
    for number, body in enumerate(cast.ORGANISATIONS):
        regulars = _regulars(number, volunteers[:-1])
        for starts_at in _weekly(body, begin):
            _note_shift(diary, body, starts_at)
            for volunteer_id in random.sample(regulars, random.randint(2, 5)):
                early, late = random.randint(0, 10) * MINUTE, random.randint(-5, 10) * MINUTE
                shift_id, ends_at = _shift_id(body, starts_at), starts_at + body.length_minutes * MINUTE
                diary.note(starts_at - early, partial(scanner.arrive, volunteer_id, shift_id))
                diary.note(ends_at + late, partial(scanner.leave, volunteer_id, shift_id))
    for month in range(WEEKS // 4):
        diary.note(begin + timedelta(weeks=4 * month, hours=8), partial(shelves.take_delivery, shop, random))
    for week in range(4, WEEKS):
        shopper = random.choice(volunteers[:-1])
        diary.note(begin + timedelta(weeks=week, hours=15), partial(shelves.go_shopping, shop, shopper, random))
    diary.live_through()


def _regulars(number: int, volunteers: list[UUID]) -> list[UUID]:
    """Return an organisation's own volunteers; the first of the street (demo:zhang) serves with each of them."""
    first = number * (len(volunteers) - 1) // len(cast.ORGANISATIONS)
    return [
        volunteers[0],
        *(volunteers[1 + (first + offset) % (len(volunteers) - 1)] for offset in range(REGULARS - 1)),
    ]


def _found_activities() -> None:
    for body in cast.ORGANISATIONS:
        activities.add_activity(
            actor=FOUNDER,
            organisation_id=named(f"organisation/{body.slug}"),
            area_id=named(f"area/{body.area}"),
            name=body.activity,
            category=body.category,
            content=body.content,
            activity_id=named(f"activity/{body.slug}"),
        )


def _weekly(body: cast.Body, begin: datetime) -> Iterator[datetime]:
    """Yield when an organisation's shifts of the year start: those that are over by now."""
    first = begin + timedelta(days=(body.weekday - clock.day_of(begin).weekday()) % 7, hours=body.hour)
    for week in range(WEEKS):
        starts_at = first + timedelta(weeks=week)
        if starts_at - NOTICE > begin and starts_at + timedelta(minutes=body.length_minutes + 15) < clock.now():
            yield starts_at


def _shift_id(body: cast.Body, starts_at: datetime) -> UUID:
    return named(f"shift/{body.slug}/{clock.day_of(starts_at)}")


def _note_shift(diary: Diary, body: cast.Body, starts_at: datetime) -> None:
    ends_at = starts_at + body.length_minutes * MINUTE
    diary.note(starts_at - NOTICE, partial(publish, body, _shift_id(body, starts_at), starts_at, ends_at, capacity=20))


def publish(body: cast.Body, shift_id: UUID, starts_at: datetime, ends_at: datetime, *, capacity: int) -> None:
    """Publish a shift of an organisation's activity at its own place."""
    activities.publish_shift(
        actor=FOUNDER,
        activity_id=named(f"activity/{body.slug}"),
        site_id=named(f"site/venue/{body.slug}"),
        starts_at=starts_at,
        ends_at=ends_at,
        capacity=capacity,
        shift_id=shift_id,
    )


def top_up() -> None:
    """See to it that a shift is open now and for three hours, and that the shop has fresh goods."""
    now = clock.now()
    still_open = exists().where(Shift.capacity == OPEN_CAPACITY, Shift.ends_at > now + OPEN_AT_LEAST)
    if not session.scalar(select(still_open)):
        with clock.at(now - timedelta(hours=1)):
            publish(cast.ORGANISATIONS[0], new_id(), now - MINUTE, now + OPEN_LENGTH, capacity=OPEN_CAPACITY)
    shelves.refresh(named("site/shop"))
