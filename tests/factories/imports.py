"""Files to import, and who imports them."""

import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import openpyxl

from timebank.database import in_unit_of_work
from timebank.identity.document_keys import Algorithm, DocumentKeys
from timebank.identity.document_rules import check_character
from timebank.identity.rules import Actor
from timebank.imports import service
from timebank.imports.people import Contacts, Keys
from timebank.imports.rules import Kind
from timebank.imports.service import Report, Wanted

ROSTER = ("志愿者编号", "姓名", "出生日期", "证件号码", "手机号", "组织")
WHOLE_ROSTER = ("志愿者编号", "姓名", "性别", "出生日期", "证件号码", "手机号", "居住区域编码", "服务技能", "组织")
ACTIVITIES = ("活动名称", "服务类别", "服务内容", "区域编码", "组织")
WHOLE_ACTIVITIES = ("活动名称", "服务类别", "服务内容", "区域编码", "负责人编号", "组织")
HOURS = ("志愿者编号", "姓名", "活动名称", "服务日期", "签到时间", "签退时间", "服务分钟", "地点", "组织")
SHENZHEN = (
    "序号",
    "义工号",
    "姓名",
    "活动名称",
    "服务开展日期",
    "签到时间",
    "签退时间",
    "服务时长（单位：小时）",
)
KEYS = Keys(Contacts((b"the key of the tests",)), DocumentKeys(Algorithm.SHA256, (b"another key of the tests",)))


def a_csv(headings: Sequence[str], lines: Iterable[Sequence[str]], encoding: str = "utf-8-sig") -> bytes:
    """Return a CSV file; cells are written as they are given."""
    return "".join(",".join(cells) + "\r\n" for cells in (headings, *lines)).encode(encoding)


def an_xlsx(headings: Sequence[Any], lines: Iterable[Sequence[Any]]) -> bytes:
    """Return an XLSX file; text that looks like a formula is one, as openpyxl has it."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in (headings, *lines):
        sheet.append(list(cells))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def rezipped(data: bytes, change: Callable[[str, bytes], bytes], sheet: str = "sheet1.xml") -> bytes:
    """Return a workbook with its parts changed, its first sheet under another name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename.replace("sheet1.xml", sheet), change(part.filename, old.read(part)))
    return buffer.getvalue()


def an_identity_number(birth_on: date = date(1958, 3, 1), order: int = 1) -> str:
    """Return an identity number that can be right."""
    digits = f"330481{birth_on:%Y%m%d}{order:03}"
    return digits + check_character(digits)


def wanted(
    actor: Actor, data: bytes, kind: Kind = Kind.ROSTER, organisation_id: UUID | None = None, reason: str = "旧系统迁移"
) -> Wanted:
    """Return what an actor wants to import."""
    return Wanted(
        actor=actor,
        read=service.read(data, kind=kind),
        keys=KEYS,
        reason=reason,
        organisation_id=organisation_id,
    )


def checked(asked: Wanted) -> Report:
    """Look what an import would do."""
    return in_unit_of_work(lambda: service.check(asked), write=False, snapshot=True)


def imported(asked: Wanted) -> Report:
    """Import."""
    return in_unit_of_work(lambda: service.commit(asked))


def faults_of(report: Report) -> list[tuple[int, str, str]]:
    """Return line, column and code of every fault."""
    return [(fault.line, fault.column, str(fault.code)) for fault in report.faults]
