"""The one report object: typed columns, rows, and what it was made of; every form of it is written from this."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from timebank.documents.columns import refuse_others
from timebank.documents.tables import TIME_ZONE, Cell, Table
from timebank.ledger import anchors
from timebank.ledger.chain import SealRow
from timebank.statistics.headings import Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Figures at one moment. What changes from one look to the next (the time, the seal) is in no file, but in its manifest."""

    title: str
    columns: Columns
    rows: Iterable[Sequence[Cell]]
    filters: dict[str, str]
    generated_at: datetime
    policy_numbers: tuple[int, ...] = ()
    seal: SealRow | None = None
    drawn: bool = False
    """Whether pictures go with it on paper."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What only JSON carries, such as a pivot's cells."""

    def table(self) -> Table:
        """Return it as a table with Chinese headings, for the writers of files."""
        filters = dict(self.filters)
        if self.policy_numbers:
            filters["规则版本"] = "、".join(map(str, self.policy_numbers))
        return Table(
            title=self.title, columns=tuple(column for _, column in self.columns), rows=self.rows, filters=filters
        )

    def items(self) -> list[dict[str, Any]]:
        """Return the rows by the names of their columns. Raises TypeError for a cell that is not of its column's type."""
        names = [name for name, _ in self.columns]
        rows = list(self.rows)
        for (_, heading), column in zip(self.columns, zip(*rows, strict=True), strict=bool(rows)):
            refuse_others(heading.type, column)
        return [dict(zip(names, map(plain, row), strict=True)) for row in rows]

    def about(self) -> dict[str, Any]:
        """Return what it was made of: what a manifest says, too."""
        return {
            "title": self.title,
            "filters": self.filters,
            "time_zone": TIME_ZONE,
            "policy_numbers": list(self.policy_numbers),
            "seal": seal_text(self.seal),
        }

    def as_json(self) -> dict[str, Any]:
        """Return the whole report; ``checksum`` is the SHA-256 of columns and rows."""
        columns = [
            {"name": name, "title": column.title, "type": str(column.type), "definition": column.definition}
            for name, column in self.columns
        ]
        items = self.items()
        figures = json.dumps([columns, items], ensure_ascii=False, sort_keys=True).encode()
        return {
            **self.about(),
            "generated_at": self.generated_at,
            "columns": columns,
            "items": items,
            "checksum": hashlib.sha256(figures).hexdigest(),
            **self.extra,
        }


def plain(cell: Cell) -> Any:
    """Return a cell as JSON has it."""
    if isinstance(cell, Decimal):
        return float(cell)
    return cell.isoformat() if isinstance(cell, date) else cell


def seal_text(seal: SealRow | None) -> dict[str, Any] | None:
    """Return a seal as it is published, its instant as text; None before the first one."""
    if seal is None:
        return None
    return anchors.published(seal) | {"at": seal.at.isoformat()}
