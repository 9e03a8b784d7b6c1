"""Exports: figures as files that leave the house, each registered with who, why, what was asked, and what the file was.

What is written is read in one snapshot. The register knows how many corrections that snapshot contains; when there are
more of what the file shows, it is superseded. That needs no clock: a correction that commits late is one more, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, insert, literal, or_, select, true, union_all
from sqlalchemy.orm import aliased

from timebank.activities.models import Activity
from timebank.database import NIL, in_unit_of_work, new_id, session
from timebank.documents.typefaces import Typeface
from timebank.errors import NotFound
from timebank.identity import audit
from timebank.identity.rules import Actor, Grant, Role
from timebank.records.models import Revision
from timebank.records.rules import State
from timebank.statistics import files, forms, reach, service
from timebank.statistics.errors import UnmaskForbidden
from timebank.statistics.forms import Progress
from timebank.statistics.models import Export
from timebank.statistics.queries import READERS, Asker, Facts, conditions
from timebank.statistics.questions import Kind, Question
from timebank.statistics.rules import Cut, Form

UNMASKERS = (Role.ADMIN,)
DOWNLOADED = "直接下载"
THE_BANK = Actor(NIL, (Grant(Role.AUDITOR, area_path=""),))
"""Whoever a schedule exports for: everything, masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Where files are kept, and what their Chinese is printed with."""

    home: Path
    face: Typeface
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to take away, and why."""

    question: Question
    form: Form
    asker: Asker
    reason: str
    masked: bool = True
    schedule_key: str | None = None


def asker_of(actor: Actor, *, masked: bool) -> Asker:
    """Return who asks, in the roles that may see names in full or masked. Raises UnmaskForbidden."""
    if masked:
        return Asker(actor=actor)
    if not actor.holds(*UNMASKERS):
        raise UnmaskForbidden
    return Asker(actor=actor, roles=UNMASKERS)


def write(wanted: Wanted, writer: Writer) -> dict[str, Any]:
    """Write the file, in a snapshot of its own, and return the row of the register; call it outside a transaction.

    Raises what ``service.answer`` and ``forms.write`` raise.
    """
    return in_unit_of_work(lambda: _written(wanted, writer), write=False, snapshot=True)


def _written(wanted: Wanted, writer: Writer) -> dict[str, Any]:
    report = service.answer(wanted.question, wanted.asker, masked=wanted.masked)
    done: list[forms.Written] = []

    def fill(file: BinaryIO) -> None:
        done.append(forms.write(report, wanted.form, file, writer.face, writer.progress))

    kept = files.keep(writer.home, wanted.form, fill)
    export_id = new_id()
    scope = reach.kept(wanted.asker)
    manifest = {
        "export": str(export_id),
        **report.about(),
        "question": wanted.question.as_json(),
        "masked": wanted.masked,
        "form": str(wanted.form),
        "generated_at": report.generated_at.isoformat(),
        "rows": done[0].rows,
        "sums": done[0].sums,
        "bytes": kept.bytes,
        "sha256": kept.sha256.hex(),
    }
    return {
        "id": export_id,
        "actor_id": wanted.asker.actor.person_id,
        "reason": wanted.reason,
        "question": wanted.question.as_json(),
        "scope": scope,
        "masked": wanted.masked,
        "form": str(wanted.form),
        "rows": done[0].rows,
        "size_bytes": kept.bytes,
        "sha256": kept.sha256,
        "seal_n": report.seal.n if report.seal else None,
        **_corrections(wanted.question, scope),
        "manifest": manifest,
        "schedule_key": wanted.schedule_key,
        "generated_at": report.generated_at,
    }


def _corrections(question: Question, scope: Sequence[dict[str, Any]]) -> dict[str, int]:
    counted = {"changes_seen": False, "corrections_seen": True}
    return {
        name: int(session.scalar(corrections_touching(question, scope, also_storage=storage)) or 0)
        for name, storage in counted.items()
    }


