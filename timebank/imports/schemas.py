"""What goes in and out of the endpoints of imports."""

from marshmallow import fields, validate

from timebank.imports.catalogue import every_name
from timebank.imports.rules import MAX_REASON, Kind
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import PageQuery, Schema


class ImportQuery(Schema):
    """What the file is, whose, and why it is imported; the file itself is the body, or the part ``file`` of a form."""

    kind = fields.Enum(Kind, by_value=True, required=True)
    layout = fields.String(
        validate=validate.OneOf(every_name()),
        metadata={"description": "版式，默认按表头判断 · without it the header tells"},
    )
    organisation = fields.UUID(metadata={"description": "没有写明组织的行属于哪个组织 · of lines that name none"})
    mode = fields.String(
        load_default="check",
        validate=validate.OneOf(["check", "commit"]),
        metadata={"description": "check 只检查，commit 导入 · look first, then import"},
    )
    reason = PlainText(required=True, max_length=MAX_REASON, metadata={"example": "旧系统迁移"})


class ImportFaultOut(Schema):
    """What is wrong with one line; the reason never repeats what the cell holds."""

    line = fields.Integer(required=True)
    column = fields.String(required=True)
    code = fields.String(required=True)
    reason = fields.String(required=True)
    reason_en = fields.String(required=True)


class ImportOut(Schema):
    """One entry of the register of imports."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(list(Kind)))
    layout = fields.String(required=True)
    organisation_id = fields.UUID(required=True, allow_none=True)
    sha256 = fields.String(required=True)
    bytes = fields.Integer(required=True)
    lines = fields.Integer(required=True)
    created = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    merged = fields.Integer(required=True)
    actor_id = fields.UUID(required=True)
    reason = fields.String(required=True)
    imported_at = Instant(required=True)


class OneImportOut(ImportOut):
    """An import, and how many of its records still wait for a second person."""

    waiting = fields.Integer(required=True)


class ImportReportOut(Schema):
    """What an import would do, or has done; ``import`` is its entry once it was imported."""

    kind = fields.String(required=True)
    layout = fields.String(required=True)
    sha256 = fields.String(required=True)
    lines = fields.Integer(required=True)
    created = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    merged = fields.Integer(required=True)
    ignored_columns = fields.List(fields.String(), required=True)
    faults_total = fields.Integer(required=True)
    faults = fields.List(fields.Nested(ImportFaultOut), required=True)
    entry = fields.Nested(ImportOut, required=True, allow_none=True)


class ImportsQuery(PageQuery):
    """Which imports are listed."""

    kind = fields.Enum(Kind, by_value=True)


class ImportApprovalBody(Schema):
    """Why the records of an import are approved, and where to go on."""

    reason = PlainText(required=True, max_length=MAX_REASON, metadata={"example": "已与旧系统核对"})
    after = fields.UUID(metadata={"description": "上一次返回的 next · what the call before has returned as next"})


class ImportApprovalOut(Schema):
    """What one call has approved; with ``next`` there is more to look at."""

    approved = fields.Integer(required=True)
    waiting = fields.Integer(required=True)
    next = fields.UUID(required=True, allow_none=True)
