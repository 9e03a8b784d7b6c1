"""What looks wrong: scans as they are kept, and the look for them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select

from tests.factories.records import a_record
from timebank import clock
from timebank.anomalies import service
from timebank.anomalies.models import Anomaly
from timebank.attendance.models import Scan
from timebank.attendance.rules import Action
from timebank.database import in_unit_of_work, new_id, session
from timebank.organisations.models import Organisation


def a_scan(
    volunteer_id: UUID, shift_id: UUID, *, at: datetime, device: bytes | None = None, by: UUID | None = None
) -> None:
    """Keep an accepted check-in: one's own, or by a leader (``by``)."""
    values = {
        "id": new_id(),
        "actor_id": by or volunteer_id,
        "volunteer_id": volunteer_id,
        "shift_id": shift_id,
        "action": Action.CHECK_IN,
        "kind": "M" if by else "C",
        "token_hash": bytes(32),
        "device_hash": device,
        "refusal": None,
        "at": at,
        "received_at": clock.wall(),
    }
    in_unit_of_work(lambda: session.execute(insert(Scan), [values]))


def looked() -> list[Anomaly]:
    """Look for what is wrong, and return everything that was ever found, by kind."""
    in_unit_of_work(service.look)
    session.expire_all()
    return in_unit_of_work(
        lambda: list(session.scalars(select(Anomaly).order_by(Anomaly.kind, Anomaly.id))), write=False
    )


def an_anomaly(organisation: Organisation, *, volunteer_id: UUID | None = None) -> Anomaly:
    """Let somebody serve thirteen hours on one day at an organisation, today, and find it."""
    a_record(organisation=organisation, volunteer_id=volunteer_id, minutes=780, started_at=clock.now())
    (found,) = looked()
    return found
