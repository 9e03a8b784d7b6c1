"""Scan tickets."""

import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.codes.alphabet import ALPHABET
from timebank.codes.book import CodeBook
from timebank.codes.errors import TicketExpired, TicketNotYours, TokenInvalid, TokenMalformed
from timebank.codes.layouts import Kind, Poster, Rotating
from timebank.codes.tickets import Ticket, issue_ticket, read_ticket

KEY, OLD, OLDEST = (bytes([seed]) * 32 for seed in (1, 2, 3))
KEYS = (KEY, OLD)
NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
LI = UUID(int=7)
ZHANG = UUID(int=8)
TICKET = Ticket.after_scan(Rotating.at("0123ABCD", NOON), volunteer_id=LI, now=NOON + timedelta(seconds=20))
TEXT = issue_ticket(KEYS, TICKET)

instants = st.datetimes(datetime(1970, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC))
tickets = st.builds(
    Ticket,
    kind=st.sampled_from([Kind.ROTATING, Kind.POSTER]),
    point=st.text(ALPHABET, min_size=8, max_size=8),
    scanned_at=instants,
    volunteer_id=st.uuids(),
    expires_at=instants,
)


@given(tickets)
def test_a_ticket_survives_the_round_trip(ticket: Ticket) -> None:
    """Kind, point, volunteer and both instants come back to the microsecond."""
    text = issue_ticket(KEYS, ticket)

    read = read_ticket(KEYS, text, volunteer_id=ticket.volunteer_id, now=ticket.expires_at - timedelta(microseconds=1))
    assert read == ticket
    assert set(text) <= set(string.ascii_letters + string.digits + "-_.")


def test_a_rotating_code_dates_the_scan_by_its_step() -> None:
    """A slow phone loses nothing: the step that was on the screen counts, and five minutes begin at the scan."""
    assert TICKET.scanned_at == NOON
    assert TICKET.expires_at == NOON + timedelta(minutes=5, seconds=20)


def test_a_poster_dates_the_scan_by_the_servers_time() -> None:
    """Paper knows no time."""
    ticket = Ticket.after_scan(Poster("0123ABCD", 1), volunteer_id=LI, now=NOON)

    assert (ticket.kind, ticket.point, ticket.scanned_at) == (Kind.POSTER, "0123ABCD", NOON)


def test_a_ticket_is_over_after_five_minutes() -> None:
    """It is taken up to the last instant, and afterwards says since when it is over."""
    end = TICKET.expires_at

    assert read_ticket(KEYS, TEXT, volunteer_id=LI, now=end - timedelta(microseconds=1)) == TICKET
    with pytest.raises(TicketExpired) as refusal:
        read_ticket(KEYS, TEXT, volunteer_id=LI, now=end)
    assert refusal.value.context == {"expired_at": "2026-11-21T12:05:20Z"}


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=1)])
def test_somebody_elses_ticket_is_refused_as_such(late: timedelta) -> None:
    """Whether it is still good is nobody else's business."""
    with pytest.raises(TicketNotYours):
        read_ticket(KEYS, TEXT, volunteer_id=ZHANG, now=NOON + late)


@given(st.data())
def test_every_single_change_of_a_ticket_is_refused(data: st.DataObject) -> None:
    """There are no spare bits: a ticket has one text."""
    position = data.draw(st.integers(0, len(TEXT) - 1))
    letters = string.ascii_letters + string.digits + "-_.=+/ "
    letter = data.draw(st.sampled_from(letters.replace(TEXT[position], "")) | st.characters(min_codepoint=128))

    with pytest.raises((TokenInvalid, TokenMalformed)):
        read_ticket(KEYS, TEXT[:position] + letter + TEXT[position + 1 :], volunteer_id=LI, now=NOON)


@pytest.mark.parametrize(
    "text", ["", "t1.", TEXT[:-1], TEXT + "A", TEXT + "\n", " " + TEXT, TEXT.replace("t1.", "t2.")]
)
def test_what_has_not_the_shape_of_a_ticket_is_malformed(text: str) -> None:
    """A ticket is never typed or scanned, so nothing is normalised."""
    with pytest.raises(TokenMalformed):
        read_ticket(KEYS, text, volunteer_id=LI, now=NOON)


def test_a_ticket_and_a_code_are_never_mistaken_for_each_other() -> None:
    """Each is malformed where the other is expected."""
    book = CodeBook(KEYS)

    with pytest.raises(TokenMalformed):
        book.read(TEXT, now=NOON)
    with pytest.raises(TokenMalformed):
        read_ticket(KEYS, book.rotating(point="0123ABCD", at=NOON), volunteer_id=LI, now=NOON)


def test_a_ticket_outlives_one_rotation_of_keys() -> None:
    """Nobody has to scan again because the keys were rotated."""
    assert read_ticket((OLDEST, KEY), TEXT, volunteer_id=LI, now=NOON) == TICKET
    with pytest.raises(TokenInvalid):
        read_ticket((OLDEST, OLD, KEY), TEXT, volunteer_id=LI, now=NOON)


def test_different_scans_give_different_tickets() -> None:
    """Every fact is under the MAC and in the text."""
    others = [
        replace(TICKET, kind=Kind.POSTER),
        replace(TICKET, point="0123ABCE"),
        replace(TICKET, volunteer_id=ZHANG),
        replace(TICKET, scanned_at=NOON + timedelta(seconds=15)),
        replace(TICKET, expires_at=TICKET.expires_at + timedelta(seconds=15)),
    ]

    assert len({issue_ticket(KEYS, ticket) for ticket in [TICKET, *others]}) == 6
