"""What a person sees of themself."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from timebank.errors import NotFound
from timebank.identity import queries as identity
from timebank.identity.rules import Actor, Role
from timebank.ledger import queries as ledger
from timebank.ledger.models import Entry, Transfer
from timebank.ledger.rules import Kind, Phase, SourceType
from timebank.passbook.explanations import ClosingLine, Line, explain
from timebank.records.account import account_of


def me(*, actor: Actor) -> dict[str, Any]:
    """Return the person, their roles with scope, and their account."""
    person = identity.person(actor.person_id)
    if person is None:
        raise NotFound
    return {
        "person": {
            "id": person.id,
            "volunteer_no": person.volunteer_no,
            "display_name": person.display_name,
            "roles": actor.role_names(),
        },
        "roles": [{"role": Role.VOLUNTEER, "organisation_id": None, "area_path": ""}, *actor.grants],
        "account": account_of(actor.person_id),
    }


def entries(*, owner_id: UUID) -> Select[*tuple[Any, ...]]:
    """Select what lines show, newest first, to page by ``Entry.seq``."""
    return ledger.entries_of(owner_id).with_only_columns(
        Entry.seq,
        Entry.minutes,
        Entry.held_minutes,
        Entry.balance_after,
        Entry.recorded_at,
        Transfer.kind,
        Transfer.phase,
        Transfer.minutes.label("moved_minutes"),
        Transfer.source_type,
        Transfer.source_id,
    )


def explained(rows: Sequence[Row[Any]], *, english: bool = False) -> list[dict[str, Any]]:
    """Return the lines of one page with their sentences; the line that closes an account is of kind ``closing``."""
    sentences = explain(map(_line, rows), english=english)
    return [
        {**row._mapping, "kind": _kind(row), "explanation": sentence}  # noqa: SLF001 - Row's public name for it
        for row, sentence in zip(rows, sentences, strict=True)
    ]


def _kind(row: Row[Any]) -> str:
    return "closing" if row.kind is None else Kind(row.kind).name.lower()


def _line(row: Row[Any]) -> Line | ClosingLine:
    if row.kind is None:
        return ClosingLine(row.balance_after)
    return Line(
        Kind(row.kind),
        Phase(row.phase),
        row.minutes > 0,
        row.moved_minutes,
        row.balance_after,
        SourceType(row.source_type),
        row.source_id,
    )
