"""What other ledgers learned the hard way, each as a test of ours. Numbers are of their issues and pull requests."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from tests.factories.ledger import (
    CLERK,
    LIFE,
    a_volunteer_with,
    captured,
    earned,
    given,
    held,
    redeemed,
    refunded,
    state_of,
)
from tests.unit.ledger.looking import entries_of, everything, refused
from tests.unit.ledger.tampering import execute
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.ledger import proof, service
from timebank.ledger.errors import (
    AlreadyPosted,
    HoldNotFound,
    InsufficientMinutes,
    PostingConflict,
    RefundTooLarge,
)
from timebank.ledger.queries import entry, transfer
from timebank.ledger.report import Fault
from timebank.ledger.rules import wallet_of

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)


def test_held_minutes_are_not_available(app: Flask) -> None:
    """Blnk 181: what is set aside counts in the balance, and is spent by nothing but its own capture."""
    owner_id = a_volunteer_with(100)
    hold_id = held(owner_id, 80).transfer_id
    assert state_of(owner_id).available_minutes == 20
    for spend in (redeemed, held):
        refused(InsufficientMinutes, lambda spend=spend: spend(owner_id, 21))
    refused(InsufficientMinutes, lambda: given(owner_id, new_id(), 21))
    assert captured(hold_id, 80).account.balance_minutes == 20


def test_a_refused_hold_can_never_be_captured(app: Flask) -> None:
    """Blnk 182: a hold that was refused left nothing, so there is nothing to capture, also after minutes came in."""
    owner_id, hold_id = a_volunteer_with(100), new_id()
    refused(InsufficientMinutes, lambda: held(owner_id, 101, transfer_id=hold_id))
    earned(owner_id, 500)
    refused(HoldNotFound, lambda: captured(hold_id, 101))


def test_a_refund_is_not_repeatable(app: Flask) -> None:
    """Blnk 152: the same refund twice, under its own id or another, by its own source or another, pays once."""
    owner_id, ids = a_volunteer_with(100), {"transfer_id": new_id(), "source_id": new_id()}
    sale = redeemed(owner_id, 60).transfer_id
    refunded(sale, 60, **ids)
    assert refunded(sale, 60, **ids).replayed
    refused(RefundTooLarge, lambda: refunded(sale, 60))
    second = redeemed(owner_id, 60).transfer_id
    refused(AlreadyPosted, lambda: refunded(second, 60, source_id=ids["source_id"]))
    assert state_of(owner_id).balance_minutes == 40


def test_a_group_leaves_nothing_behind_when_its_last_is_refused(app: Flask) -> None:
    """Blnk 183: all or nothing, accounts that would have been opened included."""
    known = new_id()
    earned(new_id(), 5, source_id=known)
    sources = [new_id(), new_id(), known]
    group = [
        service.Earning(transfer_id=new_id(), owner_id=new_id(), minutes=9, source_id=source, occurred_at=NOON)
        for source in sources
    ]
    refused(AlreadyPosted, lambda: in_unit_of_work(lambda: service.earn_many(earnings=group, actor_id=CLERK)))


def test_ids_made_at_once_are_all_different() -> None:
    """Formance 364: ids that programs make under load, in many threads within one millisecond, never collide."""
    with ThreadPoolExecutor(8) as threads:
        made = [one for some in threads.map(lambda _: [new_id() for _ in range(5_000)], range(8)) for one in some]
    assert len(set(made)) == len(made)
    assert {one.version for one in made} == {7}
    assert {one.variant for one in made} == {uuid.RFC_4122}


def test_looking_the_id_up_and_posting_are_one_transaction(app: Flask) -> None:
    """Formance 1281: a posting that was rolled back is unknown afterwards, and one that is known is there."""
    owner_id, ids = new_id(), {"transfer_id": new_id(), "source_id": new_id()}

    def interrupted() -> None:
        service.earn(owner_id=owner_id, minutes=60, occurred_at=NOON, actor_id=CLERK, **ids)
        again = service.earn(owner_id=owner_id, minutes=60, occurred_at=NOON, actor_id=CLERK, **ids)
        assert again.replayed
        raise ConnectionResetError

    before = everything()
    with pytest.raises(ConnectionResetError):
        in_unit_of_work(interrupted)
    assert everything() == before
    assert not earned(owner_id, 60, occurred_at=NOON, **ids).replayed
    assert earned(owner_id, 60, occurred_at=NOON, **ids).replayed


def test_a_result_carries_the_account(app: Flask) -> None:
    """TigerBeetle 27: the posting itself answers with balance, held, sequence and head, so nobody reads again."""
    owner_id = a_volunteer_with(100)
    for verb, minutes in ((held, 30), (redeemed, 50), (earned, 7)):
        posted = verb(owner_id, minutes)
        assert posted.account == state_of(owner_id)
    assert entries_of(owner_id)[-1].hash == posted.account.head


def test_an_expired_hold_counts_no_longer_before_any_sweep(app: Flask) -> None:
    """TigerBeetle 2118: at its end, to the microsecond, its minutes can be spent, although nobody has swept."""
    with clock.at(NOON):
        owner_id = a_volunteer_with(100)
        held(owner_id, 100, expires_at=NOON + LIFE)
    with clock.at(NOON + LIFE - timedelta(microseconds=1)):
        refused(InsufficientMinutes, lambda: redeemed(owner_id, 1))
    with clock.at(NOON + LIFE):
        assert state_of(owner_id).available_minutes == 100
        assert redeemed(owner_id, 100).account.balance_minutes == 0


def test_balance_and_holds_are_read_at_one_moment(app: Flask) -> None:
    """TigerBeetle 2693: while captures go on, every reading is a state that the account really had."""
    owner_id = a_volunteer_with(100)
    hold_ids = [held(owner_id, 10).transfer_id for _ in range(10)]
    allowed = {(100 - 10 * done, 100 - 10 * done) for done in range(11)}
    seen: set[Any] = set()

    def read(_: int) -> None:
        with app.app_context():
            for _ in range(30):
                found = state_of(owner_id)
                seen.add((found.balance_minutes, found.held_minutes))
            session.remove()

    with ThreadPoolExecutor(3) as threads:
        reading = [threads.submit(read, n) for n in range(3)]
        for hold_id in hold_ids:
            captured(hold_id, 10)
        for one in reading:
            one.result()
    assert seen <= allowed
    assert state_of(owner_id).balance_minutes == 0


def test_a_transfer_is_idempotent_by_itself(app: Flask) -> None:
    """pgledger PR 38: the ledger knows an id by itself; the same request is its result, another one a conflict."""
    owner_id, ids = a_volunteer_with(100), {"transfer_id": new_id(), "source_id": new_id()}
    first = redeemed(owner_id, 40, **ids)
    again = redeemed(owner_id, 40, **ids)
    assert (again.replayed, again.account) == (True, first.account)
    refused(PostingConflict, lambda: redeemed(owner_id, 41, **ids))
    assert state_of(owner_id).balance_minutes == 60


def test_a_balanced_rewrite_is_refused_and_otherwise_named(app: Flask) -> None:
    """hordak: history is not changed even in balance; with the guards gone, verification names it."""
    owner_id = new_id()
    earning = earned(owner_id, 100).transfer_id
    before = everything()
    rewrites = [
        update(transfer).where(transfer.c.id == earning).values(minutes=900),
        update(entry).where(entry.c.account_id == wallet_of(owner_id).id).values(minutes=900, balance_after=900),
    ]
    for rewrite in rewrites:
        with pytest.raises(DBAPIError, match="append-only|not authorized"):
            in_unit_of_work(lambda rewrite=rewrite: session.execute(rewrite))
    assert everything() == before
    for rewrite in rewrites:
        execute(rewrite)
    findings = proof.verify().findings
    assert set(findings) == {Fault.ENTRY_HASH}
    assert findings[Fault.ENTRY_HASH].row == f"ledger_entry {wallet_of(owner_id).id}/1"
