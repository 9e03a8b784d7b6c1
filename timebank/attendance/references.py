"""What a phone calls its scans: sent again, singly or in a batch, the same scan is answered and has no second effect.

The answer to a check-in may be lost on its way. The phone then sends the scan again, under another idempotency key or
in its next batch; its ``client_ref`` tells that it is the same. Unique per person, kept with the effect.
"""

from uuid import UUID

from sqlalchemy import insert, select

from timebank import clock
from timebank.activities import queries as activities
from timebank.activities.queries import ShiftContext
from timebank.activities.service import leads
from timebank.attendance import departures, scanning, service
from timebank.attendance.errors import AlreadyCheckedIn, AlreadyCheckedOut, ScanUnderReview
from timebank.attendance.models import Attendance, ClientRef
from timebank.attendance.reading import Presented, Reader
from timebank.attendance.rules import Action
from timebank.attendance.service import CheckedIn, CheckedOut
from timebank.constraints import retry_on
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity import queries as people
from timebank.identity.rules import Actor
from timebank.records import queries as records
from timebank.web.errors import IdempotencyConflict

# The same scan twice at once: the second look finds the first one's outcome.
retry_on("pk_attendance_client_ref")

_KEEP = insert(ClientRef)


def known(*, person_id: UUID, client_refs: list[str]) -> dict[str, ClientRef]:
    """Return what a person's phone has sent before, of these, by what it calls them."""
    found = select(ClientRef).where(ClientRef.person_id == person_id, ClientRef.client_ref.in_(client_refs))
    return {ref.client_ref: ref for ref in session.scalars(found)}


def keep(
    *,
    person_id: UUID,
    client_ref: str,
    action: Action,
    attendance_id: UUID | None = None,
    late_scan_id: UUID | None = None,
) -> ClientRef:
    """Keep what became of a scan: an attendance that it began or ended, or a late scan that waits."""
    values = {
        "person_id": person_id,
        "client_ref": client_ref,
        "action": action,
        "attendance_id": attendance_id,
        "late_scan_id": late_scan_id,
        "received_at": clock.now(),
    }
    session.connection().execute(_KEEP, values)
    return ClientRef(**values)


def refuse_other_use(ref: ClientRef, action: Action) -> None:
    """Raise IdempotencyConflict if the name was given to another kind of scan before."""
    if ref.action != action:
        raise IdempotencyConflict


def check_in(*, actor: Actor, reader: Reader, presented: Presented, client_ref: str | None = None) -> CheckedIn:
    """Check in, or answer as before if this scan has done it. Raises as ``service.check_in``, and ScanUnderReview."""
    before = _before(actor, client_ref, Action.CHECK_IN)
    if before is not None:
        return _arrived(before, actor)
    try:
        made = service.check_in(actor=actor, reader=reader, presented=presented)
    except AlreadyCheckedIn:
        twin = _before(actor, client_ref, Action.CHECK_IN)  # it came in between the two looks
        if twin is None:
            raise
        return _arrived(twin, actor)
    if client_ref is not None:
        keep(
            person_id=actor.person_id,
            client_ref=client_ref,
            action=Action.CHECK_IN,
            attendance_id=made.attendance.id,
        )
    return made


def check_out(*, actor: Actor, reader: Reader, presented: Presented, client_ref: str | None = None) -> CheckedOut:
    """Check out, or answer as before if this scan has done it. Raises as ``departures.check_out``, and ScanUnderReview."""
    before = _before(actor, client_ref, Action.CHECK_OUT)
    if before is not None:
        return _left(before, actor)
    try:
        left = departures.check_out(actor=actor, reader=reader, presented=presented)
    except AlreadyCheckedOut:
        twin = _before(actor, client_ref, Action.CHECK_OUT)
        if twin is None:
            raise
        return _left(twin, actor)
    if client_ref is not None:
        keep(
            person_id=actor.person_id,
            client_ref=client_ref,
            action=Action.CHECK_OUT,
            attendance_id=left.attendance.id,
        )
    return left


def _before(actor: Actor, client_ref: str | None, action: Action) -> Attendance | None:
    """Return the attendance that a scan of this name has begun or ended."""
    if client_ref is None:
        return None
    ref = known(person_id=actor.person_id, client_refs=[client_ref]).get(client_ref)
    if ref is None:
        return None
    refuse_other_use(ref, action)
    if ref.attendance_id is None:
        raise ScanUnderReview
    return session.get_one(Attendance, ref.attendance_id, populate_existing=True)


def _arrived(attendance: Attendance, actor: Actor) -> CheckedIn:
    context = _context(attendance, actor)
    return CheckedIn(
        attendance=attendance,
        context=context,
        policy=scanning.policy_of(context, attendance.checked_in_at),
        display_name=_name(attendance),
    )


def _left(attendance: Attendance, actor: Actor) -> CheckedOut:
    """Return the attendance as it stands, with its record and account as they are now."""
    revision = records.current_of(attendance.record_id) if attendance.record_id else None
    if revision is None:
        raise NotFound
    return CheckedOut(
        attendance=attendance,
        context=_context(attendance, actor),
        revision=revision,
        account=None,
        served=records.totals(attendance.volunteer_id),
        display_name=_name(attendance),
        again=True,
    )


def _context(attendance: Attendance, actor: Actor) -> ShiftContext:
    """Return the shift of an attendance, for its volunteer or whoever answers for the shift today. Raises NotFound.

    What is answered is how things stand now: who has scanned somebody once does not look at their account for ever.
    """
    context = activities.shift_context(attendance.shift_id)
    if context is None or not (attendance.volunteer_id == actor.person_id or leads(actor, context)):
        raise NotFound
    return context


def _name(attendance: Attendance) -> str:
    person = people.person(attendance.volunteer_id)
    return person.display_name if person else ""
