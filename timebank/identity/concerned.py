"""Whom an act of staff concerns, where neither its path nor its answer says so: read from what it was done to.

An auditor who asks about a person finds each line about them (``GET /audit?person=``). Whoever only said something,
objected or complained, is nobody whom the answer concerns: nobody learns from a line who complained.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select

from timebank.database import Base, session
from timebank.identity import queries


class Found(NamedTuple):
    """Where a kind of target names people: in columns of its row, or in the row of another kind that it names."""

    table: str
    columns: tuple[str, ...]
    through: str = ""
    key: str = "id"


TARGETS = {
    "attendance": Found("attendance", ("volunteer_id",)),
    "award": Found("award", ("volunteer_id",)),
    "certificate": Found("certificate", ("volunteer_id",), key="number"),
    "complaint": Found("complaint", ("volunteer_id",)),
    "evaluation": Found("evaluation", ("volunteer_id",)),
    "late_scan": Found("late_scan", ("volunteer_id",)),
    "member": Found("organisation_member", ("person_id",)),
    "merge": Found("merge_request", ("old_id", "person_id")),
    "no_show": Found("sign_up", ("volunteer_id",)),
    "objection": Found("record_objection", ("record_id",), through="record"),
    "participation": Found("training_participation", ("volunteer_id",)),
    "qualification": Found("qualification", ("person_id",)),
    "record": Found("service_record", ("volunteer_id",)),
    "redemption": Found("redemption", ("person_id",)),
    "relation": Found("identity_family", ("proposer_id", "relative_id")),
    "star": Found("star_proposal", ("volunteer_id",)),
    "star_objection": Found("star_objection", ("proposal_id",), through="star"),
}
"""By the kind that the log gives to what was acted on."""

_TYPED = ("volunteer_no", "volunteer_nos")
"""Names of volunteer numbers that staff type, one or many; ``participants`` have one each."""


def names_several(kind: str) -> bool:
    """Whether a target of this kind names more than one person, so that one name said beside it is not all."""
    return kind in TARGETS and len(TARGETS[kind].columns) > 1


def concerned(kind: str, target: Any, said: Mapping[str, Any]) -> list[UUID]:
    """Return whom an act on a target concerns: whose numbers were typed, else whom the target's row names."""
    participants = said.get("participants")  # in some answers it is how many there are
    several = participants if isinstance(participants, list) else []
    typed = [number for one in (said, *several) for number in _numbers(one)]
    if typed:
        return sorted(set(queries.numbered(typed).values()))
    return _named(kind, target) if kind in TARGETS and target is not None else []


def _numbers(said: Any) -> Iterable[str]:
    given = [said.get(name) for name in _TYPED] if isinstance(said, Mapping) else []
    return [number for one in given if one for number in ([one] if isinstance(one, str) else one)]


def _named(kind: str, target: Any) -> list[UUID]:
    found = TARGETS[kind]
    table = Base.metadata.tables[found.table]
    key = target if found.key != "id" or isinstance(target, UUID) else UUID(str(target))
    row = session.execute(
        select(*(table.c[name] for name in found.columns)).where(table.c[found.key] == key)
    ).one_or_none()
    named = list(dict.fromkeys(one for one in row or () if one is not None))
    return [one for each in named for one in _named(found.through, each)] if found.through else named
