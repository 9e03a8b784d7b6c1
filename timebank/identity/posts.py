"""Binding clerks to shops: of an organisation's shops whoever is bound to some of them works at those only."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from timebank import clock
from timebank.database import is_sqlite, session
from timebank.identity.device_models import ClerkSite
from timebank.identity.models import Person


def bind(*, person_id: UUID, site_id: UUID, organisation_id: UUID, by: UUID) -> None:
    """Bind a clerk to a shop of an organisation; a second time changes nothing."""
    dialect = sqlite if is_sqlite() else postgresql
    post = dialect.insert(ClerkSite).values(
        person_id=person_id, site_id=site_id, organisation_id=organisation_id, bound_by=by, bound_at=clock.wall()
    )
    session.execute(post.on_conflict_do_nothing())


def release(*, person_id: UUID, site_id: UUID) -> None:
    """Take a clerk's post away; without any in an organisation they work at all its shops again."""
    session.execute(delete(ClerkSite).where(ClerkSite.person_id == person_id, ClerkSite.site_id == site_id))


def bound_to(site_id: UUID) -> Select[*tuple[Any, ...]]:
    """Select who is bound to a shop, with their names."""
    return (
        select(ClerkSite.person_id, Person.display_name, ClerkSite.bound_at)
        .join(Person, Person.id == ClerkSite.person_id)
        .where(ClerkSite.site_id == site_id)
    )
