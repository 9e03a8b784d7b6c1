"""Whatever names a person has a treatment when two accounts become one."""

from sqlalchemy import PrimaryKeyConstraint, Table, UniqueConstraint, Uuid

from timebank import append_only
from timebank.application import create_app
from timebank.database import Base
from timebank.mergers.moving import OWN_WAYS
from timebank.mergers.treatments import RULES, Treatment

ALWAYS_PEOPLE = {"person_id", "volunteer_id", "owner_id", "objector_id", "donor_id", "guardian_id", "ward_id"}
"""Names of columns that name a person, whether or not the database knows it."""
NOT_PEOPLE = {("file_attachment", "owner_id")}


def named_people() -> set[tuple[str, str]]:
    """Return every column that names a person: each foreign key to one, and what is called so."""
    assert create_app  # all tables are known
    return {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(key.column.table.name == "identity_person" for key in column.foreign_keys)
        or (column.name in ALWAYS_PEOPLE and isinstance(column.type, Uuid))
    } - NOT_PEOPLE


def test_every_column_that_names_a_person_has_a_treatment() -> None:
    """A new table that names people has to say what becomes of it: add it to ``mergers.treatments.RULES``."""
    assert named_people() - RULES.keys() == set(), "say in timebank/mergers/treatments.py what a merger does with these"
    assert RULES.keys() - named_people() == set(), "these columns are gone, or name nobody"


def test_nothing_that_is_never_changed_is_moved() -> None:
    """Append-only rows are carried, linked or left; ordinary ones are never only linked, but what the shop's audit adds up."""
    guarded = {table.name for table in append_only.tables(Base.metadata)}
    moved = {table for (table, _), rule in RULES.items() if rule.treatment is Treatment.MOVED}
    assert moved & guarded == set()
    linked = {table for (table, _), rule in RULES.items() if rule.treatment is Treatment.LINKED}
    assert linked - guarded == {"redemption"}


def test_every_unique_key_with_a_person_in_it_is_thought_of() -> None:
    """Where a person has one live row each, the rule says what ends; primary keys and refused doubles are handled apart."""
    by_hand = OWN_WAYS | {"attendance", "pool_application", "pool_grant", "waiting_place", "identity_wechat"}
    for (name, column), rule in RULES.items():
        table = Base.metadata.tables[name]
        if rule.treatment is Treatment.MOVED and name not in by_hand:
            assert bool(rule.live) == _is_in_a_unique_key(table, column), (name, column)
            assert set(rule.but_not_beside) | set(rule.ended) <= set(table.columns.keys()), name


def _is_in_a_unique_key(table: Table, column: str) -> bool:
    keys = [index.columns for index in table.indexes if index.unique]
    keys += [key.columns for key in table.constraints if isinstance(key, PrimaryKeyConstraint | UniqueConstraint)]
    return any(table.c[column] in list(key) for key in keys)
