"""Unused minutes expire first in, first out, by a cut-off, as far as nobody has set them aside."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask

from tests.factories.ledger import (
    a_volunteer_with,
    earned,
    expired,
    expiring,
    given,
    held,
    redeemed,
    refunded,
    released,
    reversed_,
    state_of,
)
from tests.unit.ledger.looking import everything, refused, transfer_of
from tests.unit.ledger.tampering import faults_found, forge
from timebank import clock
from timebank.database import new_id
from timebank.ledger import proof
from timebank.ledger.chain import TransferRow
from timebank.ledger.errors import PostingConflict
from timebank.ledger.report import Fault
from timebank.ledger.rules import EXPIRED, Kind, SourceType

JANUARY = datetime(2026, 1, 15, tzinfo=UTC)
CUT_OFF = datetime(2026, 2, 1, tzinfo=UTC)
MARCH = datetime(2026, 3, 15, tzinfo=UTC)


def _somebody_with(january: int, march: int) -> UUID:
    owner_id = new_id()
    with clock.at(JANUARY):
        earned(owner_id, january)
    with clock.at(MARCH):
        earned(owner_id, march)
    return owner_id


@pytest.mark.rule("R25")
def test_what_is_older_than_the_cut_off_expires(app: Flask) -> None:
    """Old minutes go, new ones stay; the transfer says by which cut-off."""
    owner_id = _somebody_with(100, 40)
    assert expiring(CUT_OFF) == {owner_id: 100}
    (gone,) = expired(CUT_OFF, owner_id)
    assert gone.account == state_of(owner_id)
    assert gone.account.balance_minutes == 40
    stored = transfer_of(gone.transfer_id)
    assert (stored.kind, stored.credit_id, stored.source_type) == (Kind.EXPIRE, EXPIRED.id, SourceType.EXPIRY_RUN)
    assert stored.occurred_at == CUT_OFF
    assert (expiring(CUT_OFF), expired(CUT_OFF, owner_id)) == ({}, [])
    assert proof.verify().findings == {}


def test_the_oldest_minutes_are_spent_first(app: Flask) -> None:
    """Whenever something was spent, before the cut-off or after it, it came out of the old minutes."""
    owner_id = _somebody_with(100, 40)
    with clock.at(MARCH + timedelta(days=1)):
        redeemed(owner_id, 70)
        assert expiring(CUT_OFF) == {owner_id: 30}
        redeemed(owner_id, 50)
        assert (expiring(CUT_OFF), expired(CUT_OFF, owner_id)) == ({}, [])


def test_what_comes_back_keeps_its_age(app: Flask) -> None:
    """A refund and a gift that is given back make nothing younger."""
    owner_id = _somebody_with(100, 40)
    with clock.at(MARCH + timedelta(days=1)):
        refunded(redeemed(owner_id, 70).transfer_id, 60)
        assert expiring(CUT_OFF) == {owner_id: 90}
        gift = given(owner_id, new_id(), 50).transfer_id
        assert expiring(CUT_OFF)[owner_id] == 40
        reversed_(gift)
        assert expiring(CUT_OFF)[owner_id] == 90


def test_only_available_minutes_expire(app: Flask) -> None:
    """What is set aside is warned of, and goes with a later run if it is set free."""
    owner_id, run_id = _somebody_with(100, 40), new_id()
    with clock.at(MARCH + timedelta(days=1)):
        hold_id = held(owner_id, 110).transfer_id
        assert expiring(CUT_OFF) == {owner_id: 100}
        assert [one.account.balance_minutes for one in expired(CUT_OFF, owner_id, run_id=run_id)] == [110]
        assert expiring(CUT_OFF) == {owner_id: 70}
        released(hold_id)
        (again,) = expired(CUT_OFF, owner_id, run_id=run_id)
        assert (again.replayed, again.account.balance_minutes) == (True, 110)
        assert [one.account.balance_minutes for one in expired(CUT_OFF, owner_id)] == [40]
    assert proof.verify().findings == {}


def test_a_due_hold_is_released_before_its_minutes_expire(app: Flask) -> None:
    """Due holds count as gone here too."""
    owner_id = _somebody_with(100, 40)
    with clock.at(MARCH + timedelta(days=1)):
        held(owner_id, 120, expires_at=MARCH + timedelta(days=2))
    with clock.at(MARCH + timedelta(days=3)):
        assert [one.account.balance_minutes for one in expired(CUT_OFF, owner_id)] == [40]
    assert proof.verify().findings == {}


def test_a_run_takes_from_each_once(app: Flask) -> None:
    """A run over many, sent again, changes nothing; with another cut-off it is another run."""
    run_id, owners = new_id(), [_somebody_with(10 * n, 5) for n in range(1, 4)]
    first = expired(CUT_OFF, *owners, new_id(), run_id=run_id)
    assert sorted(one.account.balance_minutes for one in first) == [5, 5, 5]
    before = everything()
    again = expired(CUT_OFF, *owners, run_id=run_id)
    assert [one.account for one in again] == [one.account for one in first]
    assert everything() == before
    refused(PostingConflict, lambda: expired(CUT_OFF + timedelta(days=1), *owners, run_id=run_id))


def test_the_warning_list_comes_in_pages(app: Flask) -> None:
    """Everybody is on exactly one page; who has nothing old is on none."""
    owners = {_somebody_with(10, 5): 10 for _ in range(3)}
    with clock.at(MARCH):
        a_volunteer_with(99)
    first = expiring(CUT_OFF, limit=2)
    second = expiring(CUT_OFF, limit=2, after=list(first)[-1])
    assert (len(first), first | second) == (2, owners)


def test_what_pays_a_debt_first_is_not_due_as_well(app: Flask) -> None:
    """A due hold sets minutes free, a debt takes its part of them, and only what is left of the old ones expires."""
    owner_id = _somebody_with(100, 40)
    with clock.at(MARCH + timedelta(days=1)):
        wrong = earned(owner_id, 30).transfer_id
        held(owner_id, 170, expires_at=MARCH + timedelta(days=2))
        reversed_(wrong)
    with clock.at(MARCH + timedelta(days=3)):
        (gone,) = expired(CUT_OFF, owner_id)
    assert (gone.account.balance_minutes, gone.account.debt_minutes) == (70, 0)
    assert proof.verify().findings == {}


def test_a_cut_off_lies_in_the_past(app: Flask) -> None:
    """Minutes that are still to come are nobody's to take."""
    owner_id = _somebody_with(100, 40)
    with clock.at(MARCH), pytest.raises(ValueError, match="past"):
        expired(MARCH + timedelta(seconds=1), owner_id)


