"""What an enrolled screen may fetch with nobody signed in: the codes of the shifts that run at its site now."""

from datetime import datetime, timedelta
from uuid import UUID

from timebank import clock
from timebank.activities import queries as activities
from timebank.activities.models import Shift
from timebank.activities.queries import ShiftContext, context_of
from timebank.activities.rules import ShiftState
from timebank.attendance import points
from timebank.attendance.points import Screen
from timebank.attendance.rules import closes_at, opens_at
from timebank.codes.book import CodeBook
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.device_rules import Enrolled
from timebank.policies import service as policies

_WIDEST = timedelta(days=1)
"""No policy opens check-in earlier, or keeps check-out open longer."""


def running(screen: Enrolled | None) -> list[ShiftContext]:
    """Return the shifts at a screen's site where one may check in or out now, the earliest first."""
    if screen is None:
        return []
    now = clock.now()
    found = session.execute(
        activities.shift_contexts()
        .where(
            Shift.site_id == screen.site_id,
            *activities.is_open(now, open_before=_WIDEST, close_after=_WIDEST),
        )
        .order_by(Shift.starts_at, Shift.id)
    )
    return [context for row in found if _runs(context := context_of(row), now)]


def codes(*, screen: Enrolled | None, shift_id: UUID, book: CodeBook) -> Screen:
    """Return the codes of a shift that runs at the screen's site. Raises NotFound for any other shift."""
    context = activities.shift_context(shift_id)
    if screen is None or context is None or context.site_id != screen.site_id or not _runs(context, clock.now()):
        raise NotFound
    return points.codes_of(context, book=book)


def _runs(context: ShiftContext, now: datetime) -> bool:
    if context.state != ShiftState.OPEN or (context.closed_at is not None and context.closed_at <= now):
        return False
    policy = policies.resolve(
        organisation_id=context.organisation_id,
        area_path=context.area_path,
        at=now,
        known_number=context.policy_number,
    )
    return opens_at(context, policy) <= now < closes_at(context, policy)
