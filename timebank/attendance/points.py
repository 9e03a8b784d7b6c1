"""The check-in point of a shift: the codes on its screen, and who is there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from timebank import clock
from timebank.activities import queries as activities
from timebank.activities.queries import ShiftContext
from timebank.activities.service import leads
from timebank.attendance.rules import CODES_AHEAD
from timebank.codes.book import CodeBook
from timebank.codes.layouts import Rotating
from timebank.errors import NotFound
from timebank.identity.rules import Actor


@dataclass(frozen=True, slots=True)
class Screen:
    """What a screen shows now and in the next minute; ``expires_at`` is when the current code is no longer taken."""

    token: str
    expires_at: datetime
    step_seconds: int
    next: list[dict[str, str | datetime]]
    server_time: datetime


def led_by(actor: Actor, shift_id: UUID) -> ShiftContext:
    """Return a shift that the actor answers for: as coordinator, administrator or leader. Raises NotFound."""
    context = activities.shift_context(shift_id)
    if context is None or not leads(actor, context):
        raise NotFound
    return context


def screen(*, actor: Actor, shift_id: UUID, book: CodeBook) -> Screen:
    """Return the code of a shift's screen and the coming ones, which nobody can use before their time."""
    return codes_of(led_by(actor, shift_id), book=book)


def codes_of(context: ShiftContext, *, book: CodeBook) -> Screen:
    """Return what the screen of a shift shows now and next."""
    now = clock.now()
    shown = Rotating.at(context.point_ref, now)
    step = timedelta(seconds=Rotating.step_seconds)
    coming = [Rotating.at(context.point_ref, shown.starts_at + step * ahead) for ahead in range(1, CODES_AHEAD + 1)]
    return Screen(
        token=book.issue(shown),
        expires_at=shown.taken_until,
        step_seconds=Rotating.step_seconds,
        next=[{"token": book.issue(code), "valid_from": code.starts_at} for code in coming],
        server_time=now,
    )