# --- forged -----------------------------------------------------------------------------------------------------------


def _forged(owner_id: UUID, minutes: int, cut_off: datetime) -> TransferRow:
    with clock.at(MARCH + timedelta(days=1)):
        redeemed(owner_id, 30)
        refunded(redeemed(owner_id, 10).transfer_id, 5)
    return forge(
        owner_id,
        minutes,
        kind=int(Kind.EXPIRE),
        credit_id=EXPIRED.id,
        source_type=int(SourceType.EXPIRY_RUN),
        occurred_at=cut_off,
    )


@pytest.mark.rule("R25")
def test_an_expiry_of_more_than_was_due_is_named(app: Flask) -> None:
    """100 came in until the cut-off and 35 went out: 65 may go, and not a minute of the 40 that came in after it."""
    owner_id = _somebody_with(100, 40)
    row = _forged(owner_id, 66, CUT_OFF)
    assert faults_found() == {Fault.TRANSFER_EXPIRES: f"ledger_transfer {row.id}"}


def test_an_expiry_of_all_that_was_due_is_sound(app: Flask) -> None:
    """The last minute that is due may go."""
    _forged(_somebody_with(100, 40), 65, CUT_OFF)
    assert proof.verify().findings == {}


def test_an_expiry_by_a_cut_off_that_was_still_to_come_is_named(app: Flask) -> None:
    """A run takes by a cut-off that had passed."""
    row = _forged(_somebody_with(100, 40), 1, MARCH + timedelta(days=30))
    assert faults_found() == {Fault.TRANSFER_EXPIRES: f"ledger_transfer {row.id}"}
