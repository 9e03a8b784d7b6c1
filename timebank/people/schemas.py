"""What goes in and out of the endpoints of profiles and account states."""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate

from timebank.activities.rules import Category
from timebank.identity.rules import PersonState
from timebank.identity.schemas import PersonOut
from timebank.organisations.rules import (
    BETWEEN_SKILLS,
    HIDDEN_IN_SKILLS,
    MAX_LIST,
    MAX_SKILL,
    MAX_SKILLS_KEPT,
    Sex,
)
from timebank.people.accounts import SETTABLE
from timebank.people.rules import Field
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import PageQuery, Schema

MAX_REASON = 500
_SEXES = [str(sex) for sex in Sex]
_CATEGORIES = [str(category) for category in Category]
_PHONE = re.compile(r"\+?[0-9]{5,18}")
_FEW = validate.Length(max=MAX_LIST)
_NO_SKILL = re.compile(f"[{BETWEEN_SKILLS}{HIDDEN_IN_SKILLS}]")


def _fitting(skills: list[str]) -> None:
    """Refuse skills of so many quotation marks and backslashes that, escaped, they are longer than what is kept."""
    if len(json.dumps(skills, ensure_ascii=False)) > MAX_SKILLS_KEPT:
        raise ValidationError("特长写得太长，请写短些。 The skills are too long.")


def _single(skill: str) -> None:
    """Refuse what a roster would read as two skills, or not at all."""
    if _NO_SKILL.search(skill):
        raise ValidationError(
            "一格写一项特长，不要用逗号、顿号、分号、换行或看不见的字符。 One skill each: no comma, semicolon, line end or hidden mark."
        )


class Phone(PlainText):
    """A telephone number; blanks, hyphens and full-width digits do not matter."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        number = re.sub(r"[\s()\-]", "", unicodedata.normalize("NFKC", text))
        if not _PHONE.fullmatch(number):
            raise ValidationError("不像电话号码，请核对。 Not a telephone number.")
        return number


class DetailsBody(Schema):
    """What may be said beside name and birth date; what is left out stays, null takes it away."""

    sex = fields.String(allow_none=True, validate=validate.OneOf(_SEXES))
    area_id = fields.UUID(allow_none=True, metadata={"description": "居住区域 · where they live"})
    phone = Phone(max_length=30, allow_none=True)
    skills = fields.List(PlainText(max_length=MAX_SKILL, validate=_single), allow_none=True, validate=[_FEW, _fitting])
    service_types = fields.List(fields.String(validate=validate.OneOf(_CATEGORIES)), allow_none=True, validate=_FEW)


class ProfileBody(DetailsBody):
    """What a person may say about themself; nothing but the name is ever asked for here."""

    display_name = PlainText(required=True, max_length=60)
    birth_on = fields.Date(metadata={"description": "只能自填一次，更正请找工作人员 · once; staff correct it"})


class EnteredBody(DetailsBody):
    """What staff enter of what somebody says, at which organisation."""

    organisation_id = fields.UUID(required=True)


class DetailsOut(Schema):
    """What is on record beside name, birth date and document."""

    sex = fields.String(required=True, allow_none=True, validate=validate.OneOf(_SEXES))
    document = fields.String(required=True, allow_none=True, metadata={"description": "脱敏 · masked"})
    area_id = fields.UUID(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    phone_proven = fields.Boolean(
        required=True, metadata={"description": "微信核实过的本人号码；否则只是所填 · told by WeChat, not only typed"}
    )
    skills = fields.List(fields.String(), required=True)
    service_types = fields.List(fields.String(), required=True)
    missing = fields.List(
        fields.String(validate=validate.OneOf([str(field) for field in Field])),
        required=True,
        metadata={"description": "民政部令第67号第五条的八项中还没有的 · of Order 67's eight fields"},
    )


class ProfileOut(PersonOut, DetailsOut):
    """A person as they see themself, with what only they see."""

    birth_on = fields.Date(required=True, allow_none=True)
    version = fields.Integer(required=True, metadata={"description": "修改时放入 If-Match · its ETag"})


class MaskedProfileOut(DetailsOut):
    """A person as staff see them: a name's first character, the year of birth, the ends of numbers."""

    person_id = fields.UUID(required=True)
    volunteer_no = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([str(state) for state in PersonState]))
    display_name = fields.String(required=True, metadata={"description": "脱敏 · masked"})
    birth_on = fields.String(required=True, allow_none=True, metadata={"example": "1955-**-**"})


class PlaceQuery(Schema):
    """At which organisation staff look."""

    organisation_id = fields.UUID(required=True)


class StatesQuery(PageQuery, PlaceQuery):
    """A page of what has become of an account, and at which organisation staff look."""


class StateBody(Schema):
    """A new state of an account, and why."""

    organisation_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf([str(state) for state in SETTABLE]))
    reason = PlainText(required=True, max_length=MAX_REASON)


class StateOut(Schema):
    """The state of an account."""

    person_id = fields.UUID(required=True, attribute="id")
    state = fields.String(required=True, validate=validate.OneOf([str(state) for state in PersonState]))


class StateChangeOut(Schema):
    """What has become of an account: before, after, who, why, when."""

    number = fields.Integer(required=True)
    state_before = fields.String(required=True)
    state_after = fields.String(required=True)
    reason = fields.String(required=True)
    changed_by = fields.UUID(required=True)
    changed_at = Instant(required=True)
