"""Periods of the calendar as SQL that both engines understand, and what they are called."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, String, cast, extract
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class Period(StrEnum):
    """What a day is counted into."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class first_of_month(FunctionElement[date]):  # noqa: N801 - reads as the SQL function that it is
    """The first day of the month of a day."""

    type = Date()
    inherit_cache = True


@compiles(first_of_month, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"date({compiler.process(element.clauses, **options)}, 'start of month')"


@compiles(first_of_month, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"CAST(date_trunc('month', {compiler.process(element.clauses, **options)}) AS date)"


class seconds(FunctionElement[int]):  # noqa: N801 - reads as the SQL function that it is
    """Whole seconds since 1970 of an instant."""

    type = Integer()
    inherit_cache = True


@compiles(seconds, "sqlite")
def _seconds_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"CAST(strftime('%s', {compiler.process(element.clauses, **options)}) AS INTEGER)"


@compiles(seconds, "postgresql")
def _seconds_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"CAST(floor(date_part('epoch', {compiler.process(element.clauses, **options)})) AS bigint)"


class day_text(FunctionElement[str]):  # noqa: N801 - reads as the SQL function that it is
    """A day as ``2026-11-02``."""

    type = String()
    inherit_cache = True


@compiles(day_text, "sqlite")
def _day_text_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(day_text, "postgresql")
def _day_text_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"to_char({compiler.process(element.clauses, **options)}, 'YYYY-MM-DD')"


class shanghai_day(FunctionElement[date]):  # noqa: N801 - reads as the SQL function that it is
    """The day in Asia/Shanghai of an instant. China keeps no summer time since 1992: eight hours ahead, all year."""

    type = Date()
    inherit_cache = True


@compiles(shanghai_day, "sqlite")
def _day_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"date({compiler.process(element.clauses, **options)}, '+8 hours')"


@compiles(shanghai_day, "postgresql")
def _day_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AT TIME ZONE 'Asia/Shanghai' AS date)"


def number_of(period: Period, day: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the number of the period of a day: 202611, 20264 or 2026."""
    year, month = (cast(extract(part, day), Integer) for part in ("year", "month"))
    match period:
        case Period.MONTH:
            return year * 100 + month
        case Period.QUARTER:
            return year * 10 + (month + 2) // 3
        case Period.YEAR:
            return year


def name_of(period: Period, number: int) -> str:
    """Return ``2026-11``, ``2026-Q4`` or ``2026``."""
    match period:
        case Period.MONTH:
            return f"{number // 100:04d}-{number % 100:02d}"
        case Period.QUARTER:
            return f"{number // 10:04d}-Q{number % 10}"
        case Period.YEAR:
            return f"{number:04d}"


def last_complete(period: Period, today: date) -> tuple[date, date]:
    """Return the first and the last day of the period before the one that ``today`` lies in."""
    months = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}[period]
    this = date(today.year, (today.month - 1) // months * months + 1, 1)
    last = this - timedelta(days=1)
    return date(last.year, last.month - months + 1, 1), last


def number_of_day(period: Period, day: date) -> int:
    """Return what ``number_of`` is for one day."""
    match period:
        case Period.MONTH:
            return day.year * 100 + day.month
        case Period.QUARTER:
            return day.year * 10 + (day.month + 2) // 3
        case Period.YEAR:
            return day.year
