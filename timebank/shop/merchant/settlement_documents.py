"""A merchant's statement as a table for CSV and XLSX, and as an A4 page; the frozen content and nothing else.

So it has the same bytes whenever it is asked for, before and after it was confirmed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from timebank.documents.pdf_file import PAGE_HEIGHT, PAGE_WIDTH, Align, Pages
from timebank.documents.tables import Cell, Column, Table, Type
from timebank.documents.typefaces import Typeface
from timebank.shop.merchant.tables import MerchantSettlement

LEFT, RIGHT = 12.0, PAGE_WIDTH - 12.0
ROW = 6.5
TOP, BOTTOM = 15.0, PAGE_HEIGHT - 62
"""Below it there is room for the longest names on many lines, or for the signatures."""
NARROW = 20.0
"""A column that is no wider holds a number."""
_NO_RATE = "本单为公益仓台账：件数、时间币与入库价值各自记录，互不折算，不作付款凭据。"
_COLUMNS = (
    Column("站点"),
    Column("物品"),
    Column("交付件数", Type.WHOLE_NUMBER, "当月交到会员手中的件数。"),
    Column("当月退回件数", Type.WHOLE_NUMBER, "当月交付、当月退回的件数。"),
    Column("以前月份更正件数", Type.WHOLE_NUMBER, "以前月份交付、当月退回的件数；以前的结算单不改。"),
    Column("净件数", Type.WHOLE_NUMBER, "交付减退回减更正，可为负数。"),
    Column("时间币（分钟）", Type.WHOLE_NUMBER, "会员为净件数支出的时间币，只作记录，不折算为金额。"),
    Column("单件价值（分）", Type.WHOLE_NUMBER, "入库时登记的单件公允价值；空为未登记。"),
    Column("价值（分）", Type.WHOLE_NUMBER, "净件数乘单件价值；未登记的为空。"),
)
_WIDTHS = (36.0, 46.0, 14.0, 14.0, 14.0, 14.0, 16.0, 16.0, 16.0)
_SHORT = ("站点", "物品", "交付", "退回", "更正", "净件数", "分钟", "单价值(分)", "价值(分)")


def table(settlement: MerchantSettlement) -> Table:
    """Return a statement as a table."""
    content = settlement.content
    return Table(
        title=f"商家月度结算单 {content['merchant']} {content['month']}",
        columns=_COLUMNS,
        rows=_rows(content),
        filters={
            "商家": content["merchant"],
            "签约组织": content["host"],
            "协议": "、".join(content["agreements"]) or "—",
            "月份": content["month"],
            "说明": _NO_RATE,
            "SHA-256": settlement.sha256,
        },
    )


def _rows(content: Mapping[str, Any]) -> Iterator[Sequence[Cell]]:
    for line in content["lines"]:
        yield (
            line["site"],
            line["goods"],
            line["handed_over"]["pieces"],
            line["refunded"]["pieces"],
            line["corrected"]["pieces"],
            line["pieces"],
            line["minutes"],
            line["fair_value_fen"],
            line["value_fen"],
        )


def pdf(settlement: MerchantSettlement, face: Typeface) -> bytes:
    """Return a statement on A4, with room for three signatures. Raises GlyphMissing."""
    content = settlement.content
    pages = Pages(title=f"商家月度结算单 {content['month']}", face=face)
    top = _heading(pages, settlement)
    for row in _rows(content):
        top = _row(pages, ["—" if cell is None else str(cell) for cell in row], _room(pages, top))
    _end(pages, settlement, _room(pages, top + 4, titles=False))
    return pages.finished()


def _heading(pages: Pages, settlement: MerchantSettlement) -> float:
    content = settlement.content
    pages.text("商家月度结算单", left=PAGE_WIDTH / 2, top=15, size=18, align=Align.CENTRE)
    facts = (
        f"商家：{content['merchant']}",
        f"签约组织：{content['host']}",
        f"协议：{'、'.join(content['agreements']) or '—'}",
        f"月份：{content['month']}",
    )
    top = 28.0
    for fact in facts:
        pages.fitted(fact, left=LEFT, top=top, size=10.5, width=RIGHT - LEFT)
        top += ROW
    return _titles(pages, top + 3)


def _room(pages: Pages, top: float, *, titles: bool = True) -> float:
    """Return where to go on: here, or on a new page if little is left of this one."""
    if top <= BOTTOM:
        return top
    pages.next_page()
    return _titles(pages, TOP) if titles else TOP


def _titles(pages: Pages, top: float) -> float:
    return _row(pages, list(_SHORT), top)


def _row(pages: Pages, cells: Sequence[str], top: float) -> float:
    """Write a row, names on as many lines as they need; return where the next one begins."""
    left, bottom = LEFT, top + ROW
    for cell, width in zip(cells, _WIDTHS, strict=True):
        if width > NARROW:
            bottom = max(bottom, pages.paragraph(cell, left=left, top=top, width=width - 2, size=9) + 1.5)
        else:
            pages.fitted(cell, left=left, top=top, size=9, width=width - 2)
        left += width
    return bottom


def _end(pages: Pages, settlement: MerchantSettlement, top: float) -> None:
    content = settlement.content
    total = f"合计：净件数 {content['pieces']}，时间币 {content['minutes']} 分钟，登记价值 {content['value_fen']} 分"
    if content["lines_without_value"]:
        total += f"（另有 {content['lines_without_value']} 行未登记价值）"
    for text in (total, _NO_RATE, f"SHA-256：{settlement.sha256}"):
        top = pages.paragraph(text, left=LEFT, top=top, width=RIGHT - LEFT, size=9) + 1
    for index, role in enumerate(("制单：", "复核：", "商家：")):
        pages.text(role, left=LEFT + index * 62, top=top + 10, size=10.5)
