"""What goes out of the passbook."""

from marshmallow import fields

from timebank.identity.schemas import PersonOut
from timebank.records.account import AccountOut
from timebank.web.fields import Instant
from timebank.web.schemas import Schema


class RoleOut(Schema):
    """A role, and where it holds: one organisation, or an area subtree (an empty path is the whole bank)."""

    role = fields.String(required=True)
    organisation_id = fields.UUID(required=True, allow_none=True)
    area_path = fields.String(required=True, allow_none=True)


class MeOut(Schema):
    """A person, their roles, and their account."""

    person = fields.Nested(PersonOut, required=True)
    roles = fields.List(fields.Nested(RoleOut), required=True)
    account = fields.Nested(AccountOut, required=True)


class EntryOut(Schema):
    """One line of the account; ``minutes`` is what it did to the balance, ``held_minutes`` to what is set aside."""

    seq = fields.Integer(required=True)
    kind = fields.String(required=True)
    minutes = fields.Integer(required=True)
    held_minutes = fields.Integer(required=True)
    balance_after = fields.Integer(required=True)
    explanation = fields.String(required=True)
    recorded_at = Instant(required=True)
