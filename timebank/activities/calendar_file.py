"""Calendars as files (RFC 5545): the same shifts give the same bytes, and a shift keeps its UID whatever becomes of it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from timebank.activities.calendars import Entry
from timebank.clock import SHANGHAI

if TYPE_CHECKING:
    from icalendar import Event

MEDIA_TYPE = "text/calendar"


def written(name: str, entries: Iterable[Entry]) -> bytes:
    """Return a calendar with the time zone Asia/Shanghai in it; what was cancelled stays, as STATUS:CANCELLED."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//timebank//shifts//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    for entry in entries:
        calendar.add_component(_event(entry))
    calendar.add_missing_timezones()
    content: bytes = calendar.to_ical()
    return content


def _event(entry: Entry) -> "Event":
    from icalendar import Event

    event = Event()
    event.add("uid", f"{entry.shift_id}@timebank")
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("sequence", entry.sequence)
    event.add("dtstart", entry.starts_at.astimezone(SHANGHAI))
    event.add("dtend", entry.ends_at.astimezone(SHANGHAI))
    event.add("summary", entry.name)
    event.add("location", entry.place)
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    return event
