"""Who answers for an organisation's certificates; what is printed is copied when a certificate is issued."""

from typing import Any
from uuid import UUID

from timebank import clock
from timebank.certificates.models import CertificateIssuer
from timebank.database import session
from timebank.identity.rules import Actor, Role
from timebank.organisations import scope

KEEPERS = (Role.COORDINATOR, Role.ADMIN)
READERS = (*KEEPERS, Role.AUDITOR)

_PARTICULARS = ("person_in_charge", "handler", "contact")


def of(organisation_id: UUID) -> dict[str, Any]:
    """Return person in charge, handler and contact of an organisation; None for what nobody has entered."""
    found = session.get(CertificateIssuer, organisation_id)
    return {name: getattr(found, name, None) for name in _PARTICULARS}


def seen(*, actor: Actor, organisation_id: UUID) -> dict[str, Any]:
    """Return the same to whoever may see it. Raises NotFound outside the actor's scope."""
    scope.organisation_for(actor, *READERS, organisation_id=organisation_id)
    return of(organisation_id)


def put(*, actor: Actor, organisation_id: UUID, **particulars: str | None) -> dict[str, Any]:
    """Say who answers from now on; certificates that were issued keep what they say. Raises NotFound."""
    scope.organisation_for(actor, *KEEPERS, organisation_id=organisation_id)
    found = session.get(CertificateIssuer, organisation_id) or CertificateIssuer(organisation_id=organisation_id)
    for name in _PARTICULARS:
        setattr(found, name, particulars[name])
    found.set_by, found.set_at = actor.person_id, clock.now()
    session.add(found)
    session.flush()
    return of(organisation_id)
