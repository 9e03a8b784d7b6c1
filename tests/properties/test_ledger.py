"""The ledger against a model of dictionaries: whatever is posted, in whatever order and however often, both agree.

After each step: every reading agrees with the model, verification passes (so nothing is negative and the sum is zero),
and a refusal has left every row as it was. ``--hypothesis-profile=soak`` is the long form.
"""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.factories import ledger as post
from tests.unit.ledger.looking import everything
from timebank import clock
from timebank.database import db, new_id, session
from timebank.errors import Refusal
from timebank.ledger import proof
from timebank.ledger.errors import (
    AlreadyPosted,
    AlreadyResolved,
    HoldExpired,
    InsufficientMinutes,
    PostingConflict,
)
from timebank.ledger.rules import AccountState, Posted

TICK = timedelta(microseconds=1)
MINUTES = st.integers(min_value=1, max_value=100)


@dataclasses.dataclass
class Hold:
    """An open or resolved hold of the model; ``outcome`` is the refusal that a second resolution gets."""

    owner_id: UUID
    minutes: int
    expires_at: datetime
    outcome: type[Refusal] | None = None


@dataclasses.dataclass
class Wallet:
    """What the model knows of a wallet."""

    balance: int = 0
    seq: int = 0
    last: datetime | None = None


class Model:
    """The ledger in fifty lines: no chain, no database."""

    def __init__(self) -> None:
        self.wallets: dict[UUID, Wallet] = {}
        self.holds: dict[UUID, Hold] = {}
        self.sources: set[tuple[str, UUID]] = set()

    def open_holds(self, owner_id: UUID, at: datetime) -> list[Hold]:
        """Return what is held at an instant."""
        mine = (hold for hold in self.holds.values() if hold.owner_id == owner_id)
        return [hold for hold in mine if hold.outcome is None and hold.expires_at > at]

    def reading(self, owner_id: UUID, now: datetime) -> tuple[int, int, int]:
        """Return balance, held and seq."""
        wallet = self.wallets.get(owner_id, Wallet())
        held = sum(hold.minutes for hold in self.open_holds(owner_id, max(now, wallet.last or now)))
        return wallet.balance, held, wallet.seq

    def instant(self, owner_id: UUID, now: datetime) -> datetime:
        """Return when a posting to a wallet is recorded."""
        last = self.wallets.get(owner_id, Wallet()).last
        return max(now, last + TICK) if last else now

    def available(self, owner_id: UUID, at: datetime) -> int:
        """Return what can be spent by a posting at an instant."""
        balance = self.wallets.get(owner_id, Wallet()).balance
        return balance - sum(hold.minutes for hold in self.open_holds(owner_id, at))

    def posted(
        self, owner_id: UUID, at: datetime, minutes: int, source: tuple[str, UUID], own: Hold | None = None
    ) -> None:
        """Note a posting, after the releases of what is due by then (but not of the hold that it resolves)."""
        wallet = self.wallets.setdefault(owner_id, Wallet())
        wallet.seq += 1 + self.expire(owner_id, at, own)
        wallet.balance += minutes
        wallet.last = at
        self.sources.add(source)

    def expire(self, owner_id: UUID, at: datetime, own: Hold | None = None) -> int:
        """Resolve what is due; return how many holds that were."""
        due = [
            hold
            for hold in self.holds.values()
            if hold.owner_id == owner_id and hold.outcome is None and hold.expires_at <= at and hold is not own
        ]
        for hold in due:
            hold.outcome = HoldExpired
        return len(due)


