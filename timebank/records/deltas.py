"""What a new revision changes in the hour figures: written with it, in its transaction, whatever order they commit in.

A figure counts current final revisions. So a final revision adds what it says, and takes away what the one before it
said, if that was final. Nothing else about records changes a figure; ``timebank.statistics`` adds the deltas up.
"""

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any

from sqlalchemy import insert

from timebank.database import new_id
from timebank.direct import Direct
from timebank.records.delta_tables import HoursDelta
from timebank.records.models import Revision
from timebank.records.rules import State

CELL = ("served_on", "area_id", "area_path", "organisation_id", "activity_id", "provenance", "policy_number")
"""What tells one cell of the figures from another."""
COUNTED = ("person_times", "service_minutes", "credited_minutes")

_cell_of = attrgetter(*CELL)
INSERT = Direct(insert(HoursDelta))

Follows = tuple[Revision, Revision | None]
"""A new revision, and the one that it follows, if there is one."""


def rows(follows: Iterable[Follows]) -> list[dict[str, Any]]:
    """Return the delta rows of new revisions, one a cell: often one for a whole group, and none if no figure changes."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    for after, before in follows:
        for revision, sign in _counted(after, before):
            counted = sums.setdefault(_cell_of(revision), [0, 0, 0])
            counted[0] += sign
            counted[1] += sign * revision.service_minutes
            counted[2] += sign * revision.credited_minutes
    return [
        {"id": new_id(), **dict(zip(CELL, cell, strict=True)), **dict(zip(COUNTED, counted, strict=True))}
        for cell, counted in sums.items()
        if any(counted)
    ]


def _counted(after: Revision, before: Revision | None) -> Iterator[tuple[Revision, int]]:
    if before is not None and before.state == State.FINAL:
        yield before, -1
    if after.state == State.FINAL:
        yield after, 1
