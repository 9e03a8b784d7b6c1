"""A daily closing on paper: 32 columns for a printer of 58 mm, and A4 for the folder, signed by hand if the office likes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from timebank import clock
from timebank.documents.emoji import without_pictures
from timebank.documents.pdf_file import PAGE_HEIGHT, PAGE_WIDTH, Align, Pages
from timebank.documents.typefaces import Typeface
from timebank.shop.counter.models import Closing
from timebank.shop.redemption.slips import RULE, centred, pair, wrapped

TITLE = "公益仓日结单"
MOST_DAYS_LISTED = 7
"""Days whose numbers are printed one by one: a first closing may cover years, and paper has an end."""
_LEFT, _WIDTH, _SIZE, _STEP = 25.0, 160.0, 11.0, 7.0
"""Millimetres, points, and millimetres a row."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A closing with what it was signed for, and the names to show it with."""

    closing: Closing
    content: Mapping[str, Any]
    shop: str
    goods: Mapping[str, tuple[str, str]]
    """Name and unit of each goods, by its id."""
    people: Mapping[str, str]
    """Clerks' names, by their ids."""


Row = tuple[str, str] | None
"""What stands to the left and to the right; None is a rule across the paper."""


def rows(shown: Shown) -> Iterator[Row]:
    """Yield what a closing says, from top to bottom."""
    closing, said = shown.closing, shown.content["figures"]
    yield "日期", f"{closing.closed_on:%Y-%m-%d}"
    yield "日结编号", str(closing.number)
    yield None
    if closing.number == 1 and said["ranges"]:
        yield "首次日结，自开始以来", f"{said['ranges'][0]['day']} 起"
    yield from _slips_covered(said["ranges"])
    yield "小票张数", str(said["receipts"])
    yield "扣除（分钟）", str(said["charged_minutes"])
    yield f"退货 {said['refunds']} 笔（分钟）", str(said["refunded_minutes"])
    yield f"撤销 {said['undos']} 笔（分钟）", str(said["undone_minutes"])
    yield "净额（分钟）", str(said["net_minutes"])
    yield None
    yield from _goods(shown)
    yield None
    for one in said["clerks"]:
        yield shown.people.get(one["clerk_id"], "—"), f"{one['receipts']}张 {one['charged_minutes']}分钟"
    yield None
    yield from _counted(shown)
    yield "经办", shown.people.get(str(closing.clerk_id), "—")
    yield "签署时间", _local(closing.closed_at)
    yield "校验", closing.sha256[:16]


def _slips_covered(ranges: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """Yield the numbers that are covered, day by day; of very many days the first and the last, and how many."""
    shown = ranges if len(ranges) <= MOST_DAYS_LISTED else (ranges[0], ranges[-1])
    for one in shown:
        day = one["day"].replace("-", "")
        yield "小票号", f"{day}-{one['first']:04d}"
        yield "  至", f"{day}-{one['last']:04d}"
    if len(shown) < len(ranges):
        yield "以上为首末两日，共", f"{len(ranges)} 天"


def _goods(shown: Shown) -> Iterator[Row]:
    for one in shown.content["figures"]["goods"]:
        name, unit = shown.goods.get(one["goods_id"], ("—", "件"))
        yield name, f"{one['handed_over']}{unit}"
        if one["returned"]:
            yield "  退回（回库）", f"{one['returned']}{unit}（{one['restocked']}）"


def _counted(shown: Shown) -> Iterator[Row]:
    for one in shown.content["counted"]:
        name = "小票" if one["what"] == "slips" else shown.goods.get(one["goods_id"], ("—", ""))[0]
        counted = str(one["counted"])
        yield f"手工清点 {name}", f"{counted}，差 {one['difference']:+d}" if one["difference"] else counted
    if shown.content["note"]:
        yield "说明", shown.content["note"]
    if shown.content["counted"] or shown.content["note"]:
        yield None


def _local(instant: datetime) -> str:
    return f"{instant.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"


def text(shown: Shown) -> str:
    """Return the text for a printer of 58 mm; no line is wider than 32 columns."""
    lines = [*centred(shown.shop), *centred(TITLE), RULE]
    for row in rows(shown):
        lines += [RULE] if row is None else pair(*row)
    lines += [RULE, *wrapped("签字：")]
    return "\n".join(lines) + "\n"


def pdf(shown: Shown, face: Typeface) -> bytes:
    """Return A4 pages, without the emoji that no font has. Raises GlyphMissing."""
    pages = Pages(title=f"{TITLE} {shown.shop} {shown.closing.closed_on:%Y-%m-%d}", face=face)
    pages.text(TITLE, left=PAGE_WIDTH / 2, top=20, size=20, align=Align.CENTRE)
    pages.text(shown.shop, left=PAGE_WIDTH / 2, top=31, size=13, align=Align.CENTRE)
    top = 44.0
    for row in rows(shown):
        if top > PAGE_HEIGHT - 30:
            pages.next_page()
            top = 20.0
        if row is None:
            top += _STEP / 2
            continue
        left, right = (without_pictures(text, face) for text in row)
        if left == "说明":
            top = pages.paragraph(f"说明：{right}", left=_LEFT, top=top, width=_WIDTH, size=_SIZE)
            continue
        pages.fitted(left, left=_LEFT, top=top, size=_SIZE, width=_WIDTH * 0.6)
        pages.text(right, left=_LEFT + _WIDTH, top=top, size=_SIZE, align=Align.RIGHT)
        top += _STEP
    pages.text("签字：", left=_LEFT, top=top + _STEP, size=_SIZE)
    pages.text(f"SHA-256 {shown.closing.sha256}", left=_LEFT, top=PAGE_HEIGHT - 15, size=7)
    return pages.finished()
