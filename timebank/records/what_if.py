"""Which records other rules would alter. Reads page by page, and writes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_

from timebank import clock
from timebank.clock import start_of
from timebank.database import in_unit_of_work, session
from timebank.errors import NotFound
from timebank.policies import queries as versions
from timebank.policies import service as policies
from timebank.policies.models import PolicyVersion
from timebank.policies.rules import Policy
from timebank.records import queries
from timebank.records.models import Revision
from timebank.records.rederiving import Altered, under
from timebank.records.rules import SoFar

AT_ONCE = 500
_KEY = (Revision.volunteer_id, Revision.served_on, Revision.started_at, Revision.record_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records, and under which rules: those of the day on which a version takes effect, or today's."""

    organisation_id: UUID | None = None
    first_day: date | None = None
    last_day: date | None = None
    policy_number: int | None = None


@dataclass(slots=True)
class Seen:
    """How many records were looked at, and how many of them would change."""

    records: int = 0
    altered: int = 0


def altered(wanted: Wanted, seen: Seen) -> Iterator[Altered]:
    """Yield the records that would change, by volunteer and day; count in ``seen``. Raises NotFound for a version.

    A day is worked out as a whole, also what other organisations have recorded of it, for a daily cap counts all of it.
    """
    number, at = in_unit_of_work(lambda: _rules(wanted.policy_number), write=False)
    day, so_far = None, SoFar()
    for page in _pages(wanted):
        for revision, policy in in_unit_of_work(partial(_with_policies, page, number, at), write=False):
            if day != (revision.volunteer_id, revision.served_on):
                day, so_far = (revision.volunteer_id, revision.served_on), SoFar()
            found, so_far = under(revision, policy, so_far)
            if wanted.organisation_id not in {None, revision.organisation_id}:
                continue
            seen.records += 1
            if found is not None:
                seen.altered += 1
                yield found


def _rules(wanted: int | None) -> tuple[int, datetime]:
    """Return the largest version number that counts, and an instant of the day on which its values are looked up."""
    if wanted is None:
        return versions.latest_number(), clock.now()
    if wanted == 0:
        return 0, clock.now()
    effective_on = session.scalar(select(PolicyVersion.effective_on).where(PolicyVersion.number == wanted))
    if effective_on is None:
        raise NotFound
    return wanted, start_of(effective_on)


def _pages(wanted: Wanted) -> Iterator[list[Revision]]:
    """Yield the current records page by page, each read by itself: nothing is held open meanwhile."""
    after: tuple[Any, ...] | None = None
    while page := in_unit_of_work(partial(_page, wanted, after), write=False):
        yield page
        after = tuple(getattr(page[-1], column.key) for column in _KEY)


def _page(wanted: Wanted, after: tuple[Any, ...] | None) -> list[Revision]:
    found = queries.current().order_by(*_KEY).limit(AT_ONCE)
    if wanted.first_day is not None:
        found = found.where(Revision.served_on >= wanted.first_day)
    if wanted.last_day is not None:
        found = found.where(Revision.served_on <= wanted.last_day)
    if after is not None:
        found = found.where(tuple_(*_KEY) > after)
    page = list(session.scalars(found))
    session.expunge_all()
    return page


def _with_policies(page: list[Revision], number: int, at: datetime) -> list[tuple[Revision, Policy]]:
    return [
        (
            revision,
            policies.resolve(
                organisation_id=revision.organisation_id,
                area_path=revision.area_path,
                at=at,
                known_number=number,
            ),
        )
        for revision in page
    ]
