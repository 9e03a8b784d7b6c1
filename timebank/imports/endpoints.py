"""Imports over HTTP: a file is sent raw or as the part ``file`` of a form, looked at first, and then imported."""

from typing import Any
from uuid import UUID

from flask import current_app, request

from timebank.database import in_unit_of_work
from timebank.documents import csv_file, xlsx_file
from timebank.errors import Invalid
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, requires
from timebank.imports import people, places, queries, schemas, service
from timebank.imports.errors import ImportTooLarge
from timebank.imports.models import ImportedFile
from timebank.imports.people import Contacts, Keys
from timebank.imports.rules import MAX_BYTES, MEBIBYTE, MOST_FAULTS
from timebank.imports.service import Report, Wanted
from timebank.records.service import DECIDERS
from timebank.web import limits
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import page_of

blueprint = Blueprint(
    "imports", __name__, description="导入名册、活动与历史时长 · import of rosters, activities, past hours"
)

_FORM = "multipart/form-data"
_AROUND = 16 << 10
"""Bytes that a form may have around its file."""
_TYPES = (csv_file.MEDIA_TYPE.split(";")[0], xlsx_file.MEDIA_TYPE)


def keys() -> Keys:
    """Return what this installation makes keyed hashes with."""
    own = current_app.extensions["timebank-settings"].keys(people.PURPOSE)
    return Keys(Contacts(own), current_app.extensions["timebank-documents"])


def _received(query: dict[str, Any]) -> Wanted | Report:
    """Read and judge the file before the transaction; a check is done then, for it writes nothing."""
    data = _part() if request.mimetype == _FORM else _raw()
    wanted = Wanted(
        actor=actor(),
        read=service.read(data, kind=query["kind"], layout=query.get("layout")),
        keys=keys(),
        reason=query["reason"],
        organisation_id=query.get("organisation"),
    )
    if query["mode"] == "commit":
        return wanted
    return in_unit_of_work(lambda: service.check(wanted), write=False, snapshot=True)


def _raw() -> bytes:
    _allow(MAX_BYTES)
    # One byte more than allowed tells a body without a length that is too long; werkzeug cuts it off without a word.
    return request.get_data(cache=False)


def _part() -> bytes:
    _allow(MAX_BYTES + _AROUND)
    sent = list(request.files.items(multi=True))
    if [name for name, _ in sent] != ["file"] or request.form:
        detail = "表单须有且只有一个名为 file 的文件。 The form holds one file named file and nothing else."
        raise Invalid(errors=[{"pointer": "/file", "detail": detail}])
    return sent[0][1].stream.read()


def _allow(most: int) -> None:
    """Let this body be larger than others are. Raises ImportTooLarge when it says by itself that it is too large."""
    request.max_content_length = most + 1
    if request.content_length is not None and request.content_length > most:
        raise ImportTooLarge(max_mebibytes=MAX_BYTES // MEBIBYTE)


@blueprint.endpoint(
    "POST",
    "/imports",
    guard=requires(*places.IMPORTERS),
    query=schemas.ImportQuery,
    answer=(200, schemas.ImportReportOut),
    limit=limits.IMPORTS,
    prepare=_received,
    uploads=_TYPES,
)
def post_import(query: dict[str, Any], prepared: Wanted | Report) -> dict[str, Any]:
    """导入 CSV 或 XLSX。mode=check 逐行检查，不写任何东西；mode=commit 全部导入，有一处错误就一行也不导入（errors 逐行说明）。重复导入同一文件不改变什么。"""
    return _shown(prepared if isinstance(prepared, Report) else service.commit(prepared))


@blueprint.endpoint(
    "GET",
    "/imports",
    guard=requires(*queries.READERS),
    query=schemas.ImportsQuery,
    answer=(200, page_of(schemas.ImportOut)),
)
def get_imports(query: dict[str, Any]) -> dict[str, Any]:
    """导入登记，新的在前：谁、为什么、文件的 SHA-256、每行的结果各有多少。"""
    found = queries.register(actor())
    if "kind" in query:
        found = found.where(ImportedFile.kind == query["kind"])
    listed = page(found, by=[ImportedFile.id], query=query, descending=True)
    return listed | {"items": [_entry(one) for one in listed["items"]]}


@blueprint.endpoint(
    "GET", "/imports/<uuid:import_id>", guard=requires(*queries.READERS), answer=(200, schemas.OneImportOut)
)
def get_import(import_id: UUID) -> dict[str, Any]:
    """一条导入登记，以及其中还在等另一个人审核的服务记录数。"""
    return _entry(service.of_actor(actor(), import_id)) | {"waiting": queries.count_waiting(import_id)}


@blueprint.endpoint(
    "POST",
    "/imports/<uuid:import_id>/approve",
    guard=requires(*DECIDERS),
    body=schemas.ImportApprovalBody,
    answer=(200, schemas.ImportApprovalOut),
    once=True,
    audited=noted(Verb.APPROVE, "import"),
)
def approve_import(import_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """审核一次导入的历史时长：须由导入人以外的人审核，每次至多一千条，有 next 时接着调用。本人、亲属、有异议或时间重复的留待逐条处理。"""
    done = service.approve(actor=actor(), import_id=import_id, reason=body["reason"], after=body.get("after"))
    return {"approved": done.approved, "waiting": done.waiting, "next": done.last}


def _entry(entry: ImportedFile) -> dict[str, Any]:
    names = (name for name in schemas.ImportOut().fields if hasattr(entry, name))
    return {name: getattr(entry, name) for name in names} | {
        "bytes": entry.size_bytes,
        "sha256": entry.sha256.hex(),
    }


def _shown(report: Report) -> dict[str, Any]:
    counts = report.counts
    return {
        "kind": report.read.kind,
        "layout": report.read.lines.layout.name,
        "sha256": report.read.sha256.hex(),
        "lines": counts.lines,
        "created": counts.created,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
        "merged": counts.merged,
        "ignored_columns": report.ignored,
        "faults_total": len(report.faults),
        "faults": [
            {
                "line": fault.line,
                "column": fault.column,
                "code": fault.code,
                "reason": fault.reason(),
                "reason_en": fault.reason(english=True),
            }
            for fault in report.faults[:MOST_FAULTS]
        ],
        "entry": _entry(report.entry) if report.entry else None,
    }
