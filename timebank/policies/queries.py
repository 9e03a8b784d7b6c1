"""What is asked about policies."""

import json
from datetime import date
from uuid import UUID

from sqlalchemy import ScalarSelect, and_, func, or_, select

from timebank.database import session
from timebank.policies.models import PolicyVersion
from timebank.policies.rules import ScopeKind
from timebank.policies.versions import Version, paths_above


def latest_number_subquery() -> ScalarSelect[int]:
    """Return the largest version number of the bank (0: none), for a caller's own select.

    What it yields goes into ``service.resolve(known_number=…)``, which then needs no statement of its own.
    """
    return select(func.coalesce(func.max(PolicyVersion.number), 0)).scalar_subquery()


def latest_number() -> int:
    """Return the largest version number of the bank, 0 without any."""
    return session.scalars(select(latest_number_subquery())).one()


def versions_reaching(*, organisation_id: UUID, area_path: str, on: date, up_to: int | None = None) -> list[Version]:
    """Return the versions that reach an organisation in an area and have taken effect on a day.

    ``up_to`` leaves out versions with a larger number: what was not known then.
    """
    reaching = or_(
        PolicyVersion.scope_kind == ScopeKind.BANK,
        and_(PolicyVersion.scope_kind == ScopeKind.AREA, PolicyVersion.scope_ref.in_(paths_above(area_path))),
        and_(PolicyVersion.scope_kind == ScopeKind.ORGANISATION, PolicyVersion.scope_ref == str(organisation_id)),
    )
    found = select(
        PolicyVersion.number,
        PolicyVersion.scope_kind,
        PolicyVersion.scope_ref,
        PolicyVersion.key,
        PolicyVersion.value,
        PolicyVersion.effective_on,
    ).where(reaching, PolicyVersion.effective_on <= on)
    if up_to is not None:
        found = found.where(PolicyVersion.number <= up_to)
    return [
        Version(row.number, row.scope_kind, row.scope_ref, row.key, json.loads(row.value), row.effective_on)
        for row in session.execute(found)
    ]
