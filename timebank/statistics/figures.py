"""Figures by key: each source is read once and the results are put side by side. A key has one value a cut."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Select, func

from timebank.records.models import Revision
from timebank.statistics import ledger_queries, queries
from timebank.statistics.calendar import number_of_day
from timebank.statistics.errors import BankWideOnly
from timebank.statistics.queries import Asker, Row
from timebank.statistics.questions import Question
from timebank.statistics.rules import (
    MEASURES,
    PERIODS,
    PROVENANCES,
    Cut,
    Measure,
    Source,
    refuse_impossible,
    sources_of,
)

Key = tuple[Any, ...]
Groups = dict[Key, dict[str, Any]]

SECONDS_A_DAY = 86_400


def read(question: Question, asker: Asker) -> Groups:
    """Return every measure of a question by key. Raises MeasureNotCut, BankWideOnly."""
    refuse_impossible(question.measures, (*question.every_cut, *question.wanted.cuts()))
    if Source.LEDGER in sources_of(question.measures) and not asker.reaches_everything():
        asked = next(one for one in question.measures if one in MEASURES[Source.LEDGER])
        raise BankWideOnly(measure=str(asked))
    found: Groups = defaultdict(dict)
    if not question.every_cut:
        found[()] = {}
    for source in sources_of(question.measures):
        for key, values in _SOURCES[source](question, asker).items():
            found[key].update(values)
    if Measure.OUTSTANDING_MINUTES in question.measures:
        _add_outstanding(found, question)
    return {key: _complete(values, question.measures) for key, values in found.items()}


def nothing(measure: Measure) -> int | None:
    """Return what a measure is where nothing was counted: a rate of nothing is empty."""
    return None if measure in {Measure.NO_SHOW_PERCENT, Measure.APPROVAL_DAYS} else 0


def _complete(values: dict[str, Any], measures: Iterable[Measure]) -> dict[str, Any]:
    """Fill in what a source has no row for."""
    for measure in measures:
        values.setdefault(str(measure), nothing(measure))
    if Measure.SERVICE_MINUTES in measures:
        for name in PROVENANCES:
            values.setdefault(name, 0)
    return values


def _by_key(rows: Iterable[Row], cuts: Iterable[Cut]) -> Groups:
    names = [str(cut) for cut in cuts]
    return {tuple(row[name] for name in names): {k: v for k, v in row.items() if k not in names} for row in rows}


def counted(statement: Select[Any], question: Question) -> Groups:
    """Return whole numbers by key; PostgreSQL sums bigint as numeric, and nothing at all is no number."""
    groups = _by_key(queries.read(statement), question.every_cut)
    return {key: {name: int(value or 0) for name, value in values.items()} for key, values in groups.items()}


def _hours(question: Question, asker: Asker) -> Groups:
    if Cut.VOLUNTEER in question.every_cut:
        return counted(queries.grouped(queries.standing(), question, asker, queries.record_sums()), question)
    facts = queries.figures(question)
    columns: Any = facts.source
    found = queries.grouped(facts, question, asker, queries.hour_sums(columns.c))
    return counted(found.having(func.sum(columns.c.person_times) != 0), question)


def _people(question: Question, asker: Asker) -> Groups:
    found: Groups = defaultdict(dict)
    if Measure.PEOPLE in question.measures:
        people = {str(Measure.PEOPLE): func.count(Revision.volunteer_id.distinct())}
        found.update(counted(queries.grouped(queries.standing(), question, asker, people), question))
    if Measure.NEW_PEOPLE in question.measures:
        new = {str(Measure.NEW_PEOPLE): func.count()}
        for key, values in counted(queries.grouped(queries.first_services(), question, asker, new), question).items():
            found[key].update(values)
    return found


def _shop(question: Question, asker: Asker) -> Groups:
    facts, measures = ledger_queries.shop()
    return counted(queries.grouped(facts, question, asker, measures), question)


def _ledger(question: Question, _asker: Asker) -> Groups:
    if Measure.EXPIRED_MINUTES not in question.measures:
        return {}
    facts, measures = ledger_queries.wallets()
    expired = {str(Measure.EXPIRED_MINUTES): measures[Measure.EXPIRED_MINUTES]}
    found = counted(queries.grouped(facts, question, None, expired), question)
    return {key: values for key, values in found.items() if values[Measure.EXPIRED_MINUTES]}


def _sign_ups(question: Question, asker: Asker) -> Groups:
    facts, measures = queries.sign_ups()
    found = counted(queries.grouped(facts, question, asker, measures), question)
    for values in found.values():
        if signed_up := values[Measure.SIGN_UPS]:
            values[Measure.NO_SHOW_PERCENT] = one_place(Decimal(100 * values[Measure.NO_SHOWS]) / signed_up)
    return found


def _approvals(question: Question, asker: Asker) -> Groups:
    facts, measures = queries.approvals()
    found = counted(queries.grouped(facts, question, asker, measures), question)
    for values in found.values():
        took = values.pop("approval_seconds")
        if approved := values[Measure.APPROVALS]:
            values[Measure.APPROVAL_DAYS] = one_place(Decimal(took) / SECONDS_A_DAY / approved)
    return found


_SOURCES: dict[Source, Callable[[Question, Asker], Groups]] = {
    Source.HOURS: _hours,
    Source.PEOPLE: _people,
    Source.SHOP: _shop,
    Source.LEDGER: _ledger,
    Source.SIGN_UPS: _sign_ups,
    Source.APPROVALS: _approvals,
}


def one_place(value: Decimal) -> Decimal:
    """Return a number with one place, halves away from zero."""
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)


def _add_outstanding(found: Groups, question: Question) -> None:
    """Add the balance at the end of each period, or of the last day: all that has ever moved until then."""
    since_ever = replace(question, wanted=replace(question.wanted, first_day=None))
    facts, measures = ledger_queries.wallets()
    changes = counted(queries.grouped(facts, since_ever, None, {"change": measures["change"]}), question)
    period = question.every_cut.index(question.by_period) if question.by_period else None
    if period is None:
        for key, values in changes.items():
            found[key][Measure.OUTSTANDING_MINUTES] = values["change"]
        return
    first = _first_period(question)
    for key in changes:
        if key[period] >= first:
            found.setdefault(key, {})
    if question.across is not None and Cut.VOLUNTEER in question.every_cut:
        _cross(found, changes)
    by_owner: dict[Key, dict[int, int]] = defaultdict(dict)
    owners = [place for place, cut in enumerate(question.every_cut) if cut is Cut.VOLUNTEER]
    for key, values in changes.items():
        by_owner[tuple(key[place] for place in owners)][key[period]] = values["change"]
    for key, values in found.items():
        past = by_owner[tuple(key[place] for place in owners)]
        values[Measure.OUTSTANDING_MINUTES] = sum(change for when, change in past.items() if when <= key[period])


def _cross(found: Groups, changes: Groups) -> None:
    """Have a cell for everybody in every period of a pivot: who did nothing in a month holds what they held before."""
    periods = {key[1] for key in found}
    for owner in {key[0] for key in (*found, *changes)}:
        for period in periods:
            found.setdefault((owner, period), {})


def _first_period(question: Question) -> int:
    first_day, cut = question.wanted.first_day, question.by_period
    return number_of_day(PERIODS[cut], first_day) if first_day and cut else 0
