"""How a certificate looks on paper: A4, large letters, room for the red seal, every record on its appendix.

The same statement gives the same bytes, today and in ten years: nothing is read from the clock.
"""

from datetime import date

from timebank.certificates.appendix import MM_A_POINT, Row, drawn_row, laid_out
from timebank.certificates.legible import without_pictures
from timebank.certificates.rules import Entry, Statement, by_provenance, hours
from timebank.documents.pdf_file import PAGE_WIDTH, Align, Pages
from timebank.documents.typefaces import Typeface
from timebank.records.explanation import PROVENANCES

TITLE = "志愿服务记录证明"
LEFT, RIGHT = 24.0, PAGE_WIDTH - 24.0
WIDTH = RIGHT - LEFT
BODY = 14.0
"""Points: people of eighty read it."""
SMALL = 10.5
QR_SIDE = 40.0
SEAL_SIDE = 46.0
"""Millimetres; a seal of an organisation is 42 across at most (国发〔1999〕25号)."""
MAX_NAMED = 100
"""Characters of activities' names on the first page; all of them stand on the appendix."""
FOOT = 228.0
"""Where the QR code and the box for the seal begin, below the longest names there are."""
BLANK = "＿＿＿＿＿＿＿＿"
"""What nobody has entered is filled in by hand when the certificate is sealed."""


def certificate_pdf(statement: Statement, face: Typeface) -> bytes:
    """Return a certificate with its appendix. Raises GlyphMissing."""
    sheets = laid_out(statement.entries, face)
    count = 1 + len(sheets)
    pages = Pages(title=f"{TITLE} {statement.number}", face=face)
    _draw_first(pages, statement, face)
    _draw_foot(pages, 1, count)
    for index, rows in enumerate(sheets):
        pages.next_page()
        _draw_appendix(pages, statement, rows)
        _draw_foot(pages, index + 2, count)
    return pages.finished()


def _draw_first(pages: Pages, statement: Statement, face: Typeface) -> None:
    pages.frame(left=12, top=12, width=PAGE_WIDTH - 24, height=270)
    pages.text(TITLE, left=PAGE_WIDTH / 2, top=24, size=28, align=Align.CENTRE)
    pages.text(f"编号：{statement.number}", left=RIGHT, top=41, size=12, align=Align.RIGHT)
    top = 54.0
    for text in (_certified(statement), _what(statement, face)):
        top = pages.paragraph(f"　　{text}", left=LEFT, top=top, width=WIDTH, size=BODY) + 2
    top = _draw_provenance(pages, statement.entries, top + 2)
    _draw_issuer(pages, statement, face, top + 4)
    _draw_check(pages, statement)


def _certified(statement: Statement) -> str:
    names = statement.names
    numbers = f"志愿者编号 {names.volunteer_no}" + (f"，{names.document}" if names.document else "")
    return (
        f"兹证明{names.holder_name}（{numbers}）自 {_in_words(statement.served_from)}至 {_in_words(statement.served_until)}，"
        f"参加本单位组织的志愿服务 {len(statement.entries)} 次，服务时长共 {hours(statement.service_minutes)} 小时"
        f"（{statement.service_minutes} 分钟）。"
    )


def _what(statement: Statement, face: Typeface) -> str:
    named = dict.fromkeys(without_pictures(entry.activity_name, face) for entry in statement.entries)
    text = "、".join(named)
    if len(text) > MAX_NAMED:
        text = f"{text[:MAX_NAMED]}…等 {len(named)} 项"
    return f"服务内容：{text}。逐次明细见附页。"


def _draw_provenance(pages: Pages, entries: tuple[Entry, ...], top: float) -> float:
    columns = ((LEFT, "时长来源"), (LEFT + 62, "次数"), (LEFT + 92, "小时"), (LEFT + 122, "分钟"))
    rows = [tuple(title for _, title in columns)]
    for provenance, minutes in by_provenance(entries).items():
        times = sum(entry.provenance is provenance for entry in entries)
        rows.append((PROVENANCES[provenance][0], str(times), hours(minutes), str(minutes)))
    for row in rows:
        pages.rule(left=LEFT, top=top, width=WIDTH)
        for (left, _), cell in zip(columns, row, strict=True):
            pages.text(cell, left=left + 2, top=top + 1.2, size=12)
        top += 7.2
    pages.rule(left=LEFT, top=top, width=WIDTH)
    return top


def _draw_issuer(pages: Pages, statement: Statement, face: Typeface, top: float) -> None:
    names = statement.names
    for title, value in (
        ("记录单位", statement.organisation_name),
        ("负 责 人", names.person_in_charge or BLANK),
        ("经 办 人", names.handler or BLANK),
        ("联系方式", names.contact or BLANK),
        ("出具日期", _in_words(statement.issued_on)),
    ):
        pages.text(f"{title}：", left=LEFT, top=top, size=BODY)
        top = max(top + 8.6, _draw_value(pages, value, face, top))


def _draw_value(pages: Pages, value: str, face: Typeface, top: float) -> float:
    """Draw a value on one line that can still be read, or else small on several; return where the next may begin."""
    left, width = LEFT + 26, WIDTH - 26
    if face.width(value, SMALL) * MM_A_POINT <= width:
        pages.fitted(value, left=left, top=top, size=BODY, width=width)
        return top
    return pages.paragraph(value, left=left, top=top + 0.5, width=width, size=9) + 1.5


def _draw_check(pages: Pages, statement: Statement) -> None:
    """Draw the QR code, what it is for, and the empty box for the red seal, at the foot of the page."""
    top = FOOT
    pages.qr(statement.verify_url, left=LEFT - 4, top=top, side=QR_SIDE)
    beside = LEFT + QR_SIDE
    seal = (
        f"账本第 {statement.seal_n} 次封存 {str(statement.seal_hash)[:16]}"
        if statement.seal_n
        else "出具时账本尚未封存"
    )
    below = pages.paragraph(
        "扫码核验真伪：以网页显示的状态为准。也可凭编号查询。", left=beside, top=top + 4, width=56, size=11
    )
    below = pages.paragraph(
        "依据《志愿服务记录与证明出具办法（试行）》（民政部令第67号）免费出具。",
        left=beside,
        top=below + 1,
        width=56,
        size=SMALL,
    )
    pages.paragraph(seal, left=beside, top=below + 1, width=56, size=9)
    left = RIGHT - SEAL_SIDE
    pages.frame(left=left, top=top, width=SEAL_SIDE, height=SEAL_SIDE)
    pages.text("（盖章处）", left=left + SEAL_SIDE / 2, top=top + SEAL_SIDE + 1.5, size=SMALL, align=Align.CENTRE)


def _draw_appendix(pages: Pages, statement: Statement, rows: list[Row]) -> None:
    pages.text("附页：志愿服务明细", left=LEFT, top=16, size=16)
    pages.text(f"编号：{statement.number}", left=RIGHT, top=18, size=SMALL, align=Align.RIGHT)
    for row in rows:
        drawn_row(pages, row)


def _draw_foot(pages: Pages, page: int, count: int) -> None:
    pages.text(f"第 {page} 页，共 {count} 页", left=PAGE_WIDTH / 2, top=284, size=SMALL, align=Align.CENTRE)


def _in_words(day: date) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日"