class Ledger(RuleBasedStateMachine):
    """Drives the service and the model side by side."""

    fresh: Callable[[], None]

    owners = Bundle("owners")
    holds = Bundle("holds")
    past = Bundle("past")

    @initialize(target=owners)
    def begin(self) -> Any:
        """Start from a fresh ledger with two people who have something to spend, and one who has not."""
        self.fresh()
        self.model = Model()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        rich = [new_id(), new_id()]
        for owner_id in rich:
            self.earn(owner_id, 300)
        return multiple(*rich, new_id())

    def attempt(self, verb: Callable[[], Posted], refusal: type[Refusal] | None) -> Posted | None:
        """Run a verb at the present instant; it is refused exactly if the model says so, and then changes nothing."""
        before = everything()
        result, caught = None, None
        with clock.at(self.now):
            try:
                result = verb()
            except Refusal as raised:
                caught = type(raised)
        assert caught is refusal
        assert caught is None or everything() == before
        return result

    def _remember(self, verb: Callable[[], Posted], owner_id: UUID, result: Posted) -> tuple[Any, ...]:
        assert not result.replayed
        balance, held, seq = self.model.reading(owner_id, self.now)
        account = result.account
        assert (account.balance_minutes, account.held_minutes, account.seq) == (balance, held, seq)
        return verb, result

    @rule(target=past, owner=owners, minutes=MINUTES)
    def credit(self, owner: UUID, minutes: int) -> Any:
        """Credit a record."""
        return self.earn(owner, minutes)

    def earn(self, owner: UUID, minutes: int) -> Any:
        """Earn in both worlds."""
        ids, at = _ids(), self.model.instant(owner, self.now)

        def verb(extra: int = 0) -> Posted:
            return post.earned(owner, minutes + extra, occurred_at=datetime(2026, 1, 1, tzinfo=UTC), **ids)

        result = self.attempt(verb, None)
        assert result
        self.model.posted(owner, at, minutes, ("earn", ids["source_id"]))
        return self._remember(verb, owner, result)

    @rule(target=past, owner=owners, minutes=MINUTES)
    def redeem(self, owner: UUID, minutes: int) -> Any:
        """Sell at the counter."""
        ids, at = _ids(), self.model.instant(owner, self.now)

        def verb(extra: int = 0) -> Posted:
            return post.redeemed(owner, minutes + extra, **ids)

        short = minutes > self.model.available(owner, at)
        result = self.attempt(verb, InsufficientMinutes if short else None)
        if result is None:
            return multiple()
        self.model.posted(owner, at, -minutes, ("redeem", ids["source_id"]))
        return self._remember(verb, owner, result)

    @rule(target=holds, owner=owners, minutes=MINUTES, hours=st.sampled_from((48, 24, 3, 2, 1, 0)))
    def hold(self, owner: UUID, minutes: int, hours: int) -> Any:
        """Reserve; the id is remembered for captures and releases."""
        ids, at, expires_at = _ids(), self.model.instant(owner, self.now), self.now + timedelta(hours=hours)
        refusal: type[Refusal] | None = None
        if expires_at <= at:
            refusal = HoldExpired
        elif minutes > self.model.available(owner, at):
            refusal = InsufficientMinutes
        result = self.attempt(lambda: post.held(owner, minutes, expires_at=expires_at, **ids), refusal)
        if result is None:
            return multiple()
        self.model.posted(owner, at, 0, ("hold", ids["source_id"]))
        self.model.holds[result.transfer_id] = Hold(owner, minutes, expires_at)
        self._remember(lambda: result, owner, result)
        return result.transfer_id

    @rule(target=past, hold_id=holds, percent=st.sampled_from((100, 50, 1, 110)))
    def capture(self, hold_id: UUID, percent: int) -> Any:
        """Hand over all or a part, sometimes more than is held, sometimes again."""
        hold, ids = self.model.holds[hold_id], _ids()
        part = -(-hold.minutes * percent // 100)
        at = self.model.instant(hold.owner_id, self.now)
        refusal = hold.outcome or (HoldExpired if hold.expires_at <= at else None)
        if refusal is None and part > hold.minutes:
            refusal = InsufficientMinutes

        def verb(extra: int = 0) -> Posted:
            return post.captured(hold_id, part + extra, **ids)

        return self._resolved(verb, hold, at=at, minutes=-part, source_id=ids["source_id"], refusal=refusal)

    @rule(target=past, hold_id=holds)
    def release(self, hold_id: UUID) -> Any:
        """Cancel, also what is due, sometimes again."""
        hold, ids = self.model.holds[hold_id], _ids()
        at = self.model.instant(hold.owner_id, self.now)

        def verb(extra: int = 0) -> Posted:
            return post.released(
                hold_id, transfer_id=ids["transfer_id"], source_id=new_id() if extra else ids["source_id"]
            )

        return self._resolved(verb, hold, at=at, minutes=0, source_id=ids["source_id"], refusal=hold.outcome)

    def _resolved(
        self,
        verb: Callable[[], Posted],
        hold: Hold,
        *,
        at: datetime,
        minutes: int,
        source_id: UUID,
        refusal: type[Refusal] | None,
    ) -> Any:
        result = self.attempt(verb, refusal)
        if result is None:
            return multiple()
        self.model.posted(hold.owner_id, at, minutes, ("resolve", source_id), own=hold)
        hold.outcome = AlreadyResolved
        return self._remember(verb, hold.owner_id, result)

    @rule(again=past)
    def retry(self, again: tuple[Callable[..., Posted], Posted]) -> None:
        """Send an old posting again, in any order and at any later time: the first result, and not one row more."""
        verb, first = again
        before = everything()
        with clock.at(self.now):
            result = verb()
        assert result == dataclasses.replace(first, replayed=True)
        assert everything() == before

    @rule(again=past, owner=owners, data=st.data())
    def try_something_forbidden(
        self, again: tuple[Callable[..., Posted], Posted], owner: UUID, data: st.DataObject
    ) -> None:
        """Send something else under an old id; credit a record that was credited before, to anybody."""
        assert self.attempt(lambda: again[0](1), PostingConflict) is None
        credited = data.draw(st.sampled_from(sorted(source for verb, source in self.model.sources if verb == "earn")))
        assert self.attempt(lambda: post.earned(owner, 10, source_id=credited), AlreadyPosted) is None

    @rule(limit=st.integers(min_value=1, max_value=3))
    def sweep(self, limit: int) -> None:
        """Write releases of the accounts of the oldest due holds."""
        due = sorted(
            (hold.expires_at, hold_id)
            for hold_id, hold in self.model.holds.items()
            if hold.outcome is None and hold.expires_at <= self.now
        )
        owners = {self.model.holds[hold_id].owner_id for _, hold_id in due[:limit]}
        with clock.at(self.now):
            written = post.swept(limit)
        expired = 0
        for owner in owners:
            at = self.model.instant(owner, self.now)
            wallet = self.model.wallets[owner]
            count = self.model.expire(owner, at)
            expired, wallet.seq, wallet.last = expired + count, wallet.seq + count, at
        assert written == expired

    @rule(hours=st.sampled_from((1, 2, 24, 60, -5)))
    def let_time_pass(self, hours: int) -> None:
        """Move the clock, now and then backwards."""
        self.now += timedelta(hours=hours)

    @invariant()
    def readings_agree(self) -> None:
        """What is read is what the model says, whether or not anybody has written the releases of due holds."""
        for owner in self.model.wallets if hasattr(self, "model") else ():
            balance, held, seq = self.model.reading(owner, self.now)
            found = post.state_of(owner, self.now)
            expected = AccountState.of(balance=balance, held=held, debt=0, seq=seq, head=found.head)
            assert found == expected

    @invariant()
    def verification_passes(self) -> None:
        """The whole ledger is consistent at any moment."""
        if hasattr(self, "model"):
            assert proof.verify().findings == {}


def _ids() -> dict[str, UUID]:
    return {"transfer_id": new_id(), "source_id": new_id()}


def test_the_ledger_agrees_with_its_model(app: Flask, _house: Any) -> None:
    """Any sequence of verbs, retries, sweeps and clock jumps leaves the ledger and the model in the same state."""

    class Run(Ledger):
        def fresh(self) -> None:
            session.remove()
            db.engine.dispose()
            _house.databases.fresh("app")

    short = settings.default.max_examples < 100
    run_state_machine_as_test(
        Run, settings=settings(max_examples=60 if short else 1_000, stateful_step_count=50 if short else 100)
    )
