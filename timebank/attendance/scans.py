"""The book of scans: what was accepted goes in with its effect, what was refused after the roll-back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import func, insert, select

from timebank import clock
from timebank.attendance.models import Scan
from timebank.attendance.reading import Presented
from timebank.attendance.rules import MAX_TRACES_AN_HOUR, Action
from timebank.database import new_id, session
from timebank.errors import Refusal

_SCAN = insert(Scan)


@dataclass(slots=True, kw_only=True)
class Trace:
    """What is known of a scan so far; the rest is filled in while it is looked at."""

    action: Action
    actor_id: UUID
    presented: Presented
    at: datetime
    kind: str | None = None
    volunteer_id: UUID | None = None
    shift_id: UUID | None = None

    def accepted(self) -> None:
        """Keep the scan with what it has brought about."""
        self._keep(None)

    def refused(self, code: str) -> None:
        """Keep the scan and why it was refused, unless this person has had plenty refused within the hour."""
        recently = select(func.count()).where(
            Scan.actor_id == self.actor_id,
            Scan.received_at > clock.wall() - timedelta(hours=1),
            Scan.refusal.is_not(None),
        )
        if session.scalars(recently).one() < MAX_TRACES_AN_HOUR:
            self._keep(code)

    def _keep(self, refusal: str | None) -> None:
        session.connection().execute(
            _SCAN,
            {
                "id": new_id(),
                "actor_id": self.actor_id,
                "volunteer_id": self.volunteer_id,
                "shift_id": self.shift_id,
                "action": self.action,
                "kind": self.kind,
                "token_hash": self.presented.hash,
                "device_hash": self.presented.device_hash,
                "refusal": refusal,
                "at": self.at,
                "received_at": clock.wall(),
            },
        )


@contextmanager
def traced(trace: Trace) -> Iterator[Trace]:
    """Have every refusal in this block leave the trace of its scan."""
    try:
        yield trace
    except Refusal as refusal:
        refusal.leaves_trace(partial(trace.refused, refusal.code))
        raise
