"""Both engines tell a violated constraint by the name that the models know."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table, insert, text
from sqlalchemy.exc import IntegrityError

from tests.owner import as_owner
from tests.unit.database.probing import violation
from timebank.constraints import violated_constraint
from timebank.database import in_unit_of_work, session
from timebank.settings import Settings


@pytest.mark.parametrize(
    ("second", "name"),
    [
        ({"id": 1, "name": "two"}, "pk_probe"),
        ({"id": 2, "name": "one"}, "uq_probe_name"),
        (
            {"id": 2, "name": "two", "holder": "h", "amount": 7, "done_at": datetime(2026, 1, 1, tzinfo=UTC)},
            "uq_probe_holder_amount",
        ),
        ({"id": 2, "name": "two", "holder": "h"}, "uq_probe_open"),
        ({"id": 2, "name": "two", "code": "C"}, "uq_probe_lower_code"),
        ({"id": 2, "name": "two", "amount": -1}, "ck_probe_amount_not_negative"),
        ({"id": 2, "name": None}, None),
    ],
    ids=["primary key", "unique", "unique pair", "partial index", "index of an expression", "check", "not null"],
)
def test_a_violated_constraint_is_told_by_its_name(probe: Table, second: dict[str, Any], name: str | None) -> None:
    """Both engines give the name that the models know; a missing value has none."""
    in_unit_of_work(lambda: session.execute(insert(probe).values(id=1, name="one", holder="h", code="c", amount=7)))
    assert violated_constraint(violation(insert(probe).values(**second))) == name


def test_a_violated_reference_is_refused_on_both_engines(probe: Table, settings: Settings) -> None:
    """A row that refers to nothing is refused; only PostgreSQL says by which name."""
    name = violated_constraint(violation(insert(probe).values(id=1, name="one", parent_id=9)))
    assert name == (None if settings.is_sqlite else "fk_probe_parent_id")


def test_a_table_that_no_model_knows_has_no_names(app: Flask, settings: Settings) -> None:
    """A violated key of a stranger's table is still an integrity error, on SQLite without a name."""
    as_owner("CREATE TABLE stranger (id BIGINT CONSTRAINT pk_stranger PRIMARY KEY)")
    in_unit_of_work(lambda: session.execute(text("INSERT INTO stranger VALUES (1)")))
    name = violated_constraint(violation(text("INSERT INTO stranger VALUES (1)")))
    assert name == (None if settings.is_sqlite else "pk_stranger")


def test_the_number_of_a_shard_is_dropped() -> None:
    """Citus adds the shard's number to the names of constraints; the models' name comes back."""

    class FromCitus(Exception):
        """What psycopg raises, as far as it matters."""

        class diag:  # noqa: N801 - psycopg names it so
            """Its diagnosis."""

            constraint_name = "uq_probe_name_102953"

    assert violated_constraint(IntegrityError("INSERT", {}, FromCitus())) == "uq_probe_name"
