"""How people on the demo street arrive and leave: they scan the code that is on the wall at that instant."""

from dataclasses import dataclass
from uuid import UUID

from timebank import clock
from timebank.activities.models import Shift
from timebank.attendance import departures
from timebank.attendance import service as arrivals
from timebank.attendance.reading import Presented, Reader
from timebank.database import session
from timebank.identity.rules import Actor


@dataclass(frozen=True, slots=True)
class Scanner:
    """Scans for a volunteer, with the keys of this installation."""

    reader: Reader

    def arrive(self, volunteer_id: UUID, shift_id: UUID) -> None:
        """Check in with the code of this moment."""
        arrivals.check_in(actor=Actor(volunteer_id), reader=self.reader, presented=self._on_the_wall(shift_id))

    def leave(self, volunteer_id: UUID, shift_id: UUID) -> None:
        """Check out with the code of this moment."""
        departures.check_out(actor=Actor(volunteer_id), reader=self.reader, presented=self._on_the_wall(shift_id))

    def _on_the_wall(self, shift_id: UUID) -> Presented:
        point = session.get_one(Shift, shift_id).point_ref
        return Presented(token=self.reader.book.rotating(point=point, at=clock.now()))
