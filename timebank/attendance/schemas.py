"""What goes in and out of the endpoints of scans and attendances."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from timebank.attendance.presence import ABSENT
from timebank.attendance.rules import Action, State
from timebank.records.account import AccountOut
from timebank.records.schemas import RecordOut
from timebank.web.fields import Instant, PlainText, RealNumber, YesOrNo
from timebank.web.schemas import Schema

MAX_TOKEN = 512
MAX_ITEMS = 100


class ClientRefField(PlainText):
    """What a phone calls one of its scans, the same when it sends it again: 1 to 64 visible characters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, validate=validate.Regexp("^[!-~]+$"), **kwargs)


class Location(Schema):
    """Where the phone is (WGS 84 degrees, metres). Held against the site at check-in if the policy says so, never kept.

    Without the volunteer's consent to ``location`` it is not looked at.
    """

    latitude = RealNumber(required=True, validate=validate.Range(-90, 90))
    longitude = RealNumber(required=True, validate=validate.Range(-180, 180))
    accuracy_m = RealNumber(validate=validate.Range(0, 100_000))


class GuardianPresent(YesOrNo):
    """That the guardian of a child is there."""

    def __init__(self) -> None:
        super().__init__(metadata={"description": "监护人在场 · the guardian of a child is present"})


class ScanBody(Schema):
    """A scanned code."""

    token = PlainText(required=True, max_length=MAX_TOKEN, metadata={"description": "扫到的内容 · as scanned"})
    location = fields.Nested(Location)
    guardian_present = GuardianPresent()


class CheckBody(Schema):
    """A scanned code, or the ticket that it became; with ``shift_id`` a member's code is scanned by staff."""

    token = PlainText(max_length=MAX_TOKEN)
    ticket = PlainText(max_length=MAX_TOKEN)
    shift_id = fields.UUID()
    location = fields.Nested(Location, metadata={"description": "只在签到时核对 · looked at when checking in"})
    guardian_present = GuardianPresent()
    client_ref = ClientRefField(
        metadata={"description": "手机给这次扫码的编号，重发不变 · the phone's name for this scan, also in a batch"}
    )

    @validates_schema
    def one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse both and neither."""
        if ("token" in data) == ("ticket" in data):
            raise ValidationError("token 与 ticket 须填且只填一个。 Give either token or ticket.", "token")


class ScannedActivity(Schema):
    """What is organised where the code was scanned."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    organisation_name = fields.String(required=True)


class ScannedShift(Schema):
    """The shift of the code."""

    id = fields.UUID(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    place = fields.String(required=True)


class ScanWarning(Schema):
    """What speaks against the suggested action now."""

    code = fields.String(required=True)
    detail = fields.String(required=True)
    detail_en = fields.String(required=True)
    context = fields.Dict(required=True)


class ScanOut(Schema):
    """What the code is good for; nothing has changed."""

    ticket = fields.String(required=True)
    expires_at = Instant(required=True)
    activity = fields.Nested(ScannedActivity, required=True)
    shift = fields.Nested(ScannedShift, required=True)
    suggested_action = fields.String(
        required=True, validate=validate.OneOf([str(Action.CHECK_IN), str(Action.CHECK_OUT)])
    )
    warnings = fields.List(fields.Nested(ScanWarning), required=True)


class AttendanceOut(Schema):
    """An attendance that has just begun."""

    id = fields.UUID(required=True)
    shift_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf([str(state) for state in State]))
    checked_in_at = Instant(required=True)
    flags = fields.List(fields.String(), required=True)
    volunteer_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})
    message = fields.String(required=True)
    message_en = fields.String(required=True)


class ClosedAttendanceOut(AttendanceOut):
    """An attendance that has ended."""

    checked_out_at = Instant(required=True)


