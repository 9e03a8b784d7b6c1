"""A hold's end is a function of time; and time on one account never goes back."""

from datetime import UTC, datetime, timedelta

from flask import Flask

from tests.factories.ledger import (
    LIFE,
    a_volunteer_with,
    captured,
    earned,
    held,
    redeemed,
    released,
    state_of,
    swept,
)
from tests.unit.ledger.looking import entries_of, everything, refused, transfer_of
from timebank import clock
from timebank.database import NIL, new_id
from timebank.ledger import proof, rules
from timebank.ledger.errors import (
    HoldExpired,
)
from timebank.ledger.rules import Phase

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)


def test_a_due_hold_counts_as_gone_without_any_posting(app: Flask) -> None:
    """From ``expires_at`` on its minutes are available in every reading, although nobody has written anything."""
    with clock.at(NOON):
        owner_id = a_volunteer_with(100)
        held(owner_id, 60, expires_at=NOON + LIFE)
    before = everything()
    assert state_of(owner_id, NOON + LIFE - timedelta(microseconds=1)).available_minutes == 40
    due = state_of(owner_id, NOON + LIFE)
    assert (due.balance_minutes, due.held_minutes, due.available_minutes) == (100, 0, 100)
    assert everything() == before


def test_the_next_posting_writes_the_release_of_a_due_hold_first(app: Flask) -> None:
    """Due minutes can be spent at once; the release stands in the chain before what spends them."""
    with clock.at(NOON):
        owner_id, source_id = a_volunteer_with(100), new_id()
        hold_id = held(owner_id, 60, expires_at=NOON + LIFE, source_id=source_id).transfer_id
    with clock.at(NOON + LIFE):
        sale = redeemed(owner_id, 100)
        assert sale.account == state_of(owner_id)
    assert [(line.minutes, line.held_minutes) for line in entries_of(owner_id)] == [
        (100, 0),
        (0, 60),
        (0, -60),
        (-100, 0),
    ]
    release = transfer_of(rules.expiry_id(hold_id))
    assert (release.phase, release.resolves, release.actor_id, release.source_id) == (
        Phase.RELEASE,
        hold_id,
        NIL,
        source_id,
    )
    assert (release.occurred_at, release.recorded_at) == (NOON + LIFE, NOON + LIFE)
    assert proof.verify().ok


def test_only_due_holds_are_released_by_a_posting(app: Flask) -> None:
    """Holds that still have time, and those that were resolved early, are left alone."""
    with clock.at(NOON):
        owner_id = a_volunteer_with(100)
        released(held(owner_id, 10, expires_at=NOON + timedelta(hours=1)).transfer_id)
        held(owner_id, 20, expires_at=NOON + timedelta(hours=1))
        held(owner_id, 30, expires_at=NOON + timedelta(hours=9))
    with clock.at(NOON + timedelta(hours=2)):
        assert earned(owner_id, 1).account.held_minutes == 30
        assert state_of(owner_id).held_minutes == 30
    assert proof.verify().ok


def test_a_due_hold_cannot_be_captured(app: Flask) -> None:
    """Whoever comes too late is told so, before and after somebody has written the release."""
    with clock.at(NOON):
        owner_id = a_volunteer_with(100)
        hold_id = held(owner_id, 60, expires_at=NOON + LIFE).transfer_id
    with clock.at(NOON + LIFE):
        refused(HoldExpired, lambda: captured(hold_id, 60))
        swept()
        refused(HoldExpired, lambda: captured(hold_id, 60))
        refused(HoldExpired, lambda: released(hold_id))


def test_a_due_hold_may_still_be_released_by_its_owner(app: Flask) -> None:
    """Cancelling what is due is no mistake as long as nobody has written its expiry."""
    with clock.at(NOON):
        owner_id = a_volunteer_with(100)
        hold_id = held(owner_id, 60, expires_at=NOON + LIFE).transfer_id
    with clock.at(NOON + LIFE):
        assert released(hold_id).account.available_minutes == 100
    assert proof.verify().ok


def test_a_hold_needs_a_future(app: Flask) -> None:
    """A hold that is due from the start is refused."""
    with clock.at(NOON):
        owner_id = a_volunteer_with(100)
        refused(HoldExpired, lambda: held(owner_id, 10, expires_at=NOON))


def test_sweeping_writes_what_is_due(app: Flask) -> None:
    """The sweep takes the accounts of the oldest due holds first and leaves the rest to the next one."""
    with clock.at(NOON):
        owners = [a_volunteer_with(100) for _ in range(3)]
        for hours, owner_id in enumerate(owners, start=1):
            held(owner_id, 60, expires_at=NOON + timedelta(hours=hours))
        held(owners[0], 30, expires_at=NOON + timedelta(hours=9))
        assert swept() == 0
    with clock.at(NOON + timedelta(hours=4)):
        assert [swept(2), swept(2), swept(2)] == [2, 1, 0]
        assert [state_of(owner_id).held_minutes for owner_id in owners] == [30, 0, 0]
        assert [state_of(owner_id).seq for owner_id in owners] == [4, 3, 3]
    assert proof.verify().ok


def test_recorded_time_never_stands_still_or_goes_back_on_one_account(app: Flask) -> None:
    """Although the clock stands still or goes back, each posting is recorded after the one before."""
    owner_id = new_id()
    for instant in (NOON, NOON, NOON - timedelta(hours=1)):
        with clock.at(instant):
            earned(owner_id, 10)
    tick = timedelta(microseconds=1)
    assert [line.recorded_at for line in entries_of(owner_id)] == [NOON, NOON + tick, NOON + 2 * tick]


def test_a_clock_that_went_back_does_not_bring_a_due_hold_back(app: Flask) -> None:
    """What was due at the last entry is gone for good, whatever the clock says later."""
    with clock.at(NOON):
        owner_id = a_volunteer_with(100)
        held(owner_id, 60, expires_at=NOON + timedelta(hours=1))
    with clock.at(NOON + timedelta(hours=2)):
        earned(owner_id, 1)
    with clock.at(NOON):
        assert state_of(owner_id).available_minutes == 101
        assert redeemed(owner_id, 101).account.available_minutes == 0
    assert proof.verify().ok
