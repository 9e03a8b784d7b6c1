"""What goes in and out of the endpoints of policies."""

import json
from typing import Any

from marshmallow import fields

from timebank.policies.models import PolicyVersion
from timebank.policies.rules import KEYS, Explained, ScopeKind
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import Schema


class PolicyQuery(Schema):
    """Whose policy, where and when; without any, the bank's of today."""

    organisation = fields.UUID()
    area = fields.UUID(metadata={"description": "省略则为组织所在区域 · the organisation's own without it"})
    on = fields.Date(metadata={"description": "省略则为今天 · today without it"})


class PolicyBody(Schema):
    """A value from a day on: for an organisation, an area with all below it, or (neither given) the whole bank."""

    organisation_id = fields.UUID()
    area_id = fields.UUID()
    key = PlainText(required=True, max_length=40, metadata={"enum": list(KEYS), "example": "walk_in"})
    value = fields.Raw(required=True, allow_none=True, metadata={"example": False})
    effective_on = fields.Date(required=True, metadata={"description": "今天或以后 · today or later"})


class PolicyVersionOut(Schema):
    """A value as it was set; it is never changed again."""

    number = fields.Integer(required=True)
    scope = fields.Enum(ScopeKind, by_value=True, required=True)
    scope_ref = fields.String(required=True)
    key = fields.String(required=True)
    value = fields.Raw(required=True, allow_none=True)
    effective_on = fields.Date(required=True)
    created_at = Instant(required=True)


class PolicyItemOut(Schema):
    """One resolved value and where it comes from; ``scope`` and ``version`` are null for the built-in one."""

    key = fields.String(required=True)
    value = fields.Raw(required=True, allow_none=True)
    scope = fields.Enum(ScopeKind, by_value=True, required=True, allow_none=True)
    scope_ref = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True, allow_none=True)
    effective_on = fields.Date(required=True, allow_none=True)
    description = fields.String(required=True)


class PolicyOut(Schema):
    """The values that hold at one place on one day."""

    number = fields.Integer(
        required=True, metadata={"description": "最大的适用版本号 · the largest version that applies"}
    )
    on = fields.Date(required=True)
    items = fields.List(fields.Nested(PolicyItemOut), required=True)
    next = fields.String(required=True, allow_none=True)


def item_of(found: Explained) -> dict[str, Any]:
    """Return what PolicyItemOut shows of one resolved value."""
    version = found.version
    return {
        "key": found.key,
        "value": found.value,
        "scope": ScopeKind(version.scope_kind) if version else None,
        "scope_ref": version.scope_ref if version else None,
        "version": version.number if version else None,
        "effective_on": version.effective_on if version else None,
        "description": found.description,
    }


def version_of(version: PolicyVersion) -> dict[str, Any]:
    """Return what PolicyVersionOut shows of a stored version."""
    return {
        "number": version.number,
        "scope": ScopeKind(version.scope_kind),
        "scope_ref": version.scope_ref,
        "key": version.key,
        "value": json.loads(version.value),
        "effective_on": version.effective_on,
        "created_at": version.created_at,
    }
