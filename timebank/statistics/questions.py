"""What is asked: a question can be put again later, by a schedule or a link, and is kept with every export."""

from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from timebank.statistics.rules import PERIODS, Cut, Measure


class Kind(StrEnum):
    """What sort of report answers a question."""

    FIGURES = "figures"
    PIVOT = "pivot"
    FIVE_SOCIETIES = "five_societies"
    RECORDS = "records"
    ROSTER = "roster"
    ACTIVITIES = "activities"
    HOURS = "hours"


IMPORTABLE = frozenset({Kind.ROSTER, Kind.ACTIVITIES, Kind.HOURS})
"""What is written in a layout of ``timebank.imports``, and can be read back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursFilter:
    """What is counted; days are inclusive, an area takes its whole subtree."""

    first_day: date | None = None
    last_day: date | None = None
    area_path: str | None = None
    organisation_id: UUID | None = None
    activity_id: UUID | None = None
    category: str | None = None

    def cuts(self) -> list[Cut]:
        """Return what it filters by, but for time."""
        given = {
            Cut.AREA: self.area_path,
            Cut.ORGANISATION: self.organisation_id,
            Cut.ACTIVITY: self.activity_id,
            Cut.CATEGORY: self.category,
        }
        return [cut for cut, value in given.items() if value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is counted by what. ``across`` are the columns of a pivot; ``level`` groups areas at 1 district to 4 grid.

    ``layout`` is how a file that can be imported is laid out.
    """

    kind: Kind = Kind.FIGURES
    cuts: tuple[Cut, ...] = ()
    across: Cut | None = None
    measures: tuple[Measure, ...] = ()
    wanted: HoursFilter = field(default_factory=HoursFilter)
    level: int | None = None
    layout: str | None = None

    @property
    def every_cut(self) -> tuple[Cut, ...]:
        """Return the cuts, a pivot's columns among them."""
        return self.cuts if self.across is None else (*self.cuts, self.across)

    @property
    def by_period(self) -> Cut | None:
        """Return the finest period among the cuts."""
        return next((cut for cut in PERIODS if cut in self.every_cut), None)

    def within(self, first_day: date, last_day: date) -> "Question":
        """Return the same question about other days."""
        return replace(self, wanted=replace(self.wanted, first_day=first_day, last_day=last_day))

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept: the same question, the same text."""
        wanted = self.wanted
        return {
            "kind": str(self.kind),
            "cuts": [str(cut) for cut in self.cuts],
            "across": self.across and str(self.across),
            "measures": [str(measure) for measure in self.measures],
            "level": self.level,
            "from": wanted.first_day and wanted.first_day.isoformat(),
            "to": wanted.last_day and wanted.last_day.isoformat(),
            "area": wanted.area_path,
            "organisation": wanted.organisation_id and str(wanted.organisation_id),
            "activity": wanted.activity_id and str(wanted.activity_id),
            "category": wanted.category,
            **({"layout": self.layout} if self.layout else {}),
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Question":
        """Return a question that was kept."""
        return cls(
            kind=Kind(kept["kind"]),
            cuts=tuple(map(Cut, kept["cuts"])),
            across=Cut(kept["across"]) if kept["across"] else None,
            measures=tuple(map(Measure, kept["measures"])),
            level=kept["level"],
            layout=kept.get("layout"),
            wanted=HoursFilter(
                first_day=date.fromisoformat(kept["from"]) if kept["from"] else None,
                last_day=date.fromisoformat(kept["to"]) if kept["to"] else None,
                area_path=kept["area"],
                organisation_id=UUID(kept["organisation"]) if kept["organisation"] else None,
                activity_id=UUID(kept["activity"]) if kept["activity"] else None,
                category=kept["category"],
            ),
        )
