"""The hours report: figures once, rendered as JSON items or as a table for CSV and XLSX."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from timebank import clock
from timebank.documents.tables import Cell, Column, Table, Type
from timebank.identity.rules import Actor, masked_name
from timebank.statistics import queries
from timebank.statistics.queries import HoursFilter
from timebank.statistics.rules import PROVENANCES, Cut, month_name

_KEY_COLUMNS: dict[Cut, tuple[tuple[str, Column], ...]] = {
    Cut.ORGANISATION: (
        ("organisation_name", Column("组织")),
        ("organisation", Column("组织编号")),
    ),
    Cut.AREA: (("area_name", Column("区域")), ("area", Column("区域编码"))),
    Cut.ACTIVITY: (("activity_name", Column("活动")), ("activity", Column("活动编号"))),
    Cut.VOLUNTEER: (("display_name", Column("志愿者")), ("volunteer_no", Column("志愿者编号"))),
    Cut.MONTH: (("month", Column("月份", definition="签到当天所在的月份，北京时间")),),
}

_MEASURES: tuple[tuple[str, Column], ...] = (
    ("people", Column("人数", Type.WHOLE_NUMBER, "有生效记录的不同志愿者人数")),
    ("person_times", Column("人次", Type.WHOLE_NUMBER, "生效的服务记录条数")),
    ("service_minutes", Column("服务时长（分钟）", Type.WHOLE_NUMBER, "生效记录的实际服务分钟数，不因兑换减少")),
    ("self_scan", Column("其中本人扫码", Type.WHOLE_NUMBER, "签到签退均由本人扫码")),
    ("staff_scan", Column("其中工作人员扫码", Type.WHOLE_NUMBER, "至少一端由负责人扫码")),
    ("supplement", Column("其中补录", Type.WHOLE_NUMBER, "经两人审核的补录")),
    ("import", Column("其中导入", Type.WHOLE_NUMBER, "从其他系统导入")),
    ("credited_minutes", Column("入账分钟", Type.WHOLE_NUMBER, "按规则计入时间币账户的分钟数")),
)


@dataclass(frozen=True, slots=True)
class HoursReport:
    """Hours by the chosen cuts; ``items`` carry the group's keys and the measures."""

    cuts: tuple[Cut, ...]
    wanted: HoursFilter
    generated_at: datetime
    items: list[dict[str, Any]]

    def table(self) -> Table:
        """Return the same figures as a table with Chinese headings."""
        columns = [*(pair for cut in self.cuts for pair in _KEY_COLUMNS[cut]), *_MEASURES]
        return Table(
            title="志愿服务时长统计",
            columns=tuple(column for _, column in columns),
            rows=self._rows([name for name, _ in columns]),
            filters=self._filters(),
        )

    def _rows(self, names: Sequence[str]) -> Iterator[list[Cell]]:
        for item in self.items:
            flat = {**item, **item["by_provenance"]}
            yield [flat[name] for name in names]

    def _filters(self) -> dict[str, str]:
        return {
            "开始日期": str(self.wanted.first_day or "不限"),
            "结束日期": str(self.wanted.last_day or "不限"),
            "区域": self.wanted.area_path or "不限",
            "组织": str(self.wanted.organisation_id or "不限"),
            "分组": "、".join(self.cuts),
        }


def hours(*, actor: Actor, cuts: tuple[Cut, ...], wanted: HoursFilter) -> HoursReport:
    """Return the hours report over everything that the actor's roles reach; names of volunteers are masked (R39)."""
    rows = queries.hours(actor=actor, cuts=cuts, wanted=wanted)
    return HoursReport(cuts, wanted, clock.now(), [_item(row) for row in rows])


def _item(row: dict[str, Any]) -> dict[str, Any]:
    item = {name: value for name, value in row.items() if name not in PROVENANCES}
    for name in ("organisation", "activity", "volunteer"):
        if name in item:
            item[name] = str(item[name])
    if "display_name" in item:
        item["display_name"] = masked_name(item["display_name"])
    if "month" in item:
        item["month"] = month_name(int(item["month"]))
    item["by_provenance"] = {name: int(row[name]) for name in PROVENANCES}
    for name in ("service_minutes", "credited_minutes"):
        item[name] = int(item[name])  # PostgreSQL sums bigint as numeric
    return item
