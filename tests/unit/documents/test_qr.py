"""QR pictures, read back by a scanner."""

import io
import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from timebank.codes.alphabet import ALPHABET
from timebank.documents import qr

CODE = "C1E0123ABCD3J4F20TYSTZANZMRTRKK2"
LINK = f"https://time.example.cn/q/{CODE}"
MODULES = 25
"""Version 2."""


def scanned(picture: Image.Image) -> zxingcpp.Barcode:
    """Return the one code that a scanner finds in ``picture``."""
    [found] = zxingcpp.read_barcodes(picture.convert("L"))
    return found


def drawn(svg: bytes, pixels: int, paper: str) -> Image.Image:
    """Draw the squares of our own pictures on ``paper``, ``pixels`` pixels a millimetre, as a browser would."""
    root = ET.fromstring(svg)  # noqa: S314 - our own picture
    side = int(root.attrib["viewBox"].split()[-1]) * pixels
    picture = Image.new("L", (side, side), paper)
    brush = ImageDraw.Draw(picture)
    for shape in root:
        if shape.tag.endswith("rect"):
            brush.rectangle((0, 0, side, side), fill=shape.attrib["fill"])
    [path] = [shape for shape in root if shape.tag.endswith("path")]
    for square in re.findall(r"M(\d+),(\d+)H(\d+)V(\d+)H\1z", path.attrib["d"]):
        left, top, right, bottom = (int(number) * pixels for number in square)
        brush.rectangle((left, top, right - 1, bottom - 1), fill="black")
    return picture


@pytest.mark.parametrize("module_pixels", [2, 3, 8, 20])
@pytest.mark.parametrize("text", [CODE, CODE[:28], LINK, "时间银行"])
def test_a_png_scans_at_every_size(text: str, module_pixels: int) -> None:
    """From a thumbnail of 66 pixels to a poster."""
    picture = Image.open(io.BytesIO(qr.png(text, module_pixels=module_pixels)))

    assert picture.format == "PNG"
    assert scanned(picture).text == text


@pytest.mark.parametrize("paper", ["white", "black"])
@pytest.mark.parametrize("text", [CODE, LINK])
def test_an_svg_scans_on_light_and_on_dark_pages(text: str, paper: str) -> None:
    """It brings its own white."""
    assert scanned(drawn(qr.svg(text), 4, paper)).text == text


@given(st.text(ALPHABET, min_size=31, max_size=31).map("C".__add__))
@settings(deadline=None, max_examples=30)
def test_any_code_fits_version_2_at_level_m(code: str) -> None:
    """32 characters make 25 by 25 modules at most; in byte mode they would not fit."""
    picture = Image.open(io.BytesIO(qr.png(code, module_pixels=4)))
    found = scanned(picture)

    assert picture.width <= 4 * (MODULES + 2 * qr.QUIET_ZONE)
    assert (found.text, found.ec_level) == (code, "M")


def test_the_quiet_zone_is_four_modules_wide() -> None:
    """The outermost black module lies behind it on every side."""
    picture = Image.open(io.BytesIO(qr.png(CODE, module_pixels=5))).convert("L")

    black = picture.point(lambda value: 255 - value).getbbox()
    assert black == (20, 20, 20 + 5 * MODULES, 20 + 5 * MODULES)


def test_an_svg_holds_nothing_but_the_picture() -> None:
    """No script, no reference to another place: it may stand in a page with a strict policy."""
    root = ET.fromstring(qr.svg("<script>"))  # noqa: S314 - our own picture

    assert [shape.tag.rpartition("}")[2] for shape in root.iter()] == ["svg", "rect", "path"]
    assert not [name for shape in root.iter() for name in shape.attrib if "href" in name or name == "style"]


@pytest.mark.parametrize("picture", [qr.svg, qr.png])
def test_the_same_text_gives_the_same_bytes(picture: Callable[[str], bytes]) -> None:
    """A picture can be cached by its text."""
    assert picture(CODE) == picture(CODE)
