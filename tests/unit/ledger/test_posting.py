"""Groups, and the engine below the verbs."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy import update

from tests.factories.ledger import (
    CLERK,
    a_volunteer_with,
    earned,
    held,
    redeemed,
    reversed_,
    state_of,
)
from tests.unit.ledger.looking import entries_of, everything, refused, transfer_of
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.ledger import posting, proof, rules, service
from timebank.ledger.accounts import lock
from timebank.ledger.errors import (
    AccountClosed,
    AlreadyPosted,
    PostingConflict,
)
from timebank.ledger.models import Account
from timebank.ledger.rules import Kind, SourceType, wallet_of
from timebank.ledger.service import Earning
from timebank.ledger.transfers import Posting

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)


def _earning(owner_id: UUID, minutes: int = 60) -> Earning:
    return Earning(transfer_id=new_id(), owner_id=owner_id, minutes=minutes, source_id=new_id(), occurred_at=NOON)


def _earned_by_all(earnings: list[Earning], batch_id: UUID | None = None) -> list[rules.Posted]:
    return in_unit_of_work(lambda: service.earn_many(earnings=earnings, actor_id=CLERK, batch_id=batch_id))


def test_a_group_is_credited_at_once(app: Flask) -> None:
    """Everybody gets their minutes and their own chain; somebody who is in it twice gets both, one after the other."""
    owners, batch_id = [new_id() for _ in range(5)], new_id()
    results = _earned_by_all([_earning(owner_id) for owner_id in (*owners, owners[0])], batch_id)
    assert [(one.account.balance_minutes, one.account.seq) for one in results] == [(60, 1)] * 5 + [(120, 2)]
    assert state_of(owners[0]) == results[-1].account
    assert {transfer_of(one.transfer_id).batch_id for one in results} == {batch_id}
    assert proof.verify().ok


def test_a_group_replays_each_posting_by_its_own_id(app: Flask) -> None:
    """What a group has in common with an earlier one is replayed, the rest is posted; a repeated one counts once."""
    known, fresh = _earning(new_id()), _earning(new_id())
    (first,) = _earned_by_all([known])
    replayed, posted, repeated = _earned_by_all([known, fresh, fresh])
    assert (replayed.replayed, replayed.account) == (True, first.account)
    assert (posted.replayed, repeated.replayed) == (False, True)
    assert repeated.account == posted.account == state_of(fresh.owner_id)


def test_a_group_is_all_or_nothing(app: Flask) -> None:
    """One posting that is refused refuses the group."""
    known = _earning(new_id())
    _earned_by_all([known])
    clash = Earning(transfer_id=new_id(), owner_id=new_id(), minutes=1, source_id=known.source_id, occurred_at=NOON)
    refused(AlreadyPosted, lambda: _earned_by_all([_earning(new_id()), clash]))
    conflict = Earning(
        transfer_id=known.transfer_id, owner_id=known.owner_id, minutes=1, source_id=new_id(), occurred_at=NOON
    )
    refused(PostingConflict, lambda: _earned_by_all([_earning(new_id()), conflict]))


def test_an_empty_group_is_nothing(app: Flask) -> None:
    """Nobody to credit is no error."""
    before = everything()
    assert _earned_by_all([]) == []
    assert everything() == before


def _gift(giver: UUID, receiver: UUID, minutes: int) -> Posting:
    return Posting(
        transfer_id=new_id(),
        kind=Kind.GIFT,
        debit_id=wallet_of(giver).id,
        credit_id=wallet_of(receiver).id,
        minutes=minutes,
        source_type=SourceType.GIFT,
        source_id=new_id(),
        actor_id=giver,
    )


def test_a_transfer_between_two_wallets_has_two_lines_of_one_instant(app: Flask) -> None:
    """Both chains record it when both allow it, and due holds of either are released first."""
    with clock.at(NOON + timedelta(hours=1)):
        receiver = a_volunteer_with(10)
    with clock.at(NOON):
        giver = a_volunteer_with(100)
        held(giver, 100, expires_at=NOON + timedelta(minutes=30))
        gift = _gift(giver, receiver, 40)
        accounts = [wallet_of(giver), wallet_of(receiver)]
        (result,) = in_unit_of_work(lambda: posting.post([gift], accounts))
    assert (result.account.balance_minutes, result.account.available_minutes) == (60, 60)
    tick = timedelta(microseconds=1)
    assert entries_of(giver)[-1].recorded_at == entries_of(receiver)[-1].recorded_at == NOON + timedelta(hours=1) + tick
    assert (state_of(giver).balance_minutes, state_of(receiver).balance_minutes) == (60, 50)
    (again,) = in_unit_of_work(lambda: posting.post([gift], accounts))
    assert (again.replayed, again.account) == (True, result.account)
    assert proof.verify().ok


def test_a_state_names_what_is_owed(app: Flask) -> None:
    """Debt shows beside the balance, in results, in replays of that time and in readings."""
    owner_id = new_id()
    earned_before = {"transfer_id": new_id(), "source_id": new_id()}
    before = earned(owner_id, 60, occurred_at=NOON, **earned_before)
    wrong = earned(owner_id, 70).transfer_id
    redeemed(owner_id, 130)
    reversed_(wrong)
    assert state_of(owner_id).debt_minutes == 70
    assert earned(owner_id, 1).account.debt_minutes == 69
    assert earned(owner_id, 60, occurred_at=NOON, **earned_before).account == before.account
    assert before.account.debt_minutes == 0
    assert proof.verify().ok


def test_nothing_is_posted_to_a_closed_account(app: Flask) -> None:
    """A closed account takes no posting; what was posted before is still replayed."""
    owner_id, ids = new_id(), {"transfer_id": new_id(), "source_id": new_id()}
    earned(owner_id, 60, occurred_at=NOON, **ids)
    close = update(Account).where(Account.id == wallet_of(owner_id).id).values(closed_at=clock.now())
    in_unit_of_work(lambda: session.execute(close))
    refused(AccountClosed, lambda: earned(owner_id, 60))
    refused(AccountClosed, lambda: redeemed(owner_id, 60))
    assert earned(owner_id, 60, occurred_at=NOON, **ids).replayed


def test_accounts_are_locked_without_being_changed(app: Flask) -> None:
    """Locking opens what is missing once and leaves what is there."""
    accounts = [wallet_of(new_id()), wallet_of(a_volunteer_with(5))]

    def locked() -> list[datetime]:
        found = lock(session.connection(), accounts)
        return [found[account.id].opened_at for account in accounts]

    assert in_unit_of_work(locked) == in_unit_of_work(locked)
