"""What goes in and out of the endpoints of staff accounts."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from timebank.identity.rules import Role
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import Schema

MAX_REASON = 500
MAX_GRANTS = 20
_STAFF_ROLES = [str(role) for role in Role if role is not Role.VOLUNTEER]


class StaffGrantBody(Schema):
    """A role, and where: in one organisation, or in an area with all below it (empty: the whole bank)."""

    role = fields.String(required=True, validate=validate.OneOf(_STAFF_ROLES))
    organisation_id = fields.UUID()
    area_path = PlainText(min_length=0, max_length=60, metadata={"example": "0573.01"})

    @validates_schema
    def in_one_scope(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a role everywhere by accident, and one in two places."""
        if ("organisation_id" in data) == ("area_path" in data):
            raise ValidationError("组织和区域须填且只填一个。 Give exactly one of organisation_id and area_path.")


class NewStaffBody(Schema):
    """A new staff member: by name, or a volunteer by number."""

    username = PlainText(
        required=True,
        max_length=60,
        validate=validate.Regexp(
            r"[a-z0-9][a-z0-9._-]*\Z", error="小写字母、数字、点、横线。 Lower-case letters, digits, . _ -"
        ),
        metadata={"example": "shen"},
    )
    display_name = PlainText(max_length=60)
    volunteer_no = PlainText(max_length=20)
    grants = fields.List(fields.Nested(StaffGrantBody), required=True, validate=validate.Length(min=1, max=MAX_GRANTS))
    reason = PlainText(required=True, max_length=MAX_REASON)

    @validates_schema
    def one_person(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a person without a name, and two names for one."""
        if ("display_name" in data) == ("volunteer_no" in data):
            raise ValidationError("姓名和志愿者编号须填且只填一个。 Give exactly one of display_name and volunteer_no.")


class GrantRoleBody(StaffGrantBody):
    """Another role, and why."""

    reason = PlainText(required=True, max_length=MAX_REASON)


class StaffReasonBody(Schema):
    """Why."""

    reason = PlainText(required=True, max_length=MAX_REASON, metadata={"example": "本人离职，当日停用"})


class StaffGrantOut(Schema):
    """A role in a scope."""

    id = fields.UUID(required=True)
    role = fields.String(required=True)
    organisation_id = fields.UUID(required=True, allow_none=True)
    area_path = fields.String(required=True, allow_none=True)
    granted_at = Instant(required=True)
    granted_by = fields.UUID(required=True, allow_none=True)


class StaffOut(Schema):
    """A staff account."""

    person_id = fields.UUID(required=True)
    username = fields.String(required=True)
    display_name = fields.String(required=True)
    must_change = fields.Boolean(required=True, metadata={"description": "下次登录须改密码 · has a temporary password"})
    second_factor = fields.Boolean(required=True)
    disabled_at = Instant(required=True, allow_none=True)
    disabled_by = fields.UUID(required=True, allow_none=True)
    grants = fields.List(fields.Nested(StaffGrantOut), required=True)


class TemporaryPasswordOut(Schema):
    """A temporary password, shown this once: the next sign-in replaces it. None for whom WeChat signs in."""

    person_id = fields.UUID(required=True)
    username = fields.String(required=True)
    temporary_password = fields.String(required=True, allow_none=True, metadata={"example": "7K3QX9ZDM2AB"})
