"""What drives the ledger and its model side by side, one attempt at a time."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis.stateful import RuleBasedStateMachine, multiple

from tests.factories import ledger as post
from tests.properties.ledger_model import Model
from tests.unit.ledger.looking import everything
from timebank import clock
from timebank.database import new_id
from timebank.errors import Refusal
from timebank.ledger.rules import Posted

Verb = Callable[..., Posted]
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


class Driver(RuleBasedStateMachine):
    """Posts to the ledger what it also tells the model."""

    fresh: Callable[[], None]

    def start(self) -> None:
        """Begin with nothing, in January."""
        self.fresh()
        self.model = Model()
        self.now = JANUARY
        self.verbs: dict[UUID, tuple[Verb, Posted]] = {}

    def attempt(self, verb: Callable[[], Any], change: Callable[[Model], Any]) -> Any:
        """Run a verb at the present instant; it is refused exactly if the model refuses, and then changes nothing."""
        before, trial = everything(), copy.deepcopy(self.model)
        result, caught, refusal = None, None, None
        try:
            change(trial)
        except Refusal as raised:
            refusal = type(raised)
        with clock.at(self.now):
            try:
                result = verb()
            except Refusal as raised:
                caught = type(raised)
        assert caught is refusal
        if refusal is None:
            self.model = trial
        else:
            assert everything() == before
        return result

    def post(self, verb: Verb, ids: dict[str, UUID], subject: UUID, change: Callable[[Model], Any]) -> UUID | None:
        """Post once; return the id if it was not refused. The result is the state of the account that it is about."""
        result = self.attempt(verb, change)
        if result is None:
            return None
        assert not result.replayed
        assert self.numbers(result) == self.model.reading(subject, self.now)
        self.verbs[ids["transfer_id"]] = verb, result
        return ids["transfer_id"]

    @staticmethod
    def numbers(result: Posted) -> tuple[int, int, int, int]:
        """Return balance, held, debt and seq of a result."""
        account = result.account
        return account.balance_minutes, account.held_minutes, account.debt_minutes, account.seq

    @staticmethod
    def remembered(transfer_id: UUID | None) -> Any:
        """Return what goes into a bundle: nothing, if it was refused."""
        return multiple() if transfer_id is None else transfer_id

    def earned(self, owner: UUID, minutes: int) -> UUID | None:
        """Credit a record in both worlds."""
        ids = ids_of_a_posting()

        def verb(extra: int = 0) -> Posted:
            return post.earned(owner, minutes + extra, occurred_at=JANUARY, **ids)

        done = self.post(verb, ids, owner, lambda m: m.move(self.now, ids["transfer_id"], None, owner, minutes))
        if done:
            self.model.credited.append(ids["source_id"])
        return done


def ids_of_a_posting() -> dict[str, UUID]:
    """Return an id for a transfer and one for the fact behind it."""
    return {"transfer_id": new_id(), "source_id": new_id()}


def for_another_fact(ids: dict[str, UUID], extra: int) -> dict[str, UUID]:
    """Return the same id for another fact, where there are no minutes to change."""
    return {"transfer_id": ids["transfer_id"], "source_id": new_id()} if extra else ids


def raising(refusal: type[Refusal]) -> Callable[[Model], None]:
    """Return a change of the model that it refuses."""

    def refuse(_: Model) -> None:
        raise refusal

    return refuse
