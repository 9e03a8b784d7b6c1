"""What the bank holds about somebody, all of it, for themself or their guardian (PIPL 45, rule R39)."""

import io
import json
import zipfile
from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from timebank import clock
from timebank.codes.layouts import utc_text
from timebank.complaints import queries as complaints
from timebank.complaints.models import Complaint
from timebank.database import session
from timebank.documents import csv_file
from timebank.documents.tables import Column, Table
from timebank.errors import NotFound
from timebank.identity import former
from timebank.identity import queries as identity
from timebank.notifications.models import Notification
from timebank.notifications.rules import SOMEBODY, facts_from_text
from timebank.passbook import service as passbook
from timebank.people.holdings import HOLDINGS, Holding, names_people

FORMAT = 1
"""Of the export's shape: whoever reads it by program looks here first."""
LEDGER = "ledger"
UPHELD = "upheld_complaints"
_MORE = {LEDGER: "账户明细", UPHELD: "查实的投诉"}
"""What is exported beside the tables, and what it is called."""
_NOT_BEFORE_ZIP = (1980, 1, 1, 0, 0, 0)

Rows = list[dict[str, Any]]


def export_of(person_id: UUID) -> dict[str, Any]:
    """Return everything about somebody: a list of rows for each table, and their account line by line. Raises NotFound.

    Ids of other people are left out: ``self`` stands where a row names this person (or an account merged into theirs), ``other`` where somebody else.
    """
    if identity.person(person_id) is None:
        raise NotFound
    own = {person_id, *former.merged_into(person_id)}
    held = {holding.name: _rows(holding, person_id, own) for holding in HOLDINGS}
    return {
        "format": FORMAT,
        "person_id": str(person_id),
        "exported_at": utc_text(clock.now()),
        "holdings": held | {LEDGER: _ledger(person_id), UPHELD: _upheld(person_id)},
    }


def _rows(holding: Holding, person_id: UUID, own: Collection[UUID]) -> Rows:
    rows = [_row(holding, row, own) for row in session.execute(holding.rows_of(person_id))]
    return [row | {"facts": _facts(row["facts"], own)} for row in rows] if holding.model is Notification else rows


def _facts(text: str, own: Collection[UUID]) -> str:
    """Return what a message is made of, without the ids of other people."""
    facts = facts_from_text(text)
    named = {name: _whose(UUID(value), own) for name, value in facts.items() if name in SOMEBODY}
    return json.dumps(facts | named, ensure_ascii=False, sort_keys=True)


def _row(holding: Holding, row: Row[Any], own: Collection[UUID]) -> dict[str, Any]:
    return {
        name: _whose(value, own) if names_people(name, holding) else _plain(value)
        for name, value in row._mapping.items()  # noqa: SLF001 - Row's public name for it
    }


def _whose(value: Any, own: Collection[UUID]) -> str | None:
    if value is None:
        return None
    return "self" if value in own else "other"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc_text(value)
    return str(value) if isinstance(value, UUID | date) else value


def _ledger(person_id: UUID) -> Rows:
    lines = session.execute(passbook.entries(owner_id=person_id)).all()
    return [
        {name: _plain(value) for name, value in line.items() if name != "source_id"}
        for line in passbook.explained(lines)
    ]


def _upheld(person_id: UUID) -> Rows:
    """Return the complaints about somebody that were upheld: what for and what was answered, not by whom or in which words."""
    found = session.execute(complaints.upheld_about(person_id).order_by(Complaint.made_at, Complaint.id))
    return [
        {
            "complaint_id": str(row.Complaint.id),
            "organisation_name": row.organisation_name,
            "kind": row.Complaint.kind,
            "answer": row.ComplaintAnswer.answer,
            "answered_at": utc_text(row.ComplaintAnswer.answered_at),
        }
        for row in found
    ]


def as_zip(exported: dict[str, Any]) -> bytes:
    """Return an export as a ZIP of tables that any spreadsheet opens, one for each thing that is held."""
    titles = {holding.name: holding.title for holding in HOLDINGS} | _MORE
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in exported["holdings"].items():
            if rows:
                entry = zipfile.ZipInfo(f"{titles[name]}.csv", _NOT_BEFORE_ZIP)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, b"".join(_csv(titles[name], rows)))
    return packed.getvalue()


def _csv(title: str, rows: Rows) -> Iterator[bytes]:
    columns = tuple(Column(name) for name in rows[0])
    return csv_file.stream(
        Table(title=title, columns=columns, rows=([_cell(row[name]) for name in row] for row in rows))
    )


def _cell(value: Any) -> str | None:
    return None if value is None else str(value)
