"""What goes in and out of the statistics endpoints."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from timebank.activities.rules import Category
from timebank.records.account import ByProvenance
from timebank.statistics.rules import HOURS, Cut, Form, Measure, parse_cuts, parse_measures
from timebank.web.fields import Instant, QueryNumber
from timebank.web.schemas import Schema

LEVELS = 4


def _known_cuts(text: str) -> None:
    try:
        parse_cuts(text)
    except ValueError as error:
        raise ValidationError(f"可选：{'、'.join(Cut)}，逗号分隔，不重复。 Choose from these, each once.") from error


def _known_measures(text: str) -> None:
    try:
        parse_measures(text)
    except ValueError as error:
        raise ValidationError(
            f"可选：{'、'.join(Measure)}，逗号分隔，不重复。 Choose from these, each once."
        ) from error


def cuts_field(**options: Any) -> fields.String:
    """Return the field of what is grouped by."""
    return fields.String(
        validate=[validate.Length(max=100), _known_cuts],
        metadata={"description": f"逗号分隔 · any of {', '.join(Cut)}", "example": "organisation,month"},
        **options,
    )


def measures_field() -> fields.String:
    """Return the field of what is counted."""
    return fields.String(
        load_default=",".join(HOURS),
        validate=[validate.Length(max=300), _known_measures],
        metadata={"description": f"逗号分隔 · any of {', '.join(Measure)}", "example": "people,service_minutes"},
    )


class Days(Schema):
    """From when to when, and where."""

    first_day = fields.Date(data_key="from", metadata={"description": "第一天（含）· first day, inclusive"})
    last_day = fields.Date(data_key="to", metadata={"description": "最后一天（含）· last day, inclusive"})
    area = fields.UUID(metadata={"description": "区域，含下级 · an area with its subtree"})
    organisation = fields.UUID()

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if "first_day" in data and "last_day" in data and data["first_day"] > data["last_day"]:
            raise ValidationError("结束日期早于开始日期。 Ends before it begins.", "to")


class HoursQuery(Days):
    """Which hours, how they are grouped, and in which form."""

    group_by = cuts_field(load_default="organisation,month")
    format = fields.String(load_default="json", validate=validate.OneOf(["json", "csv", "xlsx"]))


class Filter(Days):
    """Which facts are counted."""

    activity = fields.UUID()
    category = fields.String(validate=validate.OneOf(list(Category)))


class _Level(Schema):
    level = QueryNumber(
        minimum=1,
        maximum=LEVELS,
        metadata={"description": "区域汇总到哪一级：1 区 2 街道 3 社区 4 网格 · areas at this level"},
    )


class ReportQuery(Filter, _Level):
    """What is counted by what, and in which form."""

    rows = cuts_field(load_default="organisation,month")
    measures = measures_field()
    format = fields.String(load_default="json", validate=validate.OneOf(["json", *Form]))


class PivotQuery(Filter, _Level):
    """One measure by two cuts."""

    rows = fields.String(required=True, validate=validate.OneOf(list(Cut)))
    cols = fields.String(required=True, validate=validate.OneOf([cut for cut in Cut if cut is not Cut.VOLUNTEER]))
    measure = fields.String(load_default=str(Measure.SERVICE_MINUTES), validate=validate.OneOf(list(Measure)))
    format = fields.String(load_default="json", validate=validate.OneOf(["json", *Form]))

    @validates_schema
    def _two_cuts(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("rows") == data.get("cols"):
            raise ValidationError("行与列须不同。 Rows and columns must differ.", "cols")


class SocietiesQuery(Filter):
    """Which days, and which area; ``html`` is a page to read and to print."""

    format = fields.String(load_default="json", validate=validate.OneOf(["json", "html", *Form]))


class ChartQuery(Filter, _Level):
    """What a picture shows."""


class HoursItem(Schema):
    """One group; it carries the keys of the cuts that were asked for."""

    organisation = fields.String()
    organisation_name = fields.String()
    area = fields.String()
    area_name = fields.String()
    activity = fields.String()
    activity_name = fields.String()
    category = fields.String()
    category_name = fields.String()
    volunteer = fields.String()
    volunteer_no = fields.String()
    display_name = fields.String()
    provenance = fields.String()
    provenance_name = fields.String()
    month = fields.String(metadata={"example": "2026-11"})
    quarter = fields.String(metadata={"example": "2026-Q4"})
    year = fields.String(metadata={"example": "2026"})
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


class ColumnOut(Schema):
    """A column, and how its figures come about."""

    name = fields.String(required=True)
    title = fields.String(required=True)
    type = fields.String(required=True)
    definition = fields.String(required=True)


class ReportOut(Schema):
    """A report; ``items`` are by the names of the columns. An empty figure is a rate of nothing, or a hidden small cell."""

    title = fields.String(required=True)
    columns = fields.List(fields.Nested(ColumnOut), required=True)
    items = fields.List(fields.Dict(), required=True)
    filters = fields.Dict(required=True)
    generated_at = Instant(required=True)
    time_zone = fields.String(required=True)
    policy_numbers = fields.List(fields.Integer(), required=True)
    seal = fields.Dict(required=True, allow_none=True)
    checksum = fields.String(required=True, metadata={"description": "SHA-256 of columns and items"})


class PivotOut(ReportOut):
    """A pivot: also as cells by row and column."""

    rows = fields.List(fields.Dict(), required=True)
    cols = fields.List(fields.Dict(), required=True)
    cells = fields.List(fields.List(fields.Dict()), required=True)
    total = fields.Dict(required=True)


class SharedOut(ReportOut):
    """What a shared link shows; a figure of fewer than three people is empty."""

    note = fields.String(required=True)
    expires_at = Instant(required=True)


class FiguresOut(ReportOut):
    """Figures by cuts; ``keys`` has the keys of each row."""

    keys = fields.List(fields.Dict(), required=True)
