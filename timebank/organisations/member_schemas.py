"""What goes in and out of the endpoints for members of organisations."""

from marshmallow import fields, validate

from timebank.organisations.rules import MemberState
from timebank.web.fields import Instant
from timebank.web.schemas import Schema


class AskBody(Schema):
    """Which organisation one wants to belong to."""

    organisation_id = fields.UUID(required=True)


class MembershipOut(Schema):
    """Whether somebody belongs to an organisation."""

    id = fields.UUID(required=True)
    organisation_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf([str(state) for state in MemberState]))
    asked_at = Instant(required=True)
    admitted_at = Instant(required=True, allow_none=True)
    ended_at = Instant(required=True, allow_none=True)


class MyGroupOut(MembershipOut):
    """One's own membership."""

    organisation_name = fields.String(required=True)


class GroupMemberOut(MembershipOut):
    """A member as staff see them: the name is masked, the number is theirs to show."""

    person_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})
    volunteer_no = fields.String(required=True)
