"""A pivot: one measure by two cuts. Totals are asked for, not added up: two halves of the people are not the people."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from timebank.documents.tables import Cell, Column
from timebank.statistics import figures, names
from timebank.statistics.figures import Groups, Key
from timebank.statistics.headings import CUTS, MEASURES, SPLIT, Columns
from timebank.statistics.queries import Asker
from timebank.statistics.questions import Question
from timebank.statistics.report import plain
from timebank.statistics.rules import PROVENANCES, Measure

Answer = tuple[Columns, Iterable[Sequence[Cell]], dict[str, Any]]
"""Columns, rows, and what only JSON carries."""

TOTAL = "合计"


def answer(question: Question, asker: Asker, masked: bool) -> Answer:
    """Return a pivot: a row a key of the first cut, a column a key of the other, and totals both ways."""
    (down,), across, (measure,) = question.cuts, question.across, question.measures
    if across is None:
        raise ValueError("a pivot has columns")
    cells = figures.read(question, asker)
    by_row = figures.read(replace(question, across=None), asker)
    by_column = figures.read(replace(question, cuts=(across,), across=None), asker)
    total = figures.read(replace(question, cuts=(), across=None), asker)[()]
    named = names.of_groups(cells, (down, across), masked=masked) if cells else {down: {}, across: {}}
    rows = _keys_of(cells, 0, question, named)
    columns = _keys_of(cells, 1, question, named)
    shown = SPLIT if measure is Measure.SERVICE_MINUTES else ()
    headings: Columns = (
        *CUTS[down],
        *((str(key), Column(names.label(across, named[across][key]), MEASURES[measure].type)) for key in columns),
        ("total", Column(TOTAL, MEASURES[measure].type, MEASURES[measure].definition)),
        *shown,
    )
    nothing: dict[str, Any] = {str(measure): _absent(measure), **dict.fromkeys(PROVENANCES, 0)}
    table: list[list[Cell]] = []
    for row in rows:
        counted = [cells.get((row, column), nothing)[str(measure)] for column in columns]
        whole = by_row[row,]
        name = [named[down][row][label] for label, _ in CUTS[down]]
        table.append([*name, *counted, whole[str(measure)], *(whole[label] for label, _ in shown)])
    table.append(_totals(len(CUTS[down]), [by_column[column,] for column in columns], total, measure, shown))
    extra = {
        "rows": [named[down][row] for row in rows],
        "cols": [named[across][column] for column in columns],
        "cells": [[_cell(cells.get((row, column), nothing), measure) for column in columns] for row in rows],
        "total": _cell(total, measure),
    }
    return headings, table, extra


def _absent(measure: Measure) -> int | None:
    """Return what stands in a cell that nothing is known of. Balances are carried on: none is missing but in a month of another year."""
    return None if measure is Measure.OUTSTANDING_MINUTES else figures.nothing(measure)


def _keys_of(cells: Groups, place: int, question: Question, named: dict[Any, Any]) -> list[Any]:
    cut = question.every_cut[place]
    keys: set[Key] = {(key[place],) for key in cells}
    return [key for (key,) in names.in_order(keys, (cut,), named)]


def _totals(
    labels: int, by_column: list[dict[str, Any]], total: dict[str, Any], measure: Measure, shown: Columns
) -> list[Cell]:
    name: list[Cell] = [TOTAL, *[""] * (labels - 1)]
    return [*name, *(one[str(measure)] for one in by_column), total[str(measure)], *(total[one] for one, _ in shown)]


def _cell(values: dict[str, Any], measure: Measure) -> dict[str, Any]:
    """Return a cell as JSON has it; service minutes never without where they come from (rule R09)."""
    cell: dict[str, Any] = {"value": plain(values[str(measure)])}
    if measure is Measure.SERVICE_MINUTES:
        cell["by_provenance"] = {name: values[name] for name in PROVENANCES}
    return cell
