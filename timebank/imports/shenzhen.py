"""志愿深圳's sheet of service hours (深圳志愿者（义工）服务时间统计表，用于组织管理员导入系统): eight columns, days with slashes."""

from timebank.documents.tables import Type
from timebank.imports import values
from timebank.imports.layouts import Field, Layout, on_the_wall, text_of, told
from timebank.imports.rules import Kind


def _unread(_raw: values.Raw) -> None:
    """A line's running number says nothing."""


SHENZHEN_HOURS = Layout(
    name="shenzhen",
    kind=Kind.HOURS,
    fields=(
        Field(name="position", title="序号", read=_unread, type=Type.WHOLE_NUMBER, show=told("position")),
        Field(name="number", title="义工号", read=values.number, filled=True, show=told("number")),
        Field(name="name", title="姓名", read=text_of(60), filled=True, show=told("name")),
        Field(name="activity", title="活动名称", read=text_of(120), filled=True, show=told("activity")),
        Field(
            name="served_on",
            title="服务开展日期",
            also=("服务开展日期(yyyy/MM/dd)",),
            read=values.day,
            filled=True,
            show=lambda facts: facts["served_on"].strftime("%Y/%m/%d"),
        ),
        Field(
            name="starts",
            title="签到时间",
            also=("签到时间(HH:mm)",),
            read=values.moment,
            filled=True,
            show=lambda facts: on_the_wall(facts, "started_at", "%H:%M"),
        ),
        Field(
            name="ends",
            title="签退时间",
            also=("签退时间(HH:mm)",),
            read=values.moment,
            filled=True,
            show=lambda facts: on_the_wall(facts, "ended_at", "%H:%M"),
        ),
        Field(
            name="minutes",
            title="服务时长（单位：小时）",
            also=("服务时长", "服务时长(小时)"),
            read=values.hours,
            filled=True,
            show=lambda facts: values.as_hours(facts["minutes"]),
        ),
    ),
)
