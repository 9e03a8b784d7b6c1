"""The same id again: the stored result, or a conflict."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.factories.ledger import (
    LIFE,
    a_volunteer_with,
    captured,
    earned,
    held,
    redeemed,
    released,
)
from tests.unit.ledger.looking import everything, refused
from timebank import clock
from timebank.database import new_id
from timebank.ledger.errors import (
    PostingConflict,
)

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)


def _each_verb(owner_id: UUID, hold_id: UUID) -> dict[str, Callable[[], Any]]:
    transfer_id, source_id = new_id(), new_id()
    ids: dict[str, Any] = {"transfer_id": transfer_id, "source_id": source_id}
    return {
        "earn": lambda: earned(owner_id, 5, occurred_at=NOON, **ids),
        "redeem": lambda: redeemed(owner_id, 5, **ids),
        "hold": lambda: held(owner_id, 5, expires_at=clock.now() + LIFE, **ids),
        "capture": lambda: captured(hold_id, 5, **ids),
        "release": lambda: released(hold_id, **ids),
    }


@pytest.mark.parametrize("verb", ["earn", "redeem", "hold", "capture", "release"])
def test_the_same_posting_again_is_replayed(app: Flask, verb: str) -> None:
    """A second try returns the very result of the first, long after other postings, and changes nothing."""
    with clock.at(NOON):
        owner_id = a_volunteer_with(100)
        hold_id = held(owner_id, 20).transfer_id
        posted = _each_verb(owner_id, hold_id)[verb]
        first = posted()
    with clock.at(NOON + timedelta(days=9)):
        earned(owner_id, 7)
        before = everything()
        again = posted()
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.transfer_id, again.account) == (first.transfer_id, first.account)
    assert everything() == before


def test_replaying_a_late_capture_is_no_expiry(app: Flask) -> None:
    """A capture that was in time stays a capture when it is asked for again after the hold's end."""
    with clock.at(NOON):
        hold_id = held(a_volunteer_with(100), 20, expires_at=NOON + LIFE).transfer_id
        ids = {"transfer_id": new_id(), "source_id": new_id()}
        captured(hold_id, 20, **ids)
    with clock.at(NOON + LIFE):
        assert captured(hold_id, 20, **ids).replayed


def test_the_same_id_with_other_content_is_refused(app: Flask) -> None:
    """An id stands for one posting: other minutes, another owner, source, actor, time or verb are a conflict."""
    owner_id, ids = new_id(), {"transfer_id": new_id(), "source_id": new_id()}
    earned(owner_id, 60, occurred_at=NOON, **ids)
    other_source = {"transfer_id": ids["transfer_id"], "source_id": new_id()}
    refused(PostingConflict, lambda: earned(owner_id, 61, occurred_at=NOON, **ids))
    refused(PostingConflict, lambda: earned(new_id(), 60, occurred_at=NOON, **ids))
    refused(PostingConflict, lambda: earned(owner_id, 60, occurred_at=NOON, **other_source))
    refused(PostingConflict, lambda: earned(owner_id, 60, occurred_at=NOON, actor_id=new_id(), **ids))
    refused(PostingConflict, lambda: earned(owner_id, 60, occurred_at=NOON + LIFE, **ids))
    refused(PostingConflict, lambda: redeemed(owner_id, 60, **ids))