class MyAttendanceOut(Schema):
    """One of my attendances: where, when, and what became of it."""

    id = fields.UUID(required=True)
    shift_id = fields.UUID(required=True)
    activity_name = fields.String(required=True)
    place = fields.String(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    state = fields.String(required=True, validate=validate.OneOf([str(state) for state in State]))
    checked_in_at = Instant(required=True)
    checked_out_at = Instant(required=True, allow_none=True)
    flags = fields.List(fields.String(), required=True)
    record_id = fields.UUID(required=True, allow_none=True)


class CheckOutOut(Schema):
    """The attendance, the record that it became, and the volunteer's account after it."""

    attendance = fields.Nested(ClosedAttendanceOut, required=True)
    record = fields.Nested(RecordOut, required=True)
    account = fields.Nested(AccountOut, required=True)


class CodeQuery(Schema):
    """As what the code is wanted."""

    format = fields.String(load_default="json", validate=validate.OneOf(["json", "svg", "png"]))


class NextCode(Schema):
    """A code that will be shown later, and taken from then on."""

    token = fields.String(required=True)
    valid_from = Instant(required=True)


class CodeOut(Schema):
    """The code that the screen shows now, and the next ones."""

    token = fields.String(required=True)
    expires_at = Instant(required=True)
    step_seconds = fields.Integer(required=True)
    next = fields.List(fields.Nested(NextCode), required=True)
    server_time = Instant(required=True)


class MemberCodeOut(Schema):
    """The code that a volunteer shows to the counter or to a leader."""

    token = fields.String(required=True)
    expires_at = Instant(required=True)


class CreditedRecord(Schema):
    """What of a record a leader learns."""

    id = fields.UUID(required=True)
    state = fields.String(required=True)
    service_minutes = fields.Integer(required=True)
    credited_minutes = fields.Integer(required=True)
    expected_minutes = fields.Integer(required=True)


class ClosedPerson(Schema):
    """Somebody whom the end of the shift has sent home, by masked name, and what became of their service."""

    attendance_id = fields.UUID(required=True)
    volunteer_no = fields.String(required=True)
    name = fields.String(required=True, metadata={"description": "脱敏 · masked"})
    state = fields.String(required=True)
    checked_in_at = Instant(required=True)
    checked_out_at = Instant(required=True)
    flags = fields.List(fields.String(), required=True)
    record = fields.Nested(CreditedRecord, required=True)


class ClosedShiftOut(Schema):
    """A shift that is over: how many were still inside, and what they have earned."""

    closed = fields.Integer(required=True, metadata={"description": "签退人数 · checked out by this"})
    pending = fields.Integer(required=True, metadata={"description": "待审核人数 · wait for a decision"})
    credited_minutes = fields.Integer(required=True)
    items = fields.List(fields.Nested(ClosedPerson), required=True)


class PresentPerson(Schema):
    """Somebody who is or was there, or is expected, by masked name; a stay each, so that whoever came back is there twice."""

    attendance_id = fields.UUID(required=True, allow_none=True)
    volunteer_no = fields.String(required=True)
    name = fields.String(required=True, metadata={"description": "脱敏 · masked"})
    role = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf([*(str(state) for state in State), ABSENT]))
    checked_in_at = Instant(required=True, allow_none=True)
    checked_out_at = Instant(required=True, allow_none=True)
    in_provenance = fields.String(required=True, allow_none=True)
    out_provenance = fields.String(required=True, allow_none=True)
    flags = fields.List(fields.String(), required=True)


class PresenceOut(Schema):
    """Who is inside a shift, who has been, and who has signed up and not come."""

    capacity = fields.Integer(required=True)
    signed_up = fields.Integer(required=True)
    inside = fields.Integer(required=True)
    left = fields.Integer(required=True)
    absent = fields.Integer(required=True, metadata={"description": "已报名未签到 · signed up, not checked in"})
    items = fields.List(fields.Nested(PresentPerson), required=True)
    next = fields.String(required=True, allow_none=True, metadata={"description": "下一页 · the next page"})
