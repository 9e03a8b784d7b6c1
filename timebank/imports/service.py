"""The verbs: read a file, say what importing it would do, import it, approve the hours of an import."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, cast
from uuid import UUID

from sqlalchemy import Table, insert

from timebank import clock
from timebank.constraints import retry_on
from timebank.database import new_id, session
from timebank.direct import Rows
from timebank.errors import NotFound
from timebank.identity.rules import Actor
from timebank.imports import lines as files
from timebank.imports import places, queries, reading
from timebank.imports.activities import Activities
from timebank.imports.catalogue import layouts_of
from timebank.imports.errors import ImportHasFaults, ImportTwinned
from timebank.imports.faults import Fault
from timebank.imports.hours import Hours
from timebank.imports.lines import Lines
from timebank.imports.models import ImportedFile, ImportedLine, ImportedOrganisation
from timebank.imports.people import Keys
from timebank.imports.places import Place
from timebank.imports.roster import Roster
from timebank.imports.rules import APPROVED_AT_ONCE, MOST_FAULTS, Counts, Done, Kind
from timebank.organisations import scope
from timebank.records import history
from timebank.records.errors import SecondPersonNeeded
from timebank.records.service import DECIDERS, before_approval

__all__ = ["Approval", "Read", "Report", "Wanted", "approve", "check", "commit", "of_actor", "read"]

# Two imports at once: the second look finds what the first has made.
retry_on(*ImportTwinned.constraints)

_LINES = Rows(cast("Table", ImportedLine.__table__))


class _Plan(Protocol):
    counts: Counts

    def carry_out(self, actor: Actor) -> list[tuple[int, Done, UUID]]:
        """Write it; return what each line has made or changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A file that was read, and what it is known by."""

    kind: Kind
    lines: Lines
    sha256: bytes
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file that somebody wants to import. ``organisation_id`` is whose lines are that name none; ``reason`` why."""

    actor: Actor
    read: Read
    keys: Keys
    reason: str
    organisation_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an import would do or has done. Without faults and without ``entry`` nothing was written: a dry run."""

    read: Read
    counts: Counts
    faults: Sequence[Fault]
    entry: ImportedFile | None = None

    @property
    def ignored(self) -> list[str]:
        """Headings that the layout has no column for."""
        return self.read.lines.ignored


def read(data: bytes, *, kind: Kind, layout: str | None = None) -> Read:
    """Read a file, outside of a transaction: it takes its time. Without a layout its header tells which one it is.

    Raises ImportTooLarge, ImportTypeRefused, ImportUnreadable, ImportTooLong, ImportHeaderUnknown, ImportLayoutUnknown.
    """
    found = files.read(reading.rows(data), layouts_of(kind, layout))
    return Read(kind=kind, lines=found, sha256=hashlib.sha256(data).digest(), size_bytes=len(data))


def check(wanted: Wanted) -> Report:
    """Say line by line what an import would do; write nothing. Raises NotFound, OrganisationNeeded."""
    lines = _fresh(wanted.read.lines)
    plan = _plan(wanted, lines, places.of_lines(lines, wanted.actor, wanted.organisation_id), locked=False)
    return Report(read=wanted.read, counts=plan.counts, faults=_in_order(lines))


def commit(wanted: Wanted) -> Report:
    """Import a file, all of it or nothing. Again it changes nothing, and is answered with what there is.

    Raises NotFound, OrganisationNeeded, ImportHasFaults (then nothing has been written).
    """
    lines = _fresh(wanted.read.lines)
    of_lines = places.of_lines(lines, wanted.actor, wanted.organisation_id)
    places.lock(set(of_lines.values()))
    plan = _plan(wanted, lines, of_lines, locked=True)
    faults = _in_order(lines)
    if faults:
        raise ImportHasFaults(faults=len(faults), errors=_pointers(faults))
    entry = None
    if not plan.counts.changes_anything:
        entry = queries.last_of(wanted.read.sha256, wanted.read.kind, wanted.organisation_id)
    if entry is None:
        entry = _register(wanted, plan, set(of_lines.values()))
    return Report(read=wanted.read, counts=plan.counts, faults=faults, entry=entry)


def _fresh(lines: Lines) -> Lines:
    """Return the lines as they were read: a plan adds faults, and may be made anew when somebody else was faster."""
    return Lines(lines.layout, lines.counted, lines.good, list(lines.faults), lines.ignored)


def _plan(wanted: Wanted, lines: Lines, of_lines: dict[int, Place], *, locked: bool) -> _Plan:
    if wanted.read.kind is Kind.ROSTER:
        return Roster(lines, of_lines, wanted.keys)
    if wanted.read.kind is Kind.ACTIVITIES:
        return Activities(lines, of_lines, wanted.actor)
    return Hours(lines, of_lines, wanted.actor, reason=wanted.reason, locked=locked)


def _in_order(lines: Lines) -> list[Fault]:
    return sorted(lines.faults, key=lambda fault: fault.line)


def _pointers(faults: Sequence[Fault]) -> list[dict[str, str]]:
    return [
        {
            "pointer": f"/lines/{fault.line}" + (f"/{fault.column}" if fault.column else ""),
            "detail": f"{fault.code}: {fault.reason()}。 {fault.reason(english=True)}.",
        }
        for fault in faults[:MOST_FAULTS]
    ]


def _register(wanted: Wanted, plan: _Plan, of: set[Place]) -> ImportedFile:
    done = plan.carry_out(wanted.actor)
    counts = plan.counts
    values = {
        "id": new_id(),
        "kind": wanted.read.kind,
        "layout": wanted.read.lines.layout.name,
        "organisation_id": wanted.organisation_id,
        "sha256": wanted.read.sha256,
        "size_bytes": wanted.read.size_bytes,
        "lines": counts.lines,
        "created": counts.created,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
        "merged": counts.merged,
        "actor_id": wanted.actor.person_id,
        "reason": wanted.reason,
        "imported_at": clock.now(),
    }
    session.connection().execute(insert(ImportedFile), values)
    entry = ImportedFile(**values)
    _LINES.insert_mappings(
        session.connection(),
        [{"import_id": entry.id, "line": line, "done": what, "target_id": target} for line, what, target in done],
    )
    if of:
        rows = [{"import_id": entry.id, "organisation_id": place.organisation_id} for place in of]
        session.connection().execute(insert(ImportedOrganisation), rows)
    return entry


def of_actor(actor: Actor, import_id: UUID) -> ImportedFile:
    """Return an import that somebody may know of. Raises NotFound."""
    found = queries.one(actor, import_id)
    if found is None:
        raise NotFound
    return found


class Approval(NamedTuple):
    """What a call has approved, and how many records still wait; ``last`` is where the next call goes on."""

    approved: int
    waiting: int
    last: UUID | None


def approve(*, actor: Actor, import_id: UUID, reason: str, after: UUID | None = None) -> Approval:
    """Approve the records of an import that wait for review, some hundreds beyond ``after``; call it until ``last`` is None.

    Another person than the importer (rule R09). One's own and relatives' records, those objected to and those whose time
    is counted otherwise by now are left for a look at each. Raises NotFound outside the actor's scope, SecondPersonNeeded.
    """
    entry = of_actor(actor, import_id)
    for organisation_id in queries.organisations_of(import_id):
        scope.organisation_for(actor, *DECIDERS, organisation_id=organisation_id)
    if entry.actor_id == actor.person_id:
        raise SecondPersonNeeded
    some = queries.waiting(import_id, after=after, limit=APPROVED_AT_ONCE)
    approved = history.approve_some(actor=actor, record_ids=some, reason=reason).approved if some else 0
    return Approval(approved, queries.count_waiting(import_id), some[-1] if len(some) == APPROVED_AT_ONCE else None)


@before_approval
def refuse_importer(record_id: UUID, actor_id: UUID) -> None:
    """Raise SecondPersonNeeded: whoever imported a record does not approve it."""
    if queries.imported_by(record_id, actor_id):
        raise SecondPersonNeeded
