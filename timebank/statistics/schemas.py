"""What goes in and out of the statistics endpoints."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from timebank.records.account import ByProvenance
from timebank.statistics.rules import Cut, parse_cuts
from timebank.web.fields import Instant
from timebank.web.schemas import Schema


def _known_cuts(text: str) -> None:
    try:
        parse_cuts(text)
    except ValueError as error:
        raise ValidationError(f"可选：{'、'.join(Cut)}，逗号分隔，不重复。 Choose from these, each once.") from error


class HoursQuery(Schema):
    """Which hours, how they are grouped, and in which form."""

    group_by = fields.String(
        load_default="organisation,month",
        validate=[validate.Length(max=60), _known_cuts],
        metadata={"description": f"逗号分隔 · any of {', '.join(Cut)}", "example": "organisation,month"},
    )
    first_day = fields.Date(data_key="from", metadata={"description": "第一天（含）· first day, inclusive"})
    last_day = fields.Date(data_key="to", metadata={"description": "最后一天（含）· last day, inclusive"})
    area = fields.UUID(metadata={"description": "区域，含下级 · an area with its subtree"})
    organisation = fields.UUID()
    format = fields.String(load_default="json", validate=validate.OneOf(["json", "csv", "xlsx"]))

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if "first_day" in data and "last_day" in data and data["first_day"] > data["last_day"]:
            raise ValidationError("结束日期早于开始日期。 Ends before it begins.", "to")


class HoursItem(Schema):
    """One group; it carries the keys of the cuts that were asked for."""

    organisation = fields.String()
    organisation_name = fields.String()
    area = fields.String()
    area_name = fields.String()
    activity = fields.String()
    activity_name = fields.String()
    volunteer = fields.String()
    volunteer_no = fields.String()
    display_name = fields.String()
    month = fields.String(metadata={"example": "2026-11"})
    people = fields.Integer(required=True)
    person_times = fields.Integer(required=True)
    service_minutes = fields.Integer(required=True)
    by_provenance = fields.Nested(ByProvenance, required=True)
    credited_minutes = fields.Integer(required=True)


class HoursOut(Schema):
    """The report; all groups at once."""

    items = fields.List(fields.Nested(HoursItem), required=True)
    next = fields.String(required=True, allow_none=True)
    generated_at = Instant(required=True)