def register(row: dict[str, Any]) -> Export:
    """Register a file that was written, and note it. A schedule that somebody else has kept meanwhile is answered with theirs."""
    if row["schedule_key"] and (there := scheduled(row["schedule_key"])):
        return there
    session.connection().execute(insert(Export), row)
    reached = [UUID(one["organisation"]) for one in row["scope"] if one["organisation"]]
    audit.note(
        actor=Actor(row["actor_id"], tuple(Grant(Role(one["role"])) for one in row["scope"])),
        verb=audit.Verb.EXPORT if row["masked"] else audit.Verb.UNMASK,
        kind="export",
        target=row["id"],
        organisation_id=reached[0] if len(reached) == len(row["scope"]) == 1 else None,
        outcome=row["question"]["kind"],
        reason=row["reason"],
    )
    return Export(**row)


def scheduled(key: str) -> Export | None:
    """Return the export that a schedule has made under a key."""
    return session.scalars(select(Export).where(Export.schedule_key == key)).one_or_none()


def corrections_touching(
    question: Question, scope: Sequence[dict[str, Any]], *, also_storage: bool = False
) -> Select[Any]:
    """Select how many corrections of final records there are that a question's answer shows, before or after them.

    What follows a credit in the same transaction, because the storage cap is full, corrects nothing that anybody has
    seen; ``also_storage`` counts it all the same, as exports of old have.
    """
    after, before = aliased(Revision, name="after"), aliased(Revision, name="before")
    asker = reach.asker_then(scope)
    found = (
        select(func.count())
        .select_from(after)
        .join(before, and_(before.record_id == after.record_id, before.number == after.number - 1))
    )
    if question.wanted.category:
        found = found.outerjoin(Activity, Activity.id == after.activity_id)
    shown = or_(_shows(question, asker, before), _shows(question, asker, after))
    if not also_storage:
        found = found.where(
            or_(
                after.recorded_at != before.recorded_at,
                after.correction_id.is_distinct_from(before.correction_id),
            )
        )
    # A merger of two accounts corrects nothing: it only says who goes on.
    same = after.volunteer_id == before.volunteer_id
    return found.where(after.number > 1, before.state == State.FINAL, same, shown)


def _shows(question: Question, asker: Asker, one: Any) -> ColumnElement[bool]:
    if question.kind in {Kind.ROSTER, Kind.ACTIVITIES}:
        return false()  # no record is shown
    dimensions = {
        Cut.ORGANISATION: one.organisation_id,
        Cut.AREA: one.area_path,
        Cut.ACTIVITY: one.activity_id,
    }
    facts = Facts(source=Revision.__table__, day=one.served_on, dimensions=dimensions)
    return and_(true(), *conditions(facts, question.wanted), asker.reaches(one.organisation_id))


def superseded(exports: Sequence[Export]) -> set[UUID]:
    """Return which of some exports show what has been corrected since, in one statement."""
    if not exports:
        return set()
    counts = [
        select(
            literal(str(one.id)).label("id"),
            corrections_touching(Question.from_json(one.question), one.scope, also_storage=one.changes_seen is None)
            .scalar_subquery()
            .label("now"),
        )
        for one in exports
    ]
    now = {UUID(row.id): int(row.now) for row in session.connection().execute(union_all(*counts))}
    seen = {one.id: one.corrections_seen if one.changes_seen is None else one.changes_seen for one in exports}
    return {export_id for export_id, count in seen.items() if now[export_id] > count}


def register_of(actor: Actor) -> Select[Any]:
    """Select the exports that somebody may know of: their own; all for whoever answers for the whole bank."""
    found = select(Export)
    if Asker(actor=actor, roles=(Role.AUDITOR, Role.ADMIN)).reaches_everything():
        return found
    return found.where(Export.actor_id == actor.person_id)


def one_of(actor: Actor, export_id: UUID) -> Export:
    """Return an export that somebody may know of. Raises NotFound."""
    export: Export | None = session.scalars(register_of(actor).where(Export.id == export_id)).one_or_none()
    if export is None:
        raise NotFound
    return export


def file_of(actor: Actor, export_id: UUID, home: Path) -> tuple[Export, Path]:
    """Return an export with its file, to whoever still reaches all that was reached for it; full names to administrators of it.

    Raises NotFound, UnmaskForbidden, ExportFileGone.
    """
    export = one_of(actor, export_id)
    if not reach.still_reaches(actor, *READERS, grants=export.scope):
        raise NotFound
    if not export.masked and not reach.still_reaches(actor, *UNMASKERS, grants=export.scope):
        raise UnmaskForbidden
    return export, files.found(home, export.sha256, export.form)
