"""Figures over HTTP: the hours report, every cut and measure, pivots, 五社联动, and pictures."""

from typing import Any

from flask import Response

from timebank.documents import csv_file, pdf_file, xlsx_file
from timebank.identity.guards import requires
from timebank.statistics import asking, charts, page, queries, schemas
from timebank.statistics.charts import Chart
from timebank.statistics.questions import Kind
from timebank.statistics.rules import HOURS, PROVENANCES, Form
from timebank.web.blueprint import Blueprint
from timebank.web.browsers import as_page

blueprint = Blueprint("statistics", __name__, description="统计与导出 · statistics and exports")

FILES = (csv_file.MEDIA_TYPE.split(";")[0], xlsx_file.MEDIA_TYPE, pdf_file.MEDIA_TYPE)
_READERS = requires(*queries.READERS)


def _hours(query: dict[str, Any]) -> dict[str, Any] | Response:
    question = asking.question_of({**query, "rows": query["group_by"], "measures": ",".join(HOURS)})
    if query["format"] != "json":
        return asking.downloaded(question, Form(query["format"]))
    report = asking.answered(question)
    items = [keys | item for item, keys in zip(report.items(), report.extra["keys"], strict=True)]
    for item in items:
        item["by_provenance"] = {name: item.pop(name) for name in PROVENANCES}
    return {"items": items, "next": None, "generated_at": report.generated_at}


@blueprint.endpoint(
    "GET",
    "/statistics/hours",
    guard=_READERS,
    query=schemas.HoursQuery,
    answer=(200, schemas.HoursOut),
    prepare=_hours,
    media_types=FILES[:2],
)
def hours(query: dict[str, Any], prepared: dict[str, Any] | Response) -> dict[str, Any] | Response:
    """服务时长统计：按组织、区域、活动、类别、志愿者、来源、月、季、年分组；可下载 CSV 或 XLSX（下载会登记）。"""
    return prepared


def _of(kind: Kind) -> Any:
    def prepare(query: dict[str, Any]) -> dict[str, Any] | Response:
        question = asking.question_of(query, kind)
        if query["format"] != "json":
            return asking.downloaded(question, Form(query["format"]))
        return asking.answered(question).as_json()

    return prepare


@blueprint.endpoint(
    "GET",
    "/statistics/report",
    guard=_READERS,
    query=schemas.ReportQuery,
    answer=(200, schemas.FiguresOut),
    prepare=_of(Kind.FIGURES),
    media_types=FILES,
)
def get_report(query: dict[str, Any], prepared: dict[str, Any] | Response) -> dict[str, Any] | Response:
    """统计报表：任意分组与指标，时长始终按来源拆分；JSON、CSV、XLSX、PDF 出自同一份数据（下载会登记）。"""
    return prepared


@blueprint.endpoint(
    "GET",
    "/statistics/pivot",
    guard=_READERS,
    query=schemas.PivotQuery,
    answer=(200, schemas.PivotOut),
    prepare=_of(Kind.PIVOT),
    media_types=FILES,
)
def get_pivot(query: dict[str, Any], prepared: dict[str, Any] | Response) -> dict[str, Any] | Response:
    """交叉统计：一个指标，按行与列两个分组；合计是重新统计的，不是相加（同一个人不会算两次）。"""
    return prepared


def _societies(query: dict[str, Any]) -> dict[str, Any] | Response:
    if query["format"] != "html":
        found: dict[str, Any] | Response = _of(Kind.FIVE_SOCIETIES)(query)
        return found
    report = asking.answered(asking.question_of(query, Kind.FIVE_SOCIETIES))
    return as_page(page.societies(report), page.POLICY)


@blueprint.endpoint(
    "GET",
    "/statistics/five-societies",
    guard=_READERS,
    query=schemas.SocietiesQuery,
    answer=(200, schemas.ReportOut),
    prepare=_societies,
    media_types=(*FILES, "text/html"),
)
def get_five_societies(query: dict[str, Any], prepared: dict[str, Any] | Response) -> dict[str, Any] | Response:
    """五社联动：每个社区的社会组织、社会工作者、社区志愿者、服务时长与社会慈善资源；html 是可打印的网页，不含脚本。"""
    return prepared


def _chart(query: dict[str, Any], chart: Chart) -> bytes:
    question = charts.question_of(chart, asking.filter_of(query), query.get("level"))
    return charts.svg(chart, asking.answered(question), asking.writer().face)


def _endpoint_of(chart: Chart, told: str) -> None:
    def view(query: dict[str, Any], prepared: bytes) -> Response:
        return Response(prepared, content_type=charts.MEDIA_TYPE)

    view.__name__, view.__doc__ = f"get_{chart}_chart", told
    blueprint.endpoint(
        "GET",
        f"/statistics/charts/{chart}",
        guard=_READERS,
        query=schemas.ChartQuery,
        answer=(200, None),
        prepare=lambda query: _chart(query, chart),
        media_types=("image/svg+xml",),
    )(view)


_endpoint_of(Chart.MONTH, "各月服务时长的柱状图（SVG），按来源分色与花纹，灰度打印也能分清。")
_endpoint_of(Chart.AREA, "各区域服务时长的条形图（SVG）。")
_endpoint_of(Chart.PROVENANCE, "服务时长来源的条形图（SVG），带百分比。")
