"""A table for tests of the database itself."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    UniqueConstraint,
    func,
    text,
)

from tests.owner import owning
from timebank.database import Base, UtcDateTime


@pytest.fixture
def probe(app: Flask) -> Iterator[Table]:
    """A table with every kind of key, known to the models as long as the test runs."""
    table = Table(
        "probe",
        Base.metadata,
        Column("id", BigInteger(), primary_key=True, autoincrement=False),
        Column("name", String(), nullable=False),
        Column("holder", String()),
        Column("code", String()),
        Column("amount", BigInteger(), nullable=False, server_default="0"),
        Column("parent_id", BigInteger(), ForeignKey("probe.id")),
        Column("done_at", UtcDateTime()),
        UniqueConstraint("name"),
        UniqueConstraint("holder", "amount"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
    )
    open_only = text("done_at IS NULL")
    Index("uq_probe_open", table.c.holder, unique=True, sqlite_where=open_only, postgresql_where=open_only)
    Index("uq_probe_lower_code", func.lower(table.c.code), unique=True)
    with owning() as engine:
        table.create(engine)
    yield table
    Base.metadata.remove(table)
