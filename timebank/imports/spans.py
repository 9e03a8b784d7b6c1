"""From when to when a line says that somebody served. Pure, but for the faults that it notes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from timebank.clock import SHANGHAI
from timebank.imports.faults import Code
from timebank.imports.lines import Line, Lines
from timebank.imports.rules import EARLIEST_DAY

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A service: the day it counts for, its two ends, and its minutes, which may be fewer than lie between them."""

    served_on: date
    started_at: datetime
    ended_at: datetime
    minutes: int


def span_of(line: Line, now: datetime, lines: Lines) -> Span | None:
    """Return the span of a line; whatever it cannot be is noted as a fault.

    An end that is earlier on the clock than the start is the next day's; cells with a day of their own are taken at
    their word.
    """
    served_on: date = line["served_on"]
    starts, ends = line["starts"], line["ends"]
    started_at = _instant(served_on, starts)
    ended_at = _instant(served_on, ends)
    if not isinstance(ends, datetime) and ended_at < started_at:
        ended_at = _instant(served_on + _DAY, ends)
    between = (ended_at - started_at) // _MINUTE
    minutes: int = line["minutes"] or between
    faults: tuple[tuple[bool, str, Code], ...] = (
        (isinstance(starts, datetime) and starts.date() != served_on, "starts", Code.STARTS_ANOTHER_DAY),
        (served_on < EARLIEST_DAY, "served_on", Code.DATE_TOO_EARLY),
        (between < 1, "ends", Code.ENDS_BEFORE_IT_STARTS),
        (ended_at - started_at > _DAY, "ends", Code.LONGER_THAN_A_DAY),
        (ended_at > now, "served_on", Code.DATE_IN_FUTURE),
        (minutes > between, "minutes", Code.MORE_THAN_THE_TIMES),
    )
    for found, name, code in faults:
        if found:
            lines.fault(line.number, name, code, span=between, earliest=EARLIEST_DAY.isoformat())
            return None
    return Span(served_on, started_at, ended_at, minutes)


def _instant(on: date, at: time | datetime) -> datetime:
    local = at if isinstance(at, datetime) else datetime.combine(on, at)
    return local.replace(tzinfo=SHANGHAI).astimezone(UTC)
