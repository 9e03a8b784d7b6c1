"""What goes in and out of the endpoints of scans that come late."""

from marshmallow import fields, validate

from timebank.attendance.batch import Status
from timebank.attendance.rules import Action, LateOutcome, LateReason, State
from timebank.attendance.schemas import MAX_ITEMS, MAX_TOKEN, ClientRefField, GuardianPresent, Location
from timebank.records.schemas import RecordOut
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import PageQuery, Schema

ACTIONS = [str(Action.CHECK_IN), str(Action.CHECK_OUT)]


class KeptScan(Schema):
    """One scan as a phone has kept it."""

    client_ref = ClientRefField(required=True)
    action = fields.String(required=True, validate=validate.OneOf(ACTIONS))
    token = PlainText(required=True, max_length=MAX_TOKEN)
    sent_at = Instant(
        required=True, metadata={"description": "手机的时钟，只用于发现偏差 · the phone's clock; decides nothing"}
    )
    location = fields.Nested(Location)
    guardian_present = GuardianPresent()


class KeptScansBody(Schema):
    """The scans that a phone has kept."""

    items = fields.List(fields.Nested(KeptScan), required=True, validate=validate.Length(min=1, max=MAX_ITEMS))


class KeptAttendance(Schema):
    """The attendance that a scan has begun or ended, as it stands now."""

    id = fields.UUID(required=True)
    shift_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf([str(state) for state in State]))
    checked_in_at = Instant(required=True)
    checked_out_at = Instant(required=True, allow_none=True)
    flags = fields.List(fields.String(), required=True)


class KeptScanOut(Schema):
    """What became of one scan; ``code`` says why it was rejected, or why it waits for a coordinator."""

    client_ref = fields.String(required=True)
    action = fields.String(required=True, validate=validate.OneOf(ACTIONS))
    status = fields.String(required=True, validate=validate.OneOf([str(status) for status in Status]))
    code = fields.String()
    retryable = fields.Boolean()
    message = fields.String()
    message_en = fields.String()
    context = fields.Dict()
    attendance = fields.Nested(KeptAttendance)
    record = fields.Nested(RecordOut)
    late_scan_id = fields.UUID()


class KeptScansOut(Schema):
    """A result for each scan, in the order in which they came."""

    results = fields.List(fields.Nested(KeptScanOut), required=True)


class LateScanQuery(PageQuery):
    """Which late scans."""

    shift = fields.UUID(metadata={"description": "某一场；不填为管辖内全部 · of one shift, else all in scope"})
    state = fields.String(load_default="waiting", validate=validate.OneOf(["waiting", "decided", "all"]))


class LateDecisionOut(Schema):
    """What a coordinator made of a late scan."""

    outcome = fields.String(required=True, validate=validate.OneOf([str(outcome) for outcome in LateOutcome]))
    reason = fields.String(required=True)
    decided_at = Instant(required=True)


class LateScanOut(Schema):
    """A scan that came too late to count by itself."""

    id = fields.UUID(required=True)
    shift_id = fields.UUID(required=True)
    activity_name = fields.String(required=True)
    volunteer_id = fields.UUID(required=True)
    volunteer_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})
    action = fields.String(required=True, validate=validate.OneOf(ACTIONS))
    reason = fields.String(required=True, validate=validate.OneOf([str(reason) for reason in LateReason]))
    at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "码所证明的时刻；海报为空 · the instant that the code proves; null for a poster"},
    )
    claimed_at = Instant(required=True, metadata={"description": "手机的时钟 · what the phone's clock said"})
    received_at = Instant(required=True)
    decision = fields.Nested(LateDecisionOut, required=True, allow_none=True)


class LateDecisionBody(Schema):
    """What becomes of a late scan, and why."""

    outcome = fields.String(
        required=True,
        validate=validate.OneOf([str(outcome) for outcome in LateOutcome]),
        metadata={"description": "taken_up：已补录或更正；dismissed：不予采信 · entered by hand, or not to be counted"},
    )
    reason = PlainText(required=True, max_length=500)
