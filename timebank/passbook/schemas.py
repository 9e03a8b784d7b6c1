"""What goes out of the passbook."""

from marshmallow import fields, validate

from timebank.identity.schemas import PersonOut
from timebank.records.account import AccountOut
from timebank.web.fields import Instant, QueryNumber
from timebank.web.schemas import PageQuery, Schema


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


class AccountQuery(Schema):
    """Query of the account: now, or at a past instant."""

    at = Instant(
        metadata={
            "description": "过去的某一时刻；服务时长也按当时的记录 · "
            "a past instant; the service minutes are those of the records as they stood then"
        }
    )


class EntryQuery(PageQuery):
    """Query of the entries: a page as JSON, or the whole statement as CSV."""

    format = fields.String(load_default="json", validate=validate.OneOf(["json", "csv"]))


class VerificationQuery(Schema):
    """Query of a verification."""

    since_seal = QueryNumber(
        minimum=1,
        metadata={"description": "只核对这次封存以后的账目 · recompute only what came after this seal"},
    )


class SealOut(Schema):
    """A seal as it is published: all that its hash covers, and the hash."""

    n = fields.Integer(required=True)
    at = Instant(required=True)
    accounts = fields.Integer(required=True)
    entries = fields.Integer(required=True)
    transfers = fields.Integer(required=True)
    root = fields.String(required=True, metadata={"description": "Merkle root (RFC 6962), hex"})
    previous = fields.String(required=True, metadata={"description": "上一次封存的哈希 · hash of the seal before, hex"})
    hash = fields.String(required=True)


class LeafOut(Schema):
    """The end of one account's chain, as it is sealed."""

    account_id = fields.UUID(required=True)
    seq = fields.Integer(required=True)
    head = fields.String(required=True)


class StepOut(Schema):
    """One step up the Merkle tree: the hash beside ours, and on which side it stands."""

    side = fields.String(required=True, validate=validate.OneOf(["left", "right"]))
    hash = fields.String(required=True)


class ExpiringOut(Schema):
    """What is lost within 30 days if nobody spends it; ``by`` is null where minutes live for good."""

    by = fields.Date(required=True, allow_none=True)
    minutes = fields.Integer(required=True)


class ProofOut(Schema):
    """Everything that is needed to check, without us, that an account's head is inside a published seal."""

    seal = fields.Nested(SealOut, required=True)
    leaf = fields.Nested(LeafOut, required=True)
    path = fields.List(fields.Nested(StepOut), required=True)


class FindingOut(Schema):
    """A fault, the first row that has it, and how many rows have it."""

    fault = fields.String(required=True)
    row = fields.String(required=True)
    count = fields.Integer(required=True)


class VerificationOut(Schema):
    """What a verification has looked at and found."""

    ok = fields.Boolean(required=True)
    accounts = fields.Integer(required=True)
    transfers = fields.Integer(required=True)
    entries = fields.Integer(required=True)
    tracked_minutes = fields.Integer(required=True)
    untracked_minutes = fields.Integer(required=True)
    seals = fields.Integer(required=True)
    last_seal = fields.String(required=True, allow_none=True)
    since_seal = fields.Integer(required=True, allow_none=True)
    unsealed_entries = fields.Integer(required=True)
    anchors = fields.Integer(required=True)
    findings = fields.List(fields.Nested(FindingOut), required=True)
