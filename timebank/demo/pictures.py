"""Pictures of the goods of the demo street: drawn, so that nobody's photograph is needed; one shape for each kind of pack."""

import io

from PIL import Image, ImageColor, ImageDraw

from timebank.demo.cast import Good
from timebank.files.pictures import Content, admitted
from timebank.files.rules import Use

SIDE = 480
_PAPER = (250, 247, 240)
_HUES = {"粮油": 38, "鲜食": 12, "洗护": 200, "日用": 150}
_TALL, _ROUND = frozenset("瓶桶支"), frozenset("个只卷块")
"""Units of what stands upright, and of what lies there by itself; everything else comes in a bag or a box."""

Colour = tuple[int, ...]


def picture_of(good: Good, number: int) -> Content:
    """Return a JPEG of a good; its category gives the colour, its unit the shape, its number the shade."""
    image = Image.new("RGB", (SIDE, SIDE), _PAPER)
    pen = ImageDraw.Draw(image)
    hue = _HUES.get(good.category, 280)
    body = ImageColor.getrgb(f"hsl({hue + 5 * (number % 4)}, 55%, {48 + 4 * (number % 3)}%)")
    label = ImageColor.getrgb(f"hsl({hue}, 60%, 88%)")
    pen.ellipse((90, 385, 390, 430), fill=(226, 220, 208))
    if good.unit in _TALL:
        _bottle(pen, body, label)
    elif good.unit in _ROUND:
        _piece(pen, body, label)
    else:
        _pack(pen, body, label, corner=14 if good.unit in "盒提" else 60)
    kept = io.BytesIO()
    image.save(kept, "PNG")
    return admitted(kept.getvalue(), declared="image/png", use=Use.PICTURE)


def _bottle(pen: ImageDraw.ImageDraw, body: Colour, label: Colour) -> None:
    pen.rectangle((212, 70, 268, 130), fill=label)
    pen.rounded_rectangle((165, 120, 315, 410), radius=42, fill=body)
    pen.rectangle((165, 220, 315, 330), fill=label)


def _piece(pen: ImageDraw.ImageDraw, body: Colour, label: Colour) -> None:
    pen.ellipse((110, 170, 370, 410), fill=body)
    pen.arc((150, 205, 330, 375), start=200, end=300, fill=label, width=18)


def _pack(pen: ImageDraw.ImageDraw, body: Colour, label: Colour, *, corner: int) -> None:
    pen.rounded_rectangle((120, 100, 360, 410), radius=corner, fill=body)
    pen.rectangle((120, 190, 360, 310), fill=label)
    pen.line((140, 130, 340, 130), fill=label, width=8)
