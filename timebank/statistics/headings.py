"""What the columns of reports are called, and how each figure comes about: the sentence that goes with every file."""

from timebank.documents.tables import Column, Type
from timebank.statistics.rules import PROVENANCE_NAMES, PROVENANCES, Cut, Measure

Columns = tuple[tuple[str, Column], ...]
"""Name in JSON, and column in a file."""

CUTS: dict[Cut, Columns] = {
    Cut.ORGANISATION: (("organisation_name", Column("组织")), ("organisation", Column("组织编号"))),
    Cut.AREA: (("area_name", Column("区域")), ("area", Column("区域编码"))),
    Cut.ACTIVITY: (("activity_name", Column("活动")), ("activity", Column("活动编号"))),
    Cut.CATEGORY: (("category_name", Column("服务类别")), ("category", Column("类别编码"))),
    Cut.VOLUNTEER: (("display_name", Column("志愿者")), ("volunteer_no", Column("志愿者编号"))),
    Cut.PROVENANCE: (("provenance_name", Column("时长来源")), ("provenance", Column("来源编码"))),
    Cut.MONTH: (("month", Column("月份", definition="签到当天所在的月份，北京时间")),),
    Cut.QUARTER: (("quarter", Column("季度", definition="签到当天所在的季度，北京时间")),),
    Cut.YEAR: (("year", Column("年份", definition="签到当天所在的年份，北京时间")),),
}

_WHOLE = Type.WHOLE_NUMBER
MEASURES: dict[Measure, Column] = {
    Measure.PEOPLE: Column("人数", _WHOLE, "有生效记录的不同志愿者人数"),
    Measure.NEW_PEOPLE: Column("新增人数", _WHOLE, "在全行的第一条生效记录落在本行的志愿者人数"),
    Measure.PERSON_TIMES: Column("人次", _WHOLE, "生效的服务记录条数"),
    Measure.SERVICE_MINUTES: Column("服务时长（分钟）", _WHOLE, "生效记录的实际服务分钟数，不因兑换减少"),
    Measure.CREDITED_MINUTES: Column("入账分钟", _WHOLE, "按规则计入时间币账户的分钟数"),
    Measure.REDEEMED_MINUTES: Column("兑换分钟", _WHOLE, "公益仓交付物品时扣除的分钟数，按记账日计，未减退还"),
    Measure.REFUNDED_MINUTES: Column("退还分钟", _WHOLE, "退货退还的分钟数，按记账日计"),
    Measure.EXPIRED_MINUTES: Column("过期分钟", _WHOLE, "按规则过期的时间币分钟数，按记账日计"),
    Measure.OUTSTANDING_MINUTES: Column("结余分钟", _WHOLE, "期末尚未使用的时间币分钟数，含公共池"),
    Measure.SIGN_UPS: Column("报名人次", _WHOLE, "已结束场次中未取消的报名"),
    Measure.NO_SHOWS: Column("未到人次", _WHOLE, "报名后既未签到、也无服务记录的人次"),
    Measure.NO_SHOW_PERCENT: Column("未到率（%）", Type.DECIMAL, "未到人次除以报名人次"),
    Measure.APPROVALS: Column("审核条数", _WHOLE, "经审核或公示后生效的记录条数"),
    Measure.APPROVAL_DAYS: Column("审核天数", Type.DECIMAL, "从记录产生到生效的平均天数"),
}

_SPLIT_DEFINITIONS = ("签到签退均由本人扫码", "至少一端由负责人扫码", "经两人审核的补录", "从其他系统导入")
SPLIT: Columns = tuple(
    (name, Column(f"其中{PROVENANCE_NAMES[provenance]}", _WHOLE, definition))
    for name, provenance, definition in zip(PROVENANCES, PROVENANCE_NAMES, _SPLIT_DEFINITIONS, strict=True)
)
"""What stands after the service minutes wherever they stand: how they came to be known (rule R09)."""


def of_cuts(cuts: tuple[Cut, ...]) -> Columns:
    """Return the columns that name a row."""
    return tuple(pair for cut in cuts for pair in CUTS[cut])


def of_measures(measures: tuple[Measure, ...]) -> Columns:
    """Return the columns of measures, service minutes with their provenance."""
    found: list[tuple[str, Column]] = []
    for measure in measures:
        found.append((str(measure), MEASURES[measure]))
        if measure is Measure.SERVICE_MINUTES:
            found.extend(SPLIT)
    return tuple(found)
