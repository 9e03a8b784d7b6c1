"""Figures added up by hand from everything that was ever recorded, written differently from the product on purpose."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from timebank.clock import SHANGHAI
from timebank.database import in_unit_of_work, session
from timebank.records.models import Revision

Totals = dict[Any, dict[str, int]]


def standing() -> list[Revision]:
    """Return what every record says now, of those that count: found by replaying all revisions in their order."""
    latest: dict[UUID, Revision] = {}
    for revision in in_unit_of_work(lambda: list(session.scalars(select(Revision))), write=False):
        kept = latest.get(revision.record_id)
        if kept is None or kept.number < revision.number:
            latest[revision.record_id] = revision
    return [revision for revision in latest.values() if revision.state == "final"]


def month_of(revision: Revision) -> str:
    """Return the month of a record, from the instant of the check-in and not from the column."""
    return revision.started_at.astimezone(SHANGHAI).strftime("%Y-%m")


def totals(key: Callable[[Revision], Any], revisions: Iterable[Revision] | None = None) -> Totals:
    """Return the figures of current final records by a key."""
    found: Totals = defaultdict(lambda: defaultdict(int))
    people: dict[Any, set[UUID]] = defaultdict(set)
    for revision in standing() if revisions is None else revisions:
        group = found[key(revision)]
        people[key(revision)].add(revision.volunteer_id)
        group["person_times"] += 1
        group["service_minutes"] += revision.service_minutes
        group["credited_minutes"] += revision.credited_minutes
        group[revision.provenance] += revision.service_minutes
    for one, who in people.items():
        found[one]["people"] = len(who)
    return {one: dict(group) for one, group in found.items()}


def summed(grain: str = "day") -> dict[tuple[str, str], list[int]]:
    """Return summary plus deltas by organisation and month, by plain SQL."""
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    query = text(
        "SELECT organisation_id, served_on, person_times, service_minutes, credited_minutes FROM hours_summary "
        "WHERE grain = :grain UNION ALL "
        "SELECT organisation_id, served_on, person_times, service_minutes, credited_minutes FROM hours_delta"
    )
    for row in in_unit_of_work(lambda: list(session.execute(query, {"grain": grain})), write=False):
        group = found[str(UUID(str(row[0]))), str(row[1])[:7]]
        for place in range(3):
            group[place] += int(row[place + 2])
    return {key: group for key, group in found.items() if any(group)}


def expected() -> dict[tuple[str, str], list[int]]:
    """Return what ``summed`` has to be."""
    groups = totals(lambda one: (str(one.organisation_id), month_of(one)))
    return {
        key: [group["person_times"], group["service_minutes"], group["credited_minutes"]]
        for key, group in groups.items()
    }


CATEGORIES = {"助老理发": "elder_care", "清洁河道": "environment", "法律咨询": "legal_aid"}
QUARTERS = {"01 02 03": "Q1", "04 05 06": "Q2", "07 08 09": "Q3", "10 11 12": "Q4"}


def key_of(cut: str, activities: dict[UUID, str]) -> Callable[[Revision], str]:
    """Return what a record is counted under, by a cut's name; ``activities`` are the names of those that there are."""
    return {
        "organisation": lambda one: str(one.organisation_id),
        "area": lambda one: one.area_path,
        "activity": lambda one: str(one.activity_id),
        "category": lambda one: CATEGORIES.get(activities.get(one.activity_id, ""), ""),
        "volunteer": lambda one: str(one.volunteer_id),
        "provenance": lambda one: one.provenance,
        "month": month_of,
        "quarter": _quarter_of,
        "year": lambda one: month_of(one)[:4],
    }[cut]


def _quarter_of(one: Revision) -> str:
    year, month = month_of(one).split("-")
    return f"{year}-{next(name for months, name in QUARTERS.items() if month in months.split())}"


def newcomers(revisions: Iterable[Revision]) -> set[UUID]:
    """Return the records with which somebody was new in the bank."""
    first: dict[UUID, Revision] = {}
    for one in revisions:
        before = first.get(one.volunteer_id)
        if before is None or (one.started_at, one.record_id) < (before.started_at, before.record_id):
            first[one.volunteer_id] = one
    return {one.record_id for one in first.values()}


def waits() -> dict[UUID, float]:
    """Return by final revision that somebody has approved how many seconds its record had waited."""
    every: dict[UUID, dict[int, Revision]] = defaultdict(dict)
    for revision in in_unit_of_work(lambda: list(session.scalars(select(Revision))), write=False):
        every[revision.record_id][revision.number] = revision
    found = {}
    for said in every.values():
        for number, revision in said.items():
            earlier = said.get(number - 1)
            if revision.state == "final" and earlier and earlier.state.startswith("pending"):
                found[revision.id] = (revision.recorded_at - said[1].recorded_at).total_seconds()
    return found
