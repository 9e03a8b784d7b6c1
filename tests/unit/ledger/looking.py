"""What a test of the ledger looks at."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from timebank.database import in_unit_of_work, session
from timebank.errors import Refusal
from timebank.ledger.models import Entry, Transfer
from timebank.ledger.rules import wallet_of


def transfer_of(transfer_id: UUID) -> Transfer:
    """Return a stored transfer."""
    return in_unit_of_work(lambda: session.get_one(Transfer, transfer_id), write=False)


def entries_of(owner_id: UUID) -> list[Entry]:
    """Return the lines of a wallet, oldest first."""
    lines = select(Entry).where(Entry.account_id == wallet_of(owner_id).id).order_by(Entry.seq)
    return in_unit_of_work(lambda: list(session.scalars(lines)), write=False)


def everything() -> list[Any]:
    """Return all rows of the ledger, to show that nothing has changed."""

    def read() -> list[Any]:
        tables = ("ledger_account", "ledger_transfer", "ledger_entry")
        return [sorted(map(repr, session.execute(text(f"SELECT * FROM {table}")))) for table in tables]

    return in_unit_of_work(read, write=False)


def refused(refusal: type[Refusal], attempt: Callable[[], object]) -> Refusal:
    """Run an attempt that is refused, and see that it has left nothing behind."""
    before = everything()
    with pytest.raises(refusal) as caught:
        attempt()
    assert everything() == before
    return caught.value
