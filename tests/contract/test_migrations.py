"""Migrations, on both engines."""

import contextlib
import io
from datetime import timedelta
from functools import partial

import flask_migrate
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import CheckConstraint, inspect, select, text

from tests.factories.identity import a_coordinator, a_person, grant
from tests.factories.organisations import an_organisation
from timebank import clock
from timebank.database import Base, db, in_unit_of_work, session
from timebank.identity.rules import Role
from timebank.notifications import service as notifications
from timebank.notifications.rules import Topic
from timebank.statistics import links
from timebank.statistics.models import SharedLink
from timebank.statistics.questions import Question
from timebank.statistics.rules import HOURS, Cut

Constraints = dict[str, set[str]]


def move(app: Flask, revision: str) -> None:
    """Bring the database of the application to a revision: ``base`` is nothing at all, ``head`` the newest, others are below."""
    db.session.remove()
    db.engine.dispose()
    with contextlib.redirect_stdout(io.StringIO()):
        (flask_migrate.upgrade if revision == "head" else flask_migrate.downgrade)(revision=revision)


def differences() -> list[object]:
    """Return what alembic finds different between database and models."""
    with db.engine.connect() as connection:
        return list(
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)
        )


def checks_of_models() -> Constraints:
    """Return the names of the CHECK constraints of every table, which alembic does not compare."""
    return {
        name: {str(c.name) for c in table.constraints if isinstance(c, CheckConstraint)}
        for name, table in Base.metadata.tables.items()
    }


def checks_of_database() -> Constraints:
    """Return the same as the database has them."""
    look = inspect(db.engine)
    return {name: {str(found["name"]) for found in look.get_check_constraints(name)} for name in Base.metadata.tables}


def test_migrations_make_what_the_models_say(app: Flask) -> None:
    """No table, column, type, index, unique or foreign key and no CHECK differs."""
    assert differences() == []
    assert checks_of_database() == checks_of_models()


def test_migrations_go_down_to_nothing_and_up_again(app: Flask) -> None:
    """Each step is undone by its downgrade, and the way up from nothing ends at the models again."""
    move(app, "base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    move(app, "head")
    assert differences() == []
    assert app.test_client().get("/readyz").status_code == 200


def test_messages_survive_a_rebuild_of_their_table(app: Flask) -> None:
    """Down and up again: what was told before stays as it was; topics that are not known below go."""
    person = a_person()
    for topic, facts in (
        (Topic.RECORD_REJECTED, {"activity": "护绿", "served_on": "2026-11-02"}),
        (Topic.NO_SHOW, {"activity": "护绿", "served_on": "2026-11-02"}),
    ):
        tell = partial(notifications.tell, person_id=person.id, topic=topic, facts=facts, at=clock.now())
        in_unit_of_work(tell)
    before = told()
    move(app, "0027")
    move(app, "head")
    assert told() == [row for row in before if row["topic"] == Topic.RECORD_REJECTED]
    assert differences() == []


def test_links_of_old_keep_what_their_makers_reached(app: Flask) -> None:
    """A link from before there was a scope gets the roles of that day that are still held, and no later one."""
    organisation, other = an_organisation(), an_organisation()
    maker = a_coordinator(organisation.id)
    question = Question(cuts=(Cut.ORGANISATION,), measures=HOURS)
    in_unit_of_work(lambda: links.make(actor=maker, question=question, reason="街道领导查看", days=30))
    with clock.at(clock.now() + timedelta(days=1)):
        grant(maker, Role.COORDINATOR, organisation_id=other.id)
    move(app, "0034")
    move(app, "head")
    (link,) = in_unit_of_work(lambda: list(session.scalars(select(SharedLink))), write=False)
    assert link.scope == [{"role": "coordinator", "organisation": str(organisation.id), "area": None}]


def told() -> list[dict[str, object]]:
    """Return the rows of the messages."""
    found = text("SELECT * FROM notification ORDER BY id")
    return in_unit_of_work(lambda: [dict(row) for row in session.execute(found).mappings()], write=False)


def test_names_are_short_enough_for_postgresql_and_its_shards() -> None:
    """63 characters is PostgreSQL's limit, and Citus adds a shard number."""
    names = [
        str(item.name)
        for table in Base.metadata.tables.values()
        for item in (table, *table.constraints, *table.indexes)
    ]

    assert [name for name in names if len(name) >= 60] == []
