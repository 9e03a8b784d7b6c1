"""The generic layouts: every column that an import knows, under plain headings."""

from timebank.activities.rules import CATEGORY_NAMES, Category
from timebank.documents.tables import Type
from timebank.imports import values
from timebank.imports.document_numbers import read_number
from timebank.imports.layouts import (
    SEX_NAMES,
    Field,
    Layout,
    category,
    on_the_wall,
    sex,
    show_skills,
    skills,
    text_of,
    told,
)
from timebank.imports.rules import Kind
from timebank.organisations.rules import Sex

_NAME = Field(name="name", title="姓名", read=text_of(60), filled=True, show=told("name"))
_NUMBER = Field(
    name="number", title="志愿者编号", also=("编号", "义工号", "volunteer_no"), read=values.number, show=told("number")
)
_ORGANISATION = Field(
    name="organisation", title="组织", also=("组织名称",), read=text_of(120), show=told("organisation_name")
)

GENERIC_ROSTER = Layout(
    name="generic",
    kind=Kind.ROSTER,
    fields=(
        _NUMBER,
        _NAME,
        Field(
            name="sex",
            title="性别",
            read=sex,
            show=lambda facts: SEX_NAMES[Sex(facts["sex"])] if facts["sex"] else None,
        ),
        Field(
            name="birth_on",
            title="出生日期",
            also=("生日",),
            read=values.day,
            type=Type.DAY,
            show=told("birth_on"),
        ),
        # What comes in here is never shown again: only its keyed hash is kept.
        Field(name="document", title="证件号码", also=("身份证号", "身份证号码", "证件号"), read=read_number),
        Field(name="phone", title="手机号", also=("手机", "电话", "联系电话", "手机号码"), read=values.telephone),
        Field(name="home", title="居住区域编码", also=("居住区域",), read=values.number, show=told("home_path")),
        Field(
            name="skills",
            title="服务技能",
            also=("技能", "特长"),
            read=skills,
            show=show_skills,
        ),
        _ORGANISATION,
    ),
)

GENERIC_ACTIVITIES = Layout(
    name="generic",
    kind=Kind.ACTIVITIES,
    fields=(
        Field(name="activity", title="活动名称", read=text_of(120), filled=True, show=told("activity")),
        Field(
            name="category",
            title="服务类别",
            read=category,
            filled=True,
            show=lambda facts: CATEGORY_NAMES[Category(facts["category"])],
        ),
        Field(
            name="content",
            title="服务内容",
            read=text_of(2_000, many_lines=True),
            filled=True,
            show=told("content"),
        ),
        Field(name="area", title="区域编码", read=values.number, show=told("area_path")),
        Field(name="leader", title="负责人编号", read=values.number, show=told("leader_number")),
        _ORGANISATION,
    ),
)

GENERIC_HOURS = Layout(
    name="generic",
    kind=Kind.HOURS,
    fields=(
        Field(
            name="number",
            title="志愿者编号",
            also=("编号", "volunteer_no"),
            read=values.number,
            filled=True,
            show=told("number"),
        ),
        _NAME,
        Field(name="activity", title="活动名称", read=text_of(120), filled=True, show=told("activity")),
        Field(
            name="served_on",
            title="服务日期",
            read=values.day,
            filled=True,
            type=Type.DAY,
            show=told("served_on"),
        ),
        Field(
            name="starts",
            title="签到时间",
            read=values.moment,
            filled=True,
            show=lambda facts: on_the_wall(facts, "started_at", "%Y-%m-%d %H:%M:%S"),
        ),
        Field(
            name="ends",
            title="签退时间",
            read=values.moment,
            filled=True,
            show=lambda facts: on_the_wall(facts, "ended_at", "%Y-%m-%d %H:%M:%S"),
        ),
        Field(
            name="minutes",
            title="服务分钟",
            read=values.minutes,
            type=Type.WHOLE_NUMBER,
            show=told("minutes"),
        ),
        Field(name="place", title="地点", read=text_of(120), show=told("place")),
        _ORGANISATION,
    ),
)
