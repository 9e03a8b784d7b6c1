"""What goes in and out of the register of exports and of shared links."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from timebank.imports.catalogue import every_name
from timebank.statistics.links import MOST_DAYS
from timebank.statistics.questions import IMPORTABLE, Kind
from timebank.statistics.rules import Cut, Form
from timebank.statistics.schemas import LEVELS, Filter, cuts_field, measures_field
from timebank.web.fields import Instant, PlainText, WholeNumber, YesOrNo
from timebank.web.schemas import Schema

MAX_REASON = 200


class _Asked(Filter):
    rows = cuts_field(load_default="organisation")
    measures = measures_field()
    level = WholeNumber(minimum=1, maximum=LEVELS)
    reason = PlainText(required=True, max_length=MAX_REASON, metadata={"example": "季度报表交街道"})


class ExportBody(_Asked):
    """What is taken away, in which form, and why."""

    kind = fields.String(load_default=str(Kind.FIGURES), validate=validate.OneOf(list(Kind)))
    cols = fields.String(validate=validate.OneOf([cut for cut in Cut if cut is not Cut.VOLUNTEER]))
    format = fields.String(load_default=str(Form.XLSX), validate=validate.OneOf(list(Form)))
    layout = fields.String(
        validate=validate.OneOf(every_name()),
        metadata={"description": "名册、活动、时长的版式 · how a roster, activities or hours are laid out"},
    )
    unmask = YesOrNo(load_default=False, metadata={"description": "导出完整姓名 · full names; administrators only"})

    @validates_schema
    def _is_importable(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("kind") in IMPORTABLE and data.get("format") == Form.PDF:
            raise ValidationError("可导入的文件只有 CSV 和 XLSX。 CSV or XLSX.", "format")

    @validates_schema
    def _pivot_is_whole(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("kind") != Kind.PIVOT:
            return
        if "cols" not in data or data["cols"] in data["rows"].split(",") or "," in data["rows"]:
            raise ValidationError("交叉统计要一个行分组和另一个列分组。 One cut down, another across.", "cols")
        if "," in data["measures"]:
            raise ValidationError("交叉统计只能选一个指标。 One measure.", "measures")


class ExportOut(Schema):
    """One entry of the register; ``superseded`` once what it shows was corrected."""

    id = fields.UUID(required=True)
    actor_id = fields.UUID(required=True)
    reason = fields.String(required=True)
    question = fields.Dict(required=True)
    masked = fields.Boolean(required=True)
    form = fields.String(required=True)
    rows = fields.Integer(required=True)
    bytes = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    seal_n = fields.Integer(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf(["valid", "superseded"]))
    generated_at = Instant(required=True)


class ManifestOut(Schema):
    """What the file of an export was when it was written."""

    export = fields.String(required=True)
    title = fields.String(required=True)
    filters = fields.Dict(required=True)
    time_zone = fields.String(required=True)
    policy_numbers = fields.List(fields.Integer(), required=True)
    seal = fields.Dict(required=True, allow_none=True)
    question = fields.Dict(required=True)
    masked = fields.Boolean(required=True)
    form = fields.String(required=True)
    generated_at = fields.String(required=True)
    rows = fields.Integer(required=True)
    sums = fields.Dict(required=True)
    bytes = fields.Integer(required=True)
    sha256 = fields.String(required=True)


class LinkBody(_Asked):
    """What a link shows, for how many days, and for whom."""

    days = WholeNumber(minimum=1, maximum=MOST_DAYS, load_default=30)


class LinkOut(Schema):
    """A shared link; ``code`` and ``path`` are told once."""

    id = fields.UUID(required=True)
    question = fields.Dict(required=True)
    reason = fields.String(required=True)
    created_at = Instant(required=True)
    expires_at = Instant(required=True)
    revoked_at = Instant(required=True, allow_none=True)


class NewLinkOut(LinkOut):
    """A link that has just been made."""

    code = fields.String(required=True)
    path = fields.String(required=True)
    url = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "发给对方的完整地址；没有设置 TIMEBANK_PUBLIC_URL 为空 · what to send; null without a public address"
        },
    )


class SharedQuery(Schema):
    """In which form a link is read; without one a browser gets a page, and a program JSON."""

    format = fields.String(validate=validate.OneOf(["json", "html", *Form]))
