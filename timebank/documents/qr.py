"""QR pictures, drawn by the qrcode library.

Upper-case letters and digits go in alphanumeric mode, so that a code of 32 characters fits version 2 (25×25 modules) at
error correction M. White background and the standard's quiet zone of four modules: a picture scans on a dark page too.
"""

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrcode.image.base import BaseImage
    from qrcode.image.pil import PilImage
    from qrcode.main import QRCode

QUIET_ZONE = 4
"""Modules on each side (ISO/IEC 18004)."""
MODULE_PIXELS = 8


def svg(text: str) -> bytes:
    """Return a picture of ``text`` that scales to any size: one path, no scripts, no outside references."""
    from qrcode.image.svg import SvgPathFillImage

    return _saved(_code(text, module_pixels=10).make_image(SvgPathFillImage))


def png(text: str, *, module_pixels: int = MODULE_PIXELS) -> bytes:
    """Return a picture of ``text`` in black and white, ``module_pixels`` pixels a module."""
    from qrcode.image.pil import PilImage

    return _saved(_code(text, module_pixels=module_pixels).make_image(PilImage))


def modules(text: str) -> list[list[bool]]:
    """Return the picture of ``text`` as rows of modules, dark ones True, the quiet zone included."""
    found: list[list[bool]] = _code(text, module_pixels=1).get_matrix()
    return found


def _code(text: str, *, module_pixels: int) -> "QRCode[PilImage]":
    from qrcode.constants import ERROR_CORRECT_M
    from qrcode.image.pil import PilImage
    from qrcode.main import QRCode

    code = QRCode(error_correction=ERROR_CORRECT_M, box_size=module_pixels, border=QUIET_ZONE, image_factory=PilImage)
    code.add_data(text)
    return code


def _saved(image: "BaseImage") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer)
    return buffer.getvalue()
