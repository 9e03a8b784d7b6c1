"""Pictures painted anew, by Pillow: a module of its own, loaded with the first picture that somebody sends."""

import io
import struct
import zlib
from contextlib import suppress

from PIL import Image, ImageOps

from timebank.files.errors import FileUnreadable, PictureTooLarge
from timebank.files.rules import MAX_PIXELS, MAX_SIDE

_QUALITY = 85
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    struct.error,
    zlib.error,
)
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def repainted(data: bytes, picture: str) -> bytes:
    """Return the first frame as a new JPEG, upright and at most ``MAX_SIDE`` a side, transparent parts white.

    Raises PictureTooLarge, FileUnreadable.
    """
    try:
        with Image.open(io.BytesIO(data), formats=(picture,)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise PictureTooLarge(max_megapixels=MAX_PIXELS // 1_000_000)
            image.draft("RGB", (MAX_SIDE, MAX_SIDE))
            image.load()
            return _painted(image)
    except _BOMBS as error:
        raise PictureTooLarge(max_megapixels=MAX_PIXELS // 1_000_000) from error
    except _BROKEN as error:
        raise FileUnreadable from error


def _painted(image: Image.Image) -> bytes:
    transparent = "A" in image.getbands() or "transparency" in image.info
    pixels: Image.Image = image.convert("RGBA" if transparent else "RGB")
    pixels.thumbnail((MAX_SIDE, MAX_SIDE))
    with suppress(*_BROKEN):  # a phone that writes bad EXIF is no reason to refuse its pictures
        pixels = ImageOps.exif_transpose(pixels)
    canvas = Image.new("RGB", pixels.size, "white")
    canvas.paste(pixels, mask=pixels.getchannel("A") if transparent else None)
    painted = io.BytesIO()
    canvas.save(painted, "JPEG", quality=_QUALITY)
    return painted.getvalue()
