"""How posters and volunteers' cards look on paper: A4, large letters, one sentence that says what to do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

from timebank.activities.queries import ShiftContext
from timebank.clock import SHANGHAI
from timebank.documents import qr
from timebank.documents.line_breaking import broken
from timebank.documents.pdf_file import LINE_HEIGHT, PAGE_HEIGHT, PAGE_WIDTH, Align, Pages
from timebank.documents.typefaces import Typeface

MM_A_POINT = 25.4 / 72
TEXT_WIDTH = 170.0
QR_SIDE = 110.0
"""Millimetres, if the names leave room: read from two metres away by a phone of ten years ago."""
MARGIN = 10.0
LONG_NAME = 40
"""Characters; a longer name is printed smaller."""

CARD_WIDTH, CARD_HEIGHT = 85.6, 54.0
"""Millimetres (ISO/IEC 7810 ID-1): it fits a purse and a badge holder."""
CARDS_ACROSS, CARDS_DOWN = 2, 5


@dataclass(frozen=True, slots=True)
class Poster:
    """What a poster says, and the code on it."""

    context: ShiftContext
    serial: int
    token: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a volunteer's card says, and the code on it."""

    display_name: str
    volunteer_no: str
    serial: int
    token: str


@dataclass(frozen=True, slots=True)
class _Line:
    """One centred line: millimetres from the top, and points."""

    text: str
    top: float
    size: float


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Where the QR picture stands, and every line of text."""

    qr_top: float
    qr_side: float
    lines: list[_Line]


def poster_pdf(poster: Poster, face: Typeface) -> bytes:
    """Return a poster as an A4 page. Raises GlyphMissing."""
    pages = Pages(title=f"签到海报 {poster.context.activity_name}", face=face)
    sheet = _laid_out(poster, face.width)
    for line in sheet.lines:
        pages.text(line.text, left=PAGE_WIDTH / 2, top=line.top, size=line.size, align=Align.CENTRE)
    pages.qr(poster.token, left=(PAGE_WIDTH - sheet.qr_side) / 2, top=sheet.qr_top, side=sheet.qr_side)
    return pages.finished()


def poster_svg(poster: Poster) -> bytes:
    """Return the same poster as a picture that scales to any size, in the reader's own Chinese font."""
    sheet = _laid_out(poster, _guessed_width)
    texts = [
        f'<text x="{PAGE_WIDTH / 2:g}" y="{line.top + line.size * MM_A_POINT:.2f}" '
        f'font-size="{line.size * MM_A_POINT:.2f}">{escape(line.text)}</text>'
        for line in sheet.lines
    ]
    modules = qr.modules(poster.token)
    path = "".join(
        f"M{column} {row}h1v1h-1z" for row, cells in enumerate(modules) for column, dark in enumerate(cells) if dark
    )
    left, scale = (PAGE_WIDTH - sheet.qr_side) / 2, sheet.qr_side / len(modules)
    place = f"translate({left:.2f} {sheet.qr_top:.2f}) scale({scale:.5f})"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{PAGE_WIDTH:g}mm" height="{PAGE_HEIGHT:g}mm" '
        f'viewBox="0 0 {PAGE_WIDTH:g} {PAGE_HEIGHT:g}" lang="zh-CN">'
        f'<rect width="{PAGE_WIDTH:g}" height="{PAGE_HEIGHT:g}" fill="#fff"/>'
        '<g text-anchor="middle" font-family="Noto Sans SC, Microsoft YaHei, PingFang SC, sans-serif">'
        f'{"".join(texts)}</g><path transform="{place}" d="{path}" shape-rendering="crispEdges"/></svg>\n'
    ).encode()


def _laid_out(poster: Poster, measure: Callable[[str, float], float]) -> _Sheet:
    """Return what stands where; ``measure`` returns the width of a text of a size."""
    context = poster.context
    starts, ends = context.starts_at.astimezone(SHANGHAI), context.ends_at.astimezone(SHANGHAI)
    date = f"{starts.year} 年 {starts.month} 月 {starts.day} 日"
    until = f"{ends:%H:%M}" if ends.date() == starts.date() else f"{ends.month} 月 {ends.day} 日 {ends:%H:%M}"
    above = [
        ("签到 · 签退", 54),
        (context.activity_name, _size_of(context.activity_name, 26)),
        (context.organisation_name, _size_of(context.organisation_name, 16)),
        (f"{date} {starts:%H:%M}–{until}", 18),
        (f"地点：{context.place}", _size_of(context.place, 18)),
    ]
    below = [
        ("到达时打开小程序扫一扫签到，\n离开前再扫一次签退。", 22),
        ("扫海报的时长经协调员核实后计入。没有手机的，请找现场负责人。", 13),
        (f"第 {poster.serial} 版 · 以前的海报已作废", 10),
    ]
    top, head = _stacked(above, MARGIN, measure)
    needed, _ = _stacked(below, 0, measure)
    side = min(QR_SIDE, PAGE_HEIGHT - MARGIN - top - needed)
    _, foot = _stacked(below, top + side, measure)
    return _Sheet(top, side, [*head, *foot])


def _size_of(name: str, size: float) -> float:
    return size if len(name) <= LONG_NAME else size * 0.6


def _stacked(
    texts: Iterable[tuple[str, float]], top: float, measure: Callable[[str, float], float]
) -> tuple[float, list[_Line]]:
    lines = []
    for text, size in texts:
        for piece in _broken(text, size, measure):
            lines.append(_Line(piece, top, size))
            top += size * LINE_HEIGHT * MM_A_POINT
    return top, lines


def _broken(text: str, size: float, measure: Callable[[str, float], float]) -> list[str]:
    return broken(text, width=TEXT_WIDTH / MM_A_POINT, measure=lambda piece: measure(piece, size))


def _guessed_width(text: str, size: float) -> float:
    """Return about how wide a text will be in a font that we do not see: Chinese is square, Latin is half as wide."""
    return sum(size * (0.6 if character.isascii() else 1) for character in text)


def cards_pdf(cards: list[Card], face: Typeface) -> bytes:
    """Return cards to cut out, ten on a sheet of A4. Raises GlyphMissing."""
    pages = Pages(title="志愿者卡", face=face)
    left = (PAGE_WIDTH - CARDS_ACROSS * CARD_WIDTH) / 2
    top = (PAGE_HEIGHT - CARDS_DOWN * CARD_HEIGHT) / 2
    for index, card in enumerate(cards):
        on_sheet = index % (CARDS_ACROSS * CARDS_DOWN)
        if index and not on_sheet:
            pages.next_page()
        row, column = divmod(on_sheet, CARDS_ACROSS)
        _draw_card(pages, card, left=left + column * CARD_WIDTH, top=top + row * CARD_HEIGHT)
    return pages.finished()


def _draw_card(pages: Pages, card: Card, *, left: float, top: float) -> None:
    width = 40.0
    pages.frame(left=left, top=top, width=CARD_WIDTH, height=CARD_HEIGHT, rounded=3)
    pages.text("志愿者卡", left=left + 5, top=top + 5, size=11)
    pages.fitted(card.display_name, left=left + 5, top=top + 14, size=20, width=width)
    pages.fitted(f"编号 {card.volunteer_no}", left=left + 5, top=top + 25, size=11, width=width)
    pages.paragraph(
        "到达和离开时请负责人扫码。\n遗失请告知社区，补办后旧卡作废。",
        left=left + 5,
        top=top + 33,
        width=width,
        size=7,
    )
    pages.text(f"第 {card.serial} 版", left=left + 5, top=top + 47, size=6)
    pages.qr(card.token, left=left + 46, top=top + 8, side=38)
