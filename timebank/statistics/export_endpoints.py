"""The register of exports and shared links over HTTP."""

import io
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Response

from timebank import clock
from timebank.database import in_unit_of_work
from timebank.errors import NotFound
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires
from timebank.statistics import asking, export_schemas, exports, files, forms, links, queries, schemas
from timebank.statistics import page as page_of_report
from timebank.statistics.endpoints import FILES
from timebank.statistics.exports import Wanted
from timebank.statistics.models import Export, SharedLink
from timebank.statistics.questions import Kind, Question
from timebank.statistics.rules import Form
from timebank.web.blueprint import Blueprint, public
from timebank.web.browsers import as_page, wants_a_page, whole_address
from timebank.web.limits import EXPORTS, SHARED
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("exports", __name__, description="导出登记与分享链接 · the register of exports, shared links")

_READERS = requires(*queries.READERS)


def _write(body: dict[str, Any]) -> dict[str, Any]:
    asker = exports.asker_of(actor(), masked=not body["unmask"])
    wanted = Wanted(
        question=asking.question_of(body, Kind(body["kind"])),
        form=Form(body["format"]),
        asker=asker,
        reason=body["reason"],
        masked=not body["unmask"],
    )
    return exports.write(wanted, asking.writer())


@blueprint.endpoint(
    "POST",
    "/statistics/exports",
    guard=_READERS,
    body=export_schemas.ExportBody,
    answer=(201, export_schemas.ExportOut),
    once=True,
    limit=EXPORTS,
    prepare=_write,
)
def post_export(body: dict[str, Any], prepared: dict[str, Any]) -> dict[str, Any]:
    """导出并登记：谁、为什么、筛选条件、行数、SHA-256、账本封存号；姓名默认隐去，完整姓名须管理员并写明理由。"""
    return _shown([exports.register(prepared)])[0]


@blueprint.endpoint(
    "GET",
    "/statistics/exports",
    guard=_READERS,
    query=PageQuery,
    answer=(200, page_of(export_schemas.ExportOut)),
)
def get_exports(query: dict[str, Any]) -> dict[str, Any]:
    """导出登记，新的在前：自己的；管全行的审计员和管理员可看全部。后来有更正的，状态为 superseded。"""
    found = page(exports.register_of(actor()), by=[Export.id], query=query, descending=True)
    return found | {"items": _shown(found["items"])}


@blueprint.endpoint(
    "GET", "/statistics/exports/<uuid:export_id>", guard=_READERS, answer=(200, export_schemas.ExportOut)
)
def get_export(export_id: UUID) -> dict[str, Any]:
    """一条导出登记。"""
    return _shown([exports.one_of(actor(), export_id)])[0]


@blueprint.endpoint(
    "GET", "/statistics/exports/<uuid:export_id>/manifest", guard=_READERS, answer=(200, export_schemas.ManifestOut)
)
def get_export_manifest(export_id: UUID) -> dict[str, Any]:
    """随文件的清单：行数、各列合计、SHA-256、封存、规则版本、筛选条件。"""
    return exports.one_of(actor(), export_id).manifest


@blueprint.endpoint(
    "GET",
    "/statistics/exports/<uuid:export_id>/file",
    guard=_READERS,
    answer=(200, None),
    media_types=FILES,
    audited=noted(Verb.EXPORT, "export"),
    limit=EXPORTS,
)
def get_export_file(export_id: UUID) -> Response:
    """再次下载当时导出的文件，一个字节不变；文件不在或被改动时拒绝（410）。"""
    return asking.sent(*exports.file_of(actor(), export_id, asking.writer().home))


def _shown(found: list[Export]) -> list[dict[str, Any]]:
    outdated = exports.superseded(found)
    return [
        {
            **{name: getattr(one, name) for name in export_schemas.ExportOut().fields if hasattr(one, name)},
            "bytes": one.size_bytes,
            "sha256": one.sha256.hex(),
            "state": "superseded" if one.id in outdated else "valid",
        }
        for one in found
    ]


def _asked(body: dict[str, Any]) -> Question:
    return asking.question_of(body)


@blueprint.endpoint(
    "POST",
    "/statistics/links",
    guard=_READERS,
    body=export_schemas.LinkBody,
    answer=(201, export_schemas.NewLinkOut),
    prepare=_asked,
    audited=noted(Verb.SHARE, "link"),
)
def post_link(body: dict[str, Any], prepared: Question) -> dict[str, Any]:
    """分享链接：给没有账号的人看一份统计，到期失效；少于 3 人的数字及可以推算出来的都不显示。链接只显示这一次。"""
    link, code = links.make(actor=actor(), question=prepared, reason=body["reason"], days=body["days"])
    path = f"/api/v1/shared/{code}"
    return _link(link) | {"code": code, "path": path, "url": whole_address(path)}


@blueprint.endpoint(
    "GET", "/statistics/links", guard=_READERS, query=PageQuery, answer=(200, page_of(export_schemas.LinkOut))
)
def get_links(query: dict[str, Any]) -> dict[str, Any]:
    """我的分享链接。"""
    return page(links.made_by(actor()), by=[SharedLink.id], query=query, descending=True)


@blueprint.endpoint(
    "DELETE",
    "/statistics/links/<uuid:link_id>",
    guard=_READERS,
    answer=(204, None),
    audited=noted(Verb.REVOKE, "link"),
)
def delete_link(link_id: UUID) -> None:
    """收回分享链接，立即失效。"""
    links.revoke(actor=actor(), link_id=link_id)


def _link(link: SharedLink) -> dict[str, Any]:
    return {name: getattr(link, name) for name in export_schemas.LinkOut().fields}


def _read_link(query: dict[str, Any], code: str) -> dict[str, Any] | Response:
    form = query.get("format") or ("html" if wants_a_page() else "json")
    try:
        report = in_unit_of_work(lambda: links.answer(code, clock.now()), write=False, snapshot=True)
    except NotFound:
        if not wants_a_page():
            raise
        return as_page(page_of_report.ended(), page_of_report.POLICY, HTTPStatus.NOT_FOUND)
    if form == "json":
        return report.as_json()
    if form == "html":
        shown = page_of_report.shared(report, until=report.extra["expires_at"])
        return as_page(shown, page_of_report.POLICY)
    buffer = io.BytesIO()
    forms.write(report, Form(form), buffer, asking.writer().face)
    content = buffer.getvalue()
    return asking.attachment(content, Form(form), report.title, len(content), files.digest(content))


@blueprint.endpoint(
    "GET",
    "/shared/<code>",
    guard=public,
    limit=SHARED,
    query=export_schemas.SharedQuery,
    answer=(200, schemas.SharedOut),
    prepare=_read_link,
    media_types=(*FILES, "text/html"),
)
def get_shared(code: str, query: dict[str, Any], prepared: dict[str, Any] | Response) -> dict[str, Any] | Response:
    """分享链接的内容，不需要登录；浏览器打开是网页，程序得到 JSON；到期、收回或分享人离任后为 404。"""
    return prepared
