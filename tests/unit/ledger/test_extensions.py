"""A hold that is extended: another hold in its place, in one transaction."""

from datetime import UTC, datetime

from flask import Flask

from tests.factories.ledger import LIFE, a_volunteer_with, captured, extended, held, released, state_of, swept
from tests.unit.ledger.looking import entries_of, everything, refused, transfer_of
from timebank import clock
from timebank.database import new_id
from timebank.ledger import proof, rules
from timebank.ledger.errors import AlreadyResolved, HoldExpired, PostingConflict
from timebank.ledger.rules import Phase, SourceType

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)
LATER = NOON + 2 * LIFE


def test_an_extended_hold_lives_on(app: Flask) -> None:
    """The old hold is released and the same minutes are held anew until later, even if nothing else is available."""
    with clock.at(NOON):
        owner_id, source_id = a_volunteer_with(60), new_id()
        hold_id = held(owner_id, 60, expires_at=NOON + LIFE).transfer_id
        longer = extended(hold_id, expires_at=LATER, source_id=source_id)
        assert longer.account == state_of(owner_id)
        refused(AlreadyResolved, lambda: captured(hold_id, 60))
        refused(AlreadyResolved, lambda: extended(hold_id, expires_at=LATER))
    assert (longer.account.held_minutes, longer.account.seq) == (60, 4)
    new, old = transfer_of(longer.transfer_id), transfer_of(rules.extended_id(longer.transfer_id))
    assert (new.phase, old.phase, old.resolves) == (Phase.HOLD, Phase.RELEASE, hold_id)
    assert {(one.source_type, one.source_id) for one in (new, old)} == {(SourceType.REDEMPTION_EXTENSION, source_id)}
    with clock.at(NOON + LIFE):
        assert state_of(owner_id).held_minutes == 60
        taken = captured(longer.transfer_id, 60)
    assert transfer_of(taken.transfer_id).source_type == SourceType.REDEMPTION
    assert proof.verify().findings == {}


def test_an_extended_hold_is_cancelled_or_expires_like_any_other(app: Flask) -> None:
    """Extended twice and left alone it is released by time; cancelled it is released at once."""
    with clock.at(NOON):
        owner_id, redemption_id = a_volunteer_with(100), new_id()
        first = held(owner_id, 60, expires_at=NOON + LIFE, source_id=redemption_id).transfer_id
        second = extended(first, expires_at=NOON + LIFE).transfer_id
        third = extended(second, expires_at=LATER).transfer_id
        other = extended(held(owner_id, 40).transfer_id, expires_at=LATER).transfer_id
        released(other, source_id=new_id())
    with clock.at(LATER):
        assert state_of(owner_id).available_minutes == 100
        assert swept() == 1
    gone = transfer_of(rules.expiry_id(third))
    assert (gone.resolves, gone.source_type, gone.source_id) == (third, SourceType.TRANSFER, third)
    assert proof.verify().findings == {}


def test_what_is_due_is_not_extended(app: Flask) -> None:
    """Too late is too late, before and after somebody has written the release; and an extension needs a future."""
    with clock.at(NOON):
        hold_id = held(a_volunteer_with(100), 60, expires_at=NOON + LIFE).transfer_id
        refused(HoldExpired, lambda: extended(hold_id, expires_at=NOON))
    with clock.at(NOON + LIFE):
        refused(HoldExpired, lambda: extended(hold_id, expires_at=LATER))
        swept()
        refused(HoldExpired, lambda: extended(hold_id, expires_at=LATER))


def test_an_extension_again_is_replayed(app: Flask) -> None:
    """Sent again, also with another end, it is the same extension; of another hold it is a conflict."""
    with clock.at(NOON):
        owner_id, ids = a_volunteer_with(100), {"transfer_id": new_id(), "source_id": new_id()}
        hold_id, other = held(owner_id, 30).transfer_id, held(owner_id, 30).transfer_id
        first = extended(hold_id, expires_at=LATER, **ids)
    with clock.at(LATER):
        before = everything()
        again = extended(hold_id, expires_at=LATER + LIFE, **ids)
    assert (again.replayed, again.account) == (True, first.account)
    assert everything() == before
    assert [line.held_minutes for line in entries_of(owner_id)] == [0, 30, 30, -30, 30]
    refused(PostingConflict, lambda: extended(other, expires_at=LATER, **ids))
