"""How a certificate looks on paper: A4, large letters, room for the red seal, every record on its appendix.

The same statement in the same layout gives the same bytes, today and in ten years: nothing is read from the clock.
"""

from datetime import date

from timebank.certificates.appendix import MM_A_POINT, Row, drawn_row, laid_out
from timebank.certificates.layouts import LAYOUTS, NEWEST, Layout
from timebank.certificates.rules import Entry, Statement, by_provenance, hours
from timebank.documents.pdf_file import PAGE_WIDTH, Align, Pages
from timebank.documents.pictures import without_pictures
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
FOOT = 228.0
"""Where the QR code and the box for the seal begin, below the longest names there are."""
MAX_GAP, MAX_BETWEEN = 12.0, 3.0
"""Millimetres that a page with few words leaves between its parts, and between their lines."""
CLOSING_ROOM = 9.0
"""Millimetres of the line with which the text ends; a page that is full has it behind its last sentence."""
BLANK = "＿＿＿＿＿＿＿＿"
"""What nobody has entered is filled in by hand when the certificate is sealed."""


def certificate_pdf(statement: Statement, face: Typeface, layout: int = NEWEST) -> bytes:
    """Return a certificate with its appendix, in the layout that it was issued in. Raises GlyphMissing."""
    chosen = LAYOUTS[layout]
    sheets = laid_out(statement.entries, face, chosen.breaker)
    count = 1 + len(sheets)
    pages = _pages(statement, face, chosen)
    _draw_first(pages, statement, face, chosen, _to_spare(statement, face, chosen))
    _draw_foot(pages, 1, count)
    for index, rows in enumerate(sheets):
        pages.next_page()
        _draw_appendix(pages, statement, rows)
        _draw_foot(pages, index + 2, count)
    return pages.finished()


def _pages(statement: Statement, face: Typeface, layout: Layout) -> Pages:
    title = f"{TITLE} {statement.number}"
    return Pages(title=title, face=face, breaker=layout.breaker, names_helvetica=layout.names_helvetica)


def _to_spare(statement: Statement, face: Typeface, layout: Layout) -> float:
    """Return how much room a page has between what it says and its foot, in millimetres: as one learns by drawing it."""
    if not layout.spread:
        return 0.0
    return max(0.0, FOOT - BODY / 2 - _draw_first(_pages(statement, face, layout), statement, face, layout, 0.0))


def _draw_first(pages: Pages, statement: Statement, face: Typeface, layout: Layout, spare: float) -> float:
    """Draw the first page, with the room that there is to ``spare`` between its parts; return where what it says ends."""
    apart = layout.closing if spare > CLOSING_ROOM else ""
    spare -= CLOSING_ROOM if apart else 0.0
    gap, between = min(spare / 6, MAX_GAP), min(spare / 16, MAX_BETWEEN)
    _draw_head(pages, statement, layout)
    top = layout.begins + gap / 2
    what = _what(statement, face, layout) + ("" if apart else layout.closing)
    for text in (_certified(statement), what):
        top = pages.paragraph(f"　　{text}", left=LEFT, top=top, width=WIDTH, size=BODY) + 2 + between
    top = _draw_provenance(pages, _rows(statement.entries, layout), layout, top + 2)
    if apart:
        pages.text(f"　　{apart}", left=LEFT, top=top + 4 + between, size=BODY)
        top += CLOSING_ROOM
    top = _draw_issuer(pages, statement, face, top + 4 + gap, 8.6 + between)
    _draw_check(pages, statement)
    return top


def _draw_head(pages: Pages, statement: Statement, layout: Layout) -> None:
    for edge in layout.frames:
        pages.frame(left=edge, top=edge, width=PAGE_WIDTH - 2 * edge, height=294 - 2 * edge)
    pages.text(TITLE, left=PAGE_WIDTH / 2, top=24, size=28, align=Align.CENTRE)
    pages.text(f"编号：{statement.number}", left=RIGHT, top=41, size=12, align=Align.RIGHT)


def _certified(statement: Statement) -> str:
    names = statement.names
    numbers = f"志愿者编号 {names.volunteer_no}" + (f"，{names.document}" if names.document else "")
    return (
        f"兹证明{names.holder_name}（{numbers}）自 {_in_words(statement.served_from)}至 {_in_words(statement.served_until)}，"
        f"参加本单位组织的志愿服务 {len(statement.entries)} 次，服务时长共 {hours(statement.service_minutes)} 小时"
        f"（{statement.service_minutes} 分钟）。"
    )


def _what(statement: Statement, face: Typeface, layout: Layout) -> str:
    named = dict.fromkeys(without_pictures(entry.activity_name, face) for entry in statement.entries)
    text = "、".join(named)
    if len(text) > layout.most_named:
        text = f"{text[: layout.most_named]}…等 {len(named)} 项"
    return f"服务内容：{text}。逐次明细见附页。"


def _rows(entries: tuple[Entry, ...], layout: Layout) -> list[tuple[str, ...]]:
    """Return the table of where the minutes come from, its head first."""
    rows: list[tuple[str, ...]] = [("时长来源", "次数", "小时", "分钟")]
    totals = by_provenance(entries)
    for provenance, minutes in totals.items():
        times = sum(entry.provenance is provenance for entry in entries)
        rows.append((PROVENANCES[provenance][0], str(times), hours(minutes), str(minutes)))
    if layout.sums:
        minutes = sum(totals.values())
        rows.append(("合计", str(len(entries)), hours(minutes), str(minutes)))
    return rows


def _draw_provenance(pages: Pages, rows: list[tuple[str, ...]], layout: Layout, top: float) -> float:
    for row in rows:
        pages.rule(left=LEFT, top=top, width=WIDTH)
        for (left, align), cell in zip(layout.columns, row, strict=True):
            pages.text(cell, left=LEFT + left, top=top + 1.2, size=12, align=align)
        top += 7.2
    pages.rule(left=LEFT, top=top, width=WIDTH)
    return top


def _draw_issuer(pages: Pages, statement: Statement, face: Typeface, top: float, pitch: float) -> float:
    names = statement.names
    for title, value in (
        ("记录单位", statement.organisation_name),
        ("负 责 人", names.person_in_charge or BLANK),
        ("经 办 人", names.handler or BLANK),
        ("联系方式", names.contact or BLANK),
        ("出具日期", _in_words(statement.issued_on)),
    ):
        pages.text(f"{title}：", left=LEFT, top=top, size=BODY)
        top = max(top + pitch, _draw_value(pages, value, face, top))
    return top


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
