"""Names of people under 18 where staff are shown names in full: masked, until another person has approved (rule R38).

未成年人网络保护条例 36: who looks at a minor's data has the approval of whoever is responsible, and each look is recorded.
Whoever keeps the approvals registers how they are asked for; the routes that show a name note it in the audit log.
"""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import ColumnElement

from timebank import clock
from timebank.identity.ages import ADULT, is_under, latest_birth
from timebank.identity.models import Person
from timebank.identity.rules import masked_name

Clearance = Callable[[UUID, UUID], bool]
"""Whether somebody on the staff, the first, may see the name of a minor, the second, now."""

_clearances: list[Clearance] = []


def clearance(ask: Clearance) -> Clearance:
    """Have ``ask`` asked whether a minor's name may be seen; one that says so is enough."""
    if ask not in _clearances:
        _clearances.append(ask)
    return ask


def is_kept_from(actor_id: UUID, person: Person) -> bool:
    """Whether somebody's name in full is not for a colleague to see: a minor's that nobody has approved."""
    if person.id == actor_id or not is_under(ADULT, person.birth_on, clock.day_of(clock.now())):
        return False
    return not any(ask(actor_id, person.id) for ask in _clearances)


def name_for(actor_id: UUID, person: Person) -> str:
    """Return somebody's name as a colleague may see it who has a reason to see it in full."""
    return masked_name(person.display_name) if is_kept_from(actor_id, person) else person.display_name


def known_minor() -> ColumnElement[bool]:
    """Return the condition that a person is known to be under 18 today; without a birth date it is not true."""
    return Person.birth_on > latest_birth(ADULT, clock.day_of(clock.now()))
