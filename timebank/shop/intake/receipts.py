"""The receipt of an intake on paper: A4, for the donor (慈善法 art 38: donor, kind and quantity, handler, date; rule R31)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from timebank.clock import SHANGHAI
from timebank.documents.emoji import without_pictures
from timebank.documents.pdf_file import PAGE_HEIGHT, PAGE_WIDTH, Align, Pages
from timebank.documents.typefaces import Typeface
from timebank.shop.rules import Condition, DonorKind, Source

_TITLES = {Source.DONATED: "捐赠物资收据", Source.PURCHASED: "采购入库单", Source.MERCHANT: "商家供货入库单"}
_CONDITIONS = {Condition.NEW: "全新", Condition.LIKE_NEW: "九成新", Condition.USABLE: "可用"}
_UNNAMED = {DonorKind.PERSON: "个人（未留名）", DonorKind.FIRM: "单位（未留名）", DonorKind.ANONYMOUS: "匿名"}
_LEFT, _WIDTH = 20.0, PAGE_WIDTH - 40.0
_BOTTOM = PAGE_HEIGHT - 25.0
_COLUMNS = {"name": 20.0, "quantity": 88.0, "condition": 92.0, "expires": 112.0, "value": 158.0, "sum": 190.0}
_ROW = 8.0


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One lot as the receipt names it; the value is that of one piece, in fen."""

    name: str
    unit: str
    quantity: int
    condition: str | None
    expires_at: datetime | None
    fair_value_fen: int | None
    restricted_purpose: str | None


@dataclass(frozen=True, slots=True)
class IntakeReceipt:
    """What the receipt of an intake says."""

    receipt_no: str
    shop: str
    organisation: str
    source: str
    donor_kind: str
    donor_name: str | None
    received_at: datetime
    handler: str
    note: str | None
    lines: Sequence[ReceiptLine]


def receipt_pdf(receipt: IntakeReceipt, face: Typeface) -> bytes:
    """Return a receipt as A4 pages; the same receipt gives the same bytes. Raises GlyphMissing.

    Emoji that no font has are left out, also of the name that a donor has given for it: they are owed the paper.
    """
    receipt = _printable(receipt, face)
    title = _TITLES[Source(receipt.source)]
    pages = Pages(title=f"{title} {receipt.receipt_no}", face=face)
    top = _head(pages, title, receipt)
    for line in receipt.lines:
        if top > _BOTTOM - 2 * _ROW:
            pages.next_page()
            top = _labels(pages, 20.0)
        top = _line(pages, line, top)
    _foot(pages, receipt, top)
    return pages.finished()


def _printable(receipt: IntakeReceipt, face: Typeface) -> IntakeReceipt:
    def plain(text: str | None) -> str | None:
        return without_pictures(text, face) if text else text

    lines = [
        replace(line, name=without_pictures(line.name, face), restricted_purpose=plain(line.restricted_purpose))
        for line in receipt.lines
    ]
    return replace(receipt, donor_name=plain(receipt.donor_name), note=plain(receipt.note), lines=lines)


def _head(pages: Pages, title: str, receipt: IntakeReceipt) -> float:
    pages.text(title, left=PAGE_WIDTH / 2, top=18, size=22, align=Align.CENTRE)
    pages.text(f"编号 {receipt.receipt_no}", left=_LEFT + _WIDTH, top=32, size=11, align=Align.RIGHT)
    top = 40.0
    for text in (
        f"{'捐赠人' if receipt.source == Source.DONATED else '供货方'}：{_donor(receipt)}",
        f"接收单位：{receipt.organisation}",
        f"接收站点：{receipt.shop}",
        f"日期：{_day(receipt.received_at)}",
    ):
        top = pages.paragraph(text, left=_LEFT, top=top, width=_WIDTH, size=12)
    return _labels(pages, top + 4)


def _donor(receipt: IntakeReceipt) -> str:
    kind = DonorKind(receipt.donor_kind)
    return receipt.donor_name if receipt.donor_name and kind is not DonorKind.ANONYMOUS else _UNNAMED[kind]


def _labels(pages: Pages, top: float) -> float:
    labels = {
        "name": ("物品", Align.LEFT),
        "quantity": ("数量", Align.RIGHT),
        "condition": ("品质", Align.LEFT),
        "expires": ("到期", Align.LEFT),
        "value": ("单价（元）", Align.RIGHT),
        "sum": ("金额（元）", Align.RIGHT),
    }
    for column, (text, align) in labels.items():
        pages.text(text, left=_COLUMNS[column], top=top, size=10, align=align)
    return top + _ROW


def _line(pages: Pages, line: ReceiptLine, top: float) -> float:
    value = line.fair_value_fen
    pages.fitted(line.name, left=_COLUMNS["name"], top=top, size=11, width=48)
    texts = {
        "quantity": (f"{line.quantity} {line.unit}", Align.RIGHT),
        "condition": (_CONDITIONS[Condition(line.condition)] if line.condition else "—", Align.LEFT),
        "expires": (_minute(line.expires_at) if line.expires_at else "—", Align.LEFT),
        "value": (_yuan(value) if value is not None else "未估价", Align.RIGHT),
        "sum": (_yuan(value * line.quantity) if value is not None else "—", Align.RIGHT),
    }
    for column, (text, align) in texts.items():
        pages.text(text, left=_COLUMNS[column], top=top, size=11, align=align)
    if not line.restricted_purpose:
        return top + _ROW
    return (
        pages.paragraph(f"  限定用途：{line.restricted_purpose}", left=_LEFT, top=top + 5.5, width=_WIDTH, size=9) + 2
    )


def _foot(pages: Pages, receipt: IntakeReceipt, top: float) -> None:
    if top > _BOTTOM - 55:
        pages.next_page()
        top = 20.0
    valued = [line.fair_value_fen * line.quantity for line in receipt.lines if line.fair_value_fen is not None]
    pages.text(f"已估价合计：{_yuan(sum(valued))} 元", left=_COLUMNS["sum"], top=top + 2, size=12, align=Align.RIGHT)
    top += 12
    if receipt.note:
        top = pages.paragraph(f"验收说明：{receipt.note}", left=_LEFT, top=top, width=_WIDTH, size=11) + 2
    pages.text(f"经办人：{receipt.handler}", left=_LEFT, top=top + 4, size=12)
    pages.text("（签字盖章）", left=_LEFT + _WIDTH, top=top + 4, size=12, align=Align.RIGHT)
    if receipt.source == Source.DONATED:
        thanks = "感谢您的爱心。物资去向可凭编号向本站查询；未经您同意，不公开您的姓名。"
        pages.paragraph(thanks, left=_LEFT, top=top + 16, width=_WIDTH, size=10)


def _yuan(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02}"


def _day(instant: datetime) -> str:
    local = instant.astimezone(SHANGHAI)
    return f"{local.year} 年 {local.month} 月 {local.day} 日"


def _minute(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
