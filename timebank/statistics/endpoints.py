"""Hour statistics over HTTP."""

import io
from collections.abc import Callable
from typing import Any

from flask import Response

from timebank.documents import csv_file, xlsx_file
from timebank.documents.tables import Table
from timebank.errors import NotFound
from timebank.identity.guards import actor, requires
from timebank.organisations import queries as organisations
from timebank.statistics import queries, schemas, service
from timebank.statistics.queries import HoursFilter
from timebank.statistics.rules import parse_cuts
from timebank.web.blueprint import Blueprint

blueprint = Blueprint("statistics", __name__, description="统计与导出 · statistics and exports")


def _csv(table: Table) -> bytes:
    return b"".join(csv_file.stream(table))


def _xlsx(table: Table) -> bytes:
    buffer = io.BytesIO()
    xlsx_file.write(table, buffer)
    return buffer.getvalue()


_FILES: dict[str, tuple[Callable[[Table], bytes], str]] = {
    "csv": (_csv, csv_file.MEDIA_TYPE),
    "xlsx": (_xlsx, xlsx_file.MEDIA_TYPE),
}


@blueprint.endpoint(
    "GET",
    "/statistics/hours",
    guard=requires(*queries.READERS),
    query=schemas.HoursQuery,
    answer=(200, schemas.HoursOut),
    media_types=("text/csv", xlsx_file.MEDIA_TYPE),
)
def hours(query: dict[str, Any]) -> dict[str, Any] | Response:
    """服务时长统计：按组织、区域、活动、志愿者、月份分组；可下载 CSV 或 XLSX。"""
    wanted = HoursFilter(
        first_day=query.get("first_day"),
        last_day=query.get("last_day"),
        area_path=_path(query),
        organisation_id=query.get("organisation"),
    )
    report = service.hours(actor=actor(), cuts=parse_cuts(query["group_by"]), wanted=wanted)
    if query["format"] in _FILES:
        write, media_type = _FILES[query["format"]]
        response = Response(write(report.table()), content_type=media_type)
        response.headers["Content-Disposition"] = f'attachment; filename="hours.{query["format"]}"'
        return response
    return {"items": report.items, "next": None, "generated_at": report.generated_at}


def _path(query: dict[str, Any]) -> str | None:
    if "area" not in query:
        return None
    area = organisations.area(query["area"])
    if area is None:
        raise NotFound
    return area.path
