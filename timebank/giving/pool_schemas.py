"""What goes in and out of the endpoints of the pool."""

from marshmallow import fields, validate

from timebank.giving.rules import ApplicationState, GrantState, Priority
from timebank.ledger.rules import MAX_MINUTES
from timebank.records.account import AccountOut
from timebank.web.fields import Instant, PlainText, WholeNumber, YesOrNo
from timebank.web.schemas import PageQuery, Schema

_NO_DOCUMENTS = {"description": "不写证件号码 · no document numbers"}


class DonationBody(Schema):
    """Minutes for the pool of an area."""

    area_id = fields.UUID(metadata={"description": "省略则为全区的公共池 · the district's pool without it"})
    minutes = WholeNumber(required=True, minimum=1, maximum=MAX_MINUTES)


class DonationOut(Schema):
    """A donation, and the donor's account with it."""

    id = fields.UUID(required=True)
    area_id = fields.UUID(required=True)
    minutes = fields.Integer(required=True)
    donated_at = Instant(required=True)
    account = fields.Nested(AccountOut, required=True)


class SurplusBody(Schema):
    """Whether minutes over the storage cap go to the pool; without consent they are not credited."""

    surplus_to_pool = YesOrNo(required=True, metadata={"description": "同意可随时撤回 · may be withdrawn"})


class SurplusOut(Schema):
    """What one has decided, and when; null if never."""

    surplus_to_pool = fields.Boolean(required=True)
    decided_at = Instant(required=True, allow_none=True)


class PoolQuery(Schema):
    """Which pool."""

    area = fields.UUID(required=True)


class PoolOut(Schema):
    """What a pool has, and what has gone in and out."""

    area_id = fields.UUID(required=True)
    balance_minutes = fields.Integer(required=True)
    donated_minutes = fields.Integer(required=True)
    granted_minutes = fields.Integer(required=True)


class ApplicationBody(Schema):
    """Who waits for minutes, and why; staff name another person by number."""

    area_id = fields.UUID(required=True)
    volunteer_no = PlainText(max_length=20, metadata={"description": "工作人员代办时填 · for staff only"})
    priority = fields.Enum(Priority, by_value=True, required=True)
    reason = PlainText(required=True, max_length=500, metadata=_NO_DOCUMENTS)


class ApplicationOut(Schema):
    """An application and its answer; rank 1 comes first."""

    id = fields.UUID(required=True)
    area_id = fields.UUID(required=True)
    person_id = fields.UUID(required=True)
    priority = fields.Enum(Priority, by_value=True, required=True)
    rank = fields.Integer(required=True)
    reason = fields.String(required=True)
    state = fields.Enum(ApplicationState, by_value=True, required=True)
    applied_at = Instant(required=True)
    closed_at = Instant(required=True, allow_none=True)
    answer = fields.String(required=True, allow_none=True)


class ListedApplicationOut(ApplicationOut):
    """An application in the staff's list."""

    volunteer_no = fields.String(required=True)
    display_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})


class ApplicationQuery(PageQuery):
    """Whose pool, and which applications: those that wait, unless told otherwise."""

    area = fields.UUID(required=True)
    state = fields.String(
        load_default=str(ApplicationState.WAITING), validate=validate.OneOf([str(state) for state in ApplicationState])
    )


class AnswerBody(Schema):
    """Why it is decided so."""

    reason = PlainText(required=True, max_length=500, metadata=_NO_DOCUMENTS)


class GrantBody(Schema):
    """Minutes for a person in need; ``reason`` says what staff have seen and checked."""

    area_id = fields.UUID(required=True)
    person_id = fields.UUID(required=True)
    minutes = WholeNumber(required=True, minimum=1, maximum=MAX_MINUTES)
    reason_code = fields.Enum(Priority, by_value=True, required=True)
    reason = PlainText(required=True, max_length=500, metadata=_NO_DOCUMENTS)


class GrantOut(Schema):
    """A grant: who asked, who decided, and why. ``waiting_ahead`` counts applications of a more urgent rank."""

    id = fields.UUID(required=True)
    area_id = fields.UUID(required=True)
    person_id = fields.UUID(required=True)
    volunteer_no = fields.String(required=True)
    display_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})
    minutes = fields.Integer(required=True)
    reason_code = fields.Enum(Priority, by_value=True, required=True)
    reason = fields.String(required=True)
    state = fields.Enum(GrantState, by_value=True, required=True)
    requested_by = fields.UUID(required=True)
    requested_at = Instant(required=True)
    decided_by = fields.UUID(required=True, allow_none=True)
    decided_at = Instant(required=True, allow_none=True)
    answer = fields.String(required=True, allow_none=True)
    waiting_ahead = fields.Integer(
        required=True, metadata={"description": "排在前面的更优先申请 · more urgent applications that wait"}
    )


class GrantQuery(PageQuery):
    """Whose pool, and which grants."""

    area = fields.UUID(required=True)
    state = fields.String(validate=validate.OneOf([str(state) for state in GrantState]))
