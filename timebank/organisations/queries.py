"""What is asked about areas, organisations and sites."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, true

from timebank.database import session
from timebank.organisations.models import Area, Organisation, Site


def area(area_id: UUID) -> Area | None:
    """Return one area."""
    return session.get(Area, area_id)


def areas(*, level: int | None = None, parent_id: UUID | None = None) -> Select[Area]:
    """Select areas, of one level or below one parent."""
    statement = select(Area)
    if level is not None:
        statement = statement.where(Area.level == level)
    return statement.where(Area.parent_id == parent_id) if parent_id else statement


def within(path: str) -> ColumnElement[bool]:
    """Return the condition that ``Area.path`` lies in the subtree of ``path`` (empty: the whole bank).

    Not LIKE, which on SQLite takes ``a1`` for ``A1``: a scope would reach into its neighbour.
    """
    return or_(Area.path == path, func.substr(Area.path, 1, len(path) + 1) == path + ".") if path else true()


def organisation_with_path(organisation_id: UUID) -> tuple[Organisation, str] | None:
    """Return an organisation and the path of its area."""
    found = select(Organisation, Area.path).join(Area).where(Organisation.id == organisation_id)
    row = session.execute(found).one_or_none()
    return (row[0], row[1]) if row else None


def organisations(*, area_path: str | None = None, kind: str | None = None) -> Select[Organisation]:
    """Select organisations, of one subtree or kind."""
    statement = select(Organisation).join(Area)
    if area_path is not None:
        statement = statement.where(within(area_path))
    return statement.where(Organisation.kind == kind) if kind else statement


def sites(*, organisation_id: UUID | None = None, kind: str | None = None) -> Select[Site]:
    """Select sites, of one organisation or kind."""
    statement = select(Site)
    if organisation_id:
        statement = statement.where(Site.organisation_id == organisation_id)
    return statement.where(Site.kind == kind) if kind else statement


def site(site_id: UUID) -> Site | None:
    """Return one site."""
    return session.get(Site, site_id)
