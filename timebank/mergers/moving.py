"""Doing what ``treatments`` says of ordinary rows: they name who goes on, and of two live ones the old one's ends."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, delete, exists, func, or_, select, true, update

from timebank.database import Base, session
from timebank.identity.phones import Keys
from timebank.mergers.treatments import BY, NOW, RULES, Rule, Treatment
from timebank.notifications.models import Subscription
from timebank.notifications.rules import MAX_REMAINING


@dataclass(frozen=True, slots=True, kw_only=True)
class Merging:
    """Who is merged into whom, by whom and when; ``phone_keys`` tell whether two numbers are one."""

    old_id: UUID
    person_id: UUID
    by: UUID
    at: datetime
    phone_keys: Keys


OWN_WAYS = frozenset(
    {
        "file_upload",
        "identity_document",
        "identity_family",
        "identity_former",
        "import_number",
        "notification_subscription",
        "sign_up",
    }
)
"""Tables whose rows do not only change a column; ``move_all`` leaves them to their own function."""


def move_all(merging: Merging) -> None:
    """Let every ordinary row that names the old account name who goes on."""
    for (name, column), rule in RULES.items():
        if rule.treatment is Treatment.MOVED and name not in OWN_WAYS:
            move(Base.metadata.tables[name], column, rule, merging)
    _add_up_subscriptions(merging)
    _keep_one("file_upload", "file_id", merging)
    _keep_one("import_number", "organisation_id", merging)


def move(table: Table, column: str, rule: Rule, merging: Merging) -> None:
    """Move the rows of one table; what both sides of would be one person stays as it was."""
    theirs = table.c[column] == merging.old_id
    if rule.not_to is not None:
        other = table.c[rule.not_to]
        theirs = and_(theirs, or_(other.is_(None), other != merging.person_id))
    if rule.live is not None:
        beside = _beside(table, column, rule, merging)
        said = {NOW: merging.at, BY: merging.by}
        _run(update(table).where(theirs, beside).values({name: said.get(it, it) for name, it in rule.ended.items()}))
    _run(update(table).where(theirs).values({column: merging.person_id}))


def _beside(table: Table, column: str, rule: Rule, merging: Merging) -> ColumnElement[bool]:
    """Return the condition that a live row of the old account stands beside a live one of who goes on."""
    twin = table.alias("twin")
    same = [twin.c[key] == table.c[key] for key in rule.but_not_beside]
    return and_(
        _is_live(table, rule),
        exists().where(twin.c[column] == merging.person_id, _is_live(twin, rule), *same),
    )


def _is_live(table: Any, rule: Rule) -> ColumnElement[bool]:
    if rule.live is None:
        return true()
    column, values = rule.live
    return or_(*(table.c[column].is_(None) if value is None else table.c[column] == value for value in values))


def _add_up_subscriptions(merging: Merging) -> None:
    """Add what the old account has accepted: WeChat counts for the openid, which signs in who goes on."""
    for old in session.scalars(select(Subscription).where(Subscription.person_id == merging.old_id)).all():
        kept = session.get(Subscription, (merging.person_id, old.topic), populate_existing=True)
        if kept is None:
            kept = Subscription(person_id=merging.person_id, topic=old.topic, remaining=0, changed_at=old.changed_at)
            session.add(kept)
        kept.remaining = min(MAX_REMAINING, kept.remaining + old.remaining)
        session.delete(old)
    session.flush()


def _keep_one(name: str, key: str, merging: Merging) -> None:
    """Move rows of which a person has one for each ``key``; where both have one, that of who goes on stands."""
    table = Base.metadata.tables[name]
    twin = table.alias("twin")
    both = exists().where(twin.c.person_id == merging.person_id, twin.c[key] == table.c[key])
    theirs = table.c.person_id == merging.old_id
    _run(delete(table).where(theirs, both))
    _run(update(table).where(theirs).values(person_id=merging.person_id))


def withdraw_doubles(merging: Merging) -> None:
    """Withdraw the old account's place on shifts for which both had signed up, then move the other places."""
    rule = RULES["sign_up", "volunteer_id"]
    places, shifts, roles = (Base.metadata.tables[name] for name in ("sign_up", "shift", "shift_role"))
    double = select(places.c.shift_id, places.c.role_id).where(
        places.c.volunteer_id == merging.old_id, _beside(places, "volunteer_id", rule, merging)
    )
    for shift_id, role_id in session.execute(double).all():
        _run(update(shifts).where(shifts.c.id == shift_id).values(taken=_one_less(shifts)))
        if role_id is not None:
            _run(update(roles).where(roles.c.id == role_id).values(taken=_one_less(roles)))
    move(places, "volunteer_id", rule, merging)


def _one_less(table: Table) -> Any:
    return func.coalesce(table.c.taken, 1) - 1


def _run(statement: Any) -> None:
    session.execute(statement.execution_options(synchronize_session=False))
