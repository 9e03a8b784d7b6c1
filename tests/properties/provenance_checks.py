"""What is true of every street at every moment, whatever has been done there: read from the tables, not from memory."""

import itertools
from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from timebank.attendance import derivations
from timebank.attendance.models import Attendance
from timebank.attendance.rules import State as Stay
from timebank.database import in_unit_of_work, session
from timebank.ledger.models import Transfer
from timebank.ledger.rules import Kind, debt_of, wallet_of
from timebank.records import queries
from timebank.records.account import account_of
from timebank.records.models import Revision
from timebank.records.rules import State

PASSED = (State.PENDING_NOTICE, State.FINAL)


def check(people: list[UUID]) -> None:
    """Look at everything at once, in one reading unit of work."""
    in_unit_of_work(lambda: _check(people), write=False)


def _check(people: list[UUID]) -> None:
    session.expunge_all()
    current = list(session.scalars(queries.current()))
    credited: defaultdict[UUID, int] = defaultdict(int)
    served: defaultdict[UUID, int] = defaultdict(int)
    for revision in current:
        if revision.state == State.FINAL:
            credited[revision.volunteer_id] += revision.credited_minutes
            served[revision.volunteer_id] += revision.service_minutes
    for person_id in people:
        assert credited[person_id] == _earned(person_id)
        assert account_of(person_id)["service_minutes"] == served[person_id]
    assert sum(credited.values()) == sum(_earned(person_id) for person_id in people)
    _nothing_is_credited_twice()
    _what_has_passed_does_not_overlap(current)
    _stays_do_not_overlap()


def _earned(person_id: UUID) -> int:
    """Return Σ earn − Σ reverse of what was earned − Σ incur_debt: surplus given to the pool has been earned before."""
    wallet, debt = wallet_of(person_id).id, debt_of(person_id).id
    return (
        _moved(Transfer.kind == Kind.EARN, Transfer.credit_id == wallet)
        - _moved(Transfer.kind == Kind.REVERSE, Transfer.debit_id == wallet)
        - _moved(Transfer.kind == Kind.INCUR_DEBT, Transfer.credit_id == debt)
    )


def _moved(*conditions: Any) -> int:
    return int(session.scalar(select(func.coalesce(func.sum(Transfer.minutes), 0)).where(*conditions)) or 0)


def _nothing_is_credited_twice() -> None:
    """A revision is credited once, with what it says; of a record only the current one is still credited."""
    earned = list(session.execute(select(Transfer.id, Transfer.source_id, Transfer.minutes).where(_is_earning())))
    assert len({one.source_id for one in earned}) == len(earned)
    reversed_ids = set(session.scalars(select(Transfer.reverses).where(Transfer.reverses.is_not(None))))
    revisions = {one.id: one for one in session.scalars(select(Revision))}
    posted = {one.source_id: one.minutes for one in earned}
    assert posted == {one.id: one.credited_minutes for one in revisions.values() if one.credited_minutes}
    standing = [revisions[one.source_id] for one in earned if one.id not in reversed_ids]
    assert len({one.record_id for one in standing}) == len(standing)
    for one in standing:
        assert all(other.number <= one.number for other in revisions.values() if other.record_id == one.record_id)


def _is_earning() -> Any:
    return Transfer.kind == Kind.EARN


def _what_has_passed_does_not_overlap(current: list[Revision]) -> None:
    passed = [one for one in current if one.state in PASSED]
    _apart([(one.volunteer_id, one.started_at, one.ended_at) for one in passed])


def _stays_do_not_overlap() -> None:
    """Nobody is inside twice, and no two stays that were not annulled share a moment."""
    found = session.scalars(select(Attendance).where(Attendance.state != Stay.ANNULLED).order_by(Attendance.id))
    stays = list(found)
    inside = [stay.volunteer_id for stay in stays if stay.state == Stay.OPEN]
    assert len(set(inside)) == len(inside)
    _apart([(one.volunteer_id, one.checked_in_at, one.checked_out_at) for one in stays if one.checked_out_at])


def _apart(spans: list[tuple[UUID, datetime, datetime]]) -> None:
    spans.sort(key=lambda span: span[:2])
    for (person, _, until), (other, start, _) in itertools.pairwise(spans):
        assert person != other or until <= start, f"{until} > {start}"


def derive_everything() -> None:
    """Work every record out once more from its scans: it says what it says for a reason that is still there."""

    def derived() -> None:
        session.expunge_all()
        for record_id in session.scalars(select(Revision.record_id).where(Revision.number == 1)):
            found = derivations.derive(record_id)
            assert found.differences == [], (found.first.flags, found.first.ended_at, found.current.number)

    in_unit_of_work(derived, write=False)
