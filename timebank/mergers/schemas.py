"""What goes in and out of the endpoints of mergers."""

from marshmallow import fields

from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import PageQuery, Schema

MAX_REASON = 500


class MergeBody(Schema):
    """Which account is to be closed, which one goes on, where the document was shown, and why they are one person."""

    old_id = fields.UUID(required=True)
    person_id = fields.UUID(required=True)
    organisation_id = fields.UUID(required=True)
    reason = PlainText(required=True, max_length=MAX_REASON)


class MergeApprovalBody(Schema):
    """A word to the approval, if there is one to say."""

    reason = PlainText(max_length=MAX_REASON)


class MergeRejectionBody(Schema):
    """Why the two are not merged."""

    reason = PlainText(required=True, max_length=MAX_REASON)


class MergeQuery(PageQuery):
    """Which requests: those that wait, or all."""

    open = fields.Boolean(load_default=True)


class AccountShown(Schema):
    """One of two accounts, masked, with what a decision needs: what it has, and what it has served."""

    person_id = fields.UUID(required=True)
    volunteer_no = fields.String(required=True)
    display_name = fields.String(required=True)
    state = fields.String(required=True)
    balance_minutes = fields.Integer(required=True)
    held_minutes = fields.Integer(required=True)
    debt_minutes = fields.Integer(required=True)
    service_minutes = fields.Integer(required=True)


class OverlapOut(Schema):
    """Two records, one of each account, that share time."""

    old_record_id = fields.UUID(required=True)
    record_id = fields.UUID(required=True)
    minutes = fields.Integer(required=True)


class MergeOut(Schema):
    """A request, what has become of it, both accounts as they are now, and the minutes that are recorded twice."""

    id = fields.UUID(required=True)
    state = fields.String(required=True)
    organisation_id = fields.UUID(required=True)
    reason = fields.String(required=True)
    requested_by = fields.UUID(required=True)
    requested_at = Instant(required=True)
    decided_by = fields.UUID(required=True, allow_none=True)
    decided_at = Instant(required=True, allow_none=True)
    decision_reason = fields.String(required=True, allow_none=True)
    old = fields.Nested(AccountShown, required=True)
    person = fields.Nested(AccountShown, required=True)
    overlaps = fields.List(fields.Nested(OverlapOut), required=True)


class ListedMergeOut(Schema):
    """A request in a list."""

    id = fields.UUID(required=True)
    state = fields.String(required=True)
    old_id = fields.UUID(required=True)
    person_id = fields.UUID(required=True)
    organisation_id = fields.UUID(required=True)
    reason = fields.String(required=True)
    requested_by = fields.UUID(required=True)
    requested_at = Instant(required=True)


class Masked(Schema):
    """Somebody in a list: their name masked."""

    person_id = fields.UUID(required=True)
    volunteer_no = fields.String(required=True)
    display_name = fields.String(required=True)


class SuggestionOut(Schema):
    """Two people who may be one, and by which rules; it is for staff to find out."""

    people = fields.List(fields.Nested(Masked), required=True)
    signs = fields.List(fields.String(), required=True)


class SuggestionQuery(Schema):
    """Whose likeness is asked for; nobody's: everybody's."""

    person = fields.UUID()
