"""The ledger against a model of dictionaries: whatever is posted, in whatever order and however often, both agree.

After each step: every reading agrees with the model, verification passes (so nothing is negative and the sum is zero),
and a refusal has left every row as it was. ``--hypothesis-profile=soak`` is the long form.
"""

import dataclasses
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.factories import ledger as post
from tests.properties.ledger_driver import Driver, for_another_fact, ids_of_a_posting, raising
from tests.properties.lengths import examples
from tests.unit.ledger.looking import everything
from timebank import clock
from timebank.database import db, new_id, session
from timebank.ledger import proof
from timebank.ledger.errors import AccountClosed, AlreadyPosted, PostingConflict

MINUTES = st.integers(min_value=1, max_value=100)


class Ledger(Driver):
    """All verbs."""

    owners = Bundle("owners")
    holds = Bundle("holds")
    paid = Bundle("paid")
    moved = Bundle("moved")

    @initialize(target=owners)
    def begin(self) -> Any:
        """Start from a fresh ledger with two people who have something to spend, and one who has not."""
        self.start()
        rich = [new_id(), new_id()]
        for owner_id in rich:
            self.earned(owner_id, 300)
        return multiple(*rich, new_id())

    @rule(target=owners)
    def join(self) -> UUID:
        """Somebody new."""
        return new_id()

    @rule(target=moved, owner=owners, minutes=MINUTES)
    def earn(self, owner: UUID, minutes: int) -> Any:
        """Credit a record."""
        return self.remembered(self.earned(owner, minutes))

    @rule(target=moved, giver=owners, receiver=owners, minutes=MINUTES)
    def give(self, giver: UUID, receiver: UUID, minutes: int) -> Any:
        """Give minutes to somebody else."""
        ids = ids_of_a_posting()
        if giver == receiver:
            return multiple()
        return self.remembered(
            self.post(
                lambda extra=0: post.given(giver, receiver, minutes + extra, **ids),
                ids,
                giver,
                lambda m: m.move(self.now, ids["transfer_id"], giver, receiver, minutes),
            )
        )

    @rule(target=moved, owner=owners, minutes=MINUTES)
    def donate(self, owner: UUID, minutes: int) -> Any:
        """Give minutes to the pool."""
        ids = ids_of_a_posting()
        return self.remembered(
            self.post(
                lambda extra=0: post.donated(owner, minutes + extra, **ids),
                ids,
                owner,
                lambda m: m.move(self.now, ids["transfer_id"], owner, post.AREA, minutes),
            )
        )

    @rule(target=moved, owner=owners, minutes=MINUTES)
    def grant(self, owner: UUID, minutes: int) -> Any:
        """Give minutes from the pool."""
        ids = ids_of_a_posting()
        return self.remembered(
            self.post(
                lambda extra=0: post.granted(owner, minutes + extra, **ids),
                ids,
                post.AREA,
                lambda m: m.move(self.now, ids["transfer_id"], post.AREA, owner, minutes),
            )
        )

    @rule(owner=owners, minutes=MINUTES)
    def open_with(self, owner: UUID, minutes: int) -> None:
        """Carry over a paper ledger."""
        ids = ids_of_a_posting()
        self.post(
            lambda extra=0: post.opened_with(owner, minutes + extra, **ids),
            ids,
            owner,
            lambda m: m.move(self.now, ids["transfer_id"], None, owner, minutes),
        )

    @rule(target=paid, owner=owners, minutes=MINUTES)
    def redeem(self, owner: UUID, minutes: int) -> Any:
        """Sell at the counter."""
        ids = ids_of_a_posting()
        return self.remembered(
            self.post(
                lambda extra=0: post.redeemed(owner, minutes + extra, **ids),
                ids,
                owner,
                lambda m: m.move(self.now, ids["transfer_id"], owner, None, minutes),
            )
        )

    @rule(target=holds, owner=owners, minutes=MINUTES, hours=st.sampled_from((48, 24, 3, 2, 1, 0)))
    def hold(self, owner: UUID, minutes: int, hours: int) -> Any:
        """Reserve; the id is remembered for captures and releases."""
        ids, expires_at = ids_of_a_posting(), self.now + timedelta(hours=hours)
        return self.remembered(
            self.post(
                lambda extra=0: post.held(owner, minutes + extra, expires_at=expires_at, **ids),
                ids,
                owner,
                lambda m: m.hold(self.now, ids["transfer_id"], owner, minutes, expires_at),
            )
        )

    @rule(target=paid, hold_id=holds, percent=st.sampled_from((100, 50, 1, 110)))
    def capture(self, hold_id: UUID, percent: int) -> Any:
        """Hand over all or a part, sometimes more than is held, sometimes again."""
        ids, hold = ids_of_a_posting(), self.model.holds[hold_id]
        part = -(-hold.minutes * percent // 100)
        return self.remembered(
            self.post(
                lambda extra=0: post.captured(hold_id, part + extra, **ids),
                ids,
                hold.owner_id,
                lambda m: m.capture(self.now, ids["transfer_id"], hold_id, part),
            )
        )

    @rule(hold_id=holds)
    def release(self, hold_id: UUID) -> None:
        """Cancel, also what is due, sometimes again."""
        ids = ids_of_a_posting()
        self.post(
            lambda extra=0: post.released(hold_id, **for_another_fact(ids, extra)),
            ids,
            self.model.holds[hold_id].owner_id,
            lambda m: m.release(self.now, hold_id),
        )

    @rule(target=holds, hold_id=holds, hours=st.sampled_from((72, 24, 1, 0)))
    def extend(self, hold_id: UUID, hours: int) -> Any:
        """Keep what is set aside for longer."""
        ids, expires_at = ids_of_a_posting(), self.now + timedelta(hours=hours)
        return self.remembered(
            self.post(
                lambda extra=0: post.extended(hold_id, expires_at=expires_at, **for_another_fact(ids, extra)),
                ids,
                self.model.holds[hold_id].owner_id,
                lambda m: m.extend(self.now, ids["transfer_id"], hold_id, expires_at),
            )
        )

    @rule(move_id=paid, percent=st.sampled_from((100, 50, 1, 110)))
    def refund(self, move_id: UUID, percent: int) -> None:
        """Give all or a part back, sometimes too much, sometimes again."""
        ids, paid = ids_of_a_posting(), self.model.moves[move_id]
        part = -(-paid.minutes * percent // 100)
        assert paid.giver
        self.post(
            lambda extra=0: post.refunded(move_id, part + extra, **ids),
            ids,
            self.model.heir_of(paid.giver),
            lambda m: m.refund(self.now, move_id, part),
        )

    @rule(move_id=moved)
    def reverse(self, move_id: UUID) -> None:
        """Take back what was credited or given, spent or not, sometimes again."""
        ids, receiver = ids_of_a_posting(), self.model.moves[move_id].receiver
        assert receiver
        self.post(
            lambda extra=0: post.reversed_(move_id, **for_another_fact(ids, extra)),
            ids,
            self.model.heir_of(receiver),
            lambda m: m.reverse(self.now, move_id),
        )

    @rule(old=owners, new=owners)
    def merge(self, old: UUID, new: UUID) -> None:
        """Make two accounts one."""
        ids = ids_of_a_posting()
        if old == new:
            return
        moved = []
        done = self.post(
            lambda extra=0: post.merged(old, new, **for_another_fact(ids, extra)),
            ids,
            new,
            lambda m: moved.append(m.merge(self.now, old, new)),
        )
        if done and not moved[0]:
            del self.verbs[done]  # nothing is stored under its id

    @rule(owner=owners, days=st.sampled_from((0, 1, 3, 10)))
    def expire(self, owner: UUID, days: int) -> None:
        """Let old minutes expire, as the warning list says."""
        run_id, cut_off = new_id(), self.now - timedelta(days=days)
        due = self.model.old_minutes(owner, cut_off)
        assert post.expiring(cut_off).get(owner, 0) == due
        gone: list[bool] = []
        with_run = self.attempt(
            lambda: post.expired(cut_off, owner, run_id=run_id),
            lambda m: gone.append(m.expire(self.now, owner, cut_off)),
        )
        assert len(with_run) == gone[0]
        if with_run:
            assert self.numbers(with_run[0]) == self.model.reading(owner, self.now)
            again = post.expired(cut_off, owner, run_id=run_id)
            assert again == [dataclasses.replace(with_run[0], replayed=True)]

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """Send an old posting again, in any order and at any later time: the first result, and not one row more."""
        verb, first = self.verbs[data.draw(st.sampled_from(sorted(self.verbs)))]
        before = everything()
        with clock.at(self.now):
            result = verb()
        assert result == dataclasses.replace(first, replayed=True)
        assert everything() == before

    @rule(owner=owners, data=st.data())
    def try_something_forbidden(self, owner: UUID, data: st.DataObject) -> None:
        """Send something else under an old id; credit a record that was credited before, to anybody."""
        verb, _ = self.verbs[data.draw(st.sampled_from(sorted(self.verbs)))]
        self.attempt(lambda: verb(1), raising(PostingConflict))
        credited = data.draw(st.sampled_from(self.model.credited))
        refusal = AccountClosed if self.model.wallet(owner).closed else AlreadyPosted
        self.attempt(lambda: post.earned(owner, 10, source_id=credited), raising(refusal))

    @rule(limit=st.integers(min_value=1, max_value=3))
    def sweep(self, limit: int) -> None:
        """Write releases of the accounts of the oldest due holds."""
        owners = {self.model.holds[hold_id].owner_id for _, hold_id in self.model.due(self.now)[:limit]}
        with clock.at(self.now):
            written = post.swept(limit)
        before = sum(hold.outcome is None for hold in self.model.holds.values())
        for owner in owners:
            self.model.begin(self.now, owner)
        assert written == before - sum(hold.outcome is None for hold in self.model.holds.values())

    @rule(hours=st.sampled_from((1, 2, 24, 60, -5)))
    def let_time_pass(self, hours: int) -> None:
        """Move the clock, now and then backwards."""
        self.now += timedelta(hours=hours)

    @invariant()
    def readings_agree(self) -> None:
        """What is read is what the model says, whether or not anybody has written the releases of due holds."""
        for owner in self.model.wallets if hasattr(self, "model") else ():
            if owner != post.AREA:
                found = post.state_of(owner, self.now)
                read = (found.balance_minutes, found.held_minutes, found.debt_minutes, found.seq)
                assert read == self.model.reading(owner, self.now)

    @invariant()
    def verification_passes(self) -> None:
        """The whole ledger is consistent at any moment."""
        if hasattr(self, "model"):
            assert proof.verify().findings == {}


def test_the_ledger_agrees_with_its_model(app: Flask, _house: Any) -> None:
    """Any sequence of verbs, retries, sweeps and clock jumps leaves the ledger and the model in the same state."""

    class Run(Ledger):
        def fresh(self) -> None:
            session.remove()
            db.engine.dispose()
            _house.databases.fresh("app")

    run_state_machine_as_test(
        Run, settings=settings(max_examples=examples(60, 200), stateful_step_count=examples(50, 100))
    )
