"""The administrators of the whole bank: one is always left, whatever is taken from whom (a role, an account, its state)."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select

from timebank.database import session
from timebank.identity.models import GrantedRole, Person
from timebank.identity.rules import PersonState, Role
from timebank.identity.staff_errors import LastAdmin


def refuse_last(*, person_id: UUID, grant_id: UUID | None = None) -> None:
    """Raise LastAdmin if nobody else would administer the whole bank without somebody, or without one grant of theirs.

    All such grants are locked before anybody is counted: whoever else takes an administrator away comes before or after.
    """
    if not session.scalar(select(exists().where(_whole_bank(), GrantedRole.person_id == person_id))):
        return
    session.execute(select(GrantedRole.id).where(_whole_bank()).order_by(GrantedRole.id).with_for_update()).all()
    # A statement of its own, so that it sees what those have done who held the lock before.
    standing = session.execute(
        select(GrantedRole.id, GrantedRole.person_id)
        .join(Person, Person.id == GrantedRole.person_id)
        .where(_whole_bank(), Person.state == PersonState.ACTIVE)
    ).all()
    going = [row for row in standing if row.person_id == person_id and grant_id in {None, row.id}]
    if going and len(going) == len(standing):
        raise LastAdmin


def _whole_bank() -> ColumnElement[bool]:
    return and_(GrantedRole.role == Role.ADMIN, GrantedRole.area_path == "", GrantedRole.suspended_at.is_(None))
