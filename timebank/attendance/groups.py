"""The verb: close a shift. Everybody still inside is checked out and credited at once, in one posting batch."""

from dataclasses import dataclass
from uuid import UUID

from timebank import clock
from timebank.activities import service as activities
from timebank.activities.queries import ShiftContext
from timebank.attendance import closing, points, queries
from timebank.attendance.closing import Ended
from timebank.attendance.errors import TooEarlyToClose
from timebank.attendance.rules import instant
from timebank.identity.family import relatives_of
from timebank.identity.rules import Actor
from timebank.records.rules import PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedShift:
    """A shift that is over, and whom its end has sent home."""

    context: ShiftContext
    ended: list[Ended]

    @property
    def pending(self) -> int:
        """How many of them wait for a decision."""
        return sum(one.revision.state in PENDING for one in self.ended)

    @property
    def credited_minutes(self) -> int:
        """What was credited to all of them together."""
        return sum(one.revision.credited_minutes for one in self.ended)


def close_shift(*, actor: Actor, shift_id: UUID) -> ClosedShift:
    """End a shift: nobody comes in any more, and everybody still inside is checked out by its leader or a coordinator.

    They leave now; after the time to check out they have left with the end of the shift, as if the sweep had been there.
    It is never a back door: the closer's own record and those of verified relatives wait for somebody else (rule R08).
    A stay shorter than the minimum is closed as well and earns what the policy gives for so short a service
    (``min_credit_minutes``). A second close finds nobody.

    Raises NotFound (not a shift that the actor answers for), TooEarlyToClose before it starts.
    """
    context = points.led_by(actor, shift_id)
    now = clock.now()
    if now < context.starts_at:
        raise TooEarlyToClose(**instant("starts_at", context.starts_at))
    family = relatives_of(actor.person_id)
    # The shift first: whoever is coming in is inside before it, and is sent home with the others.
    activities.close(shift_id=shift_id, actor_id=actor.person_id, now=now)
    stays = queries.lock_inside(shift_id)
    ended = closing.end(stays, context, now=now, actor_id=actor.person_id, to_be_looked_at={actor.person_id, *family})
    return ClosedShift(context=context, ended=ended)
