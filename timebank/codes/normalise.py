"""From what a scanner, a phone or a tired hand delivers to the code that was meant.

Scanner guns type like keyboards: with a line end or a control character around the text, in lower case, and full-width
under a Chinese input method, which also makes 。 of a full stop, 、 of a slash and — of a hyphen. Phones deliver the link
around the code, sometimes percent-encoded. People read O for 0.
"""

import re
from urllib.parse import unquote

from timebank.codes.alphabet import is_written_in
from timebank.codes.errors import TokenMalformed

MAX_SCANNED = 512
"""Characters; no code and no link around one comes near it."""

_HALF_WIDTH = (
    {0x3000: " ", 0xA0: " "}
    | {full: chr(full - 0xFEE0) for full in range(0xFF01, 0xFF5F)}
    | {ord(mark): "." for mark in "。｡"}
    | {ord(mark): "/" for mark in "、､"}
    | {ord(mark): "-" for mark in "‐‑‒–—―−ー"}
)
_AROUND = "".join(map(chr, range(1, 0x21))) + "\x7f\u200b\ufeff"
"""What scanners put before and after: STX, ETX, GS, Tab, Enter, a byte order mark. A NUL is no scanner's doing."""
_LOOKS_LIKE = str.maketrans("OIL", "011")
_LINK = re.compile(r"HTTPS?://[^/?#]+/Q/")
_GROUPING = re.compile(r"[\s-]+")
_PICKUP_NUMBER = re.compile(r"[0-9]{8}")


def normalise(scanned: str) -> str:
    """Return the code in ``scanned``, upper case, in the alphabet; raise TokenMalformed if there is none.

    Accepts the code itself and ``https://<host>/q/<code>``, and undoes percent-encoding exactly once.
    """
    if len(scanned) > MAX_SCANNED:
        raise TokenMalformed
    text = _half_width_upper(unquote(scanned))
    link = _LINK.match(text)
    code = text[link.end() if link else 0 :].translate(_LOOKS_LIKE)
    if not code or not is_written_in(code):
        raise TokenMalformed
    return code


def pickup_number(typed: str) -> str | None:
    """Return the eight digits of a pickup code typed at the counter, or None if ``typed`` is something else.

    Spaces and hyphens between groups are dropped, full-width digits and look-alikes are read as digits. Codes that are
    scanned are much longer, so what gives None may go to ``CodeBook.read``.
    """
    if len(typed) > MAX_SCANNED:
        return None
    digits = _GROUPING.sub("", _half_width_upper(typed)).translate(_LOOKS_LIKE)
    return digits if _PICKUP_NUMBER.fullmatch(digits) else None


def typed_reference(typed: str) -> str:
    """Return a short code that somebody has typed: half-width, upper case, without grouping, look-alikes undone.

    Whether it is one is for the caller to find out; nothing that is too long comes back.
    """
    if len(typed) > MAX_SCANNED:
        return ""
    return _GROUPING.sub("", _half_width_upper(typed)).translate(_LOOKS_LIKE)


def barcode(scanned: str) -> str:
    """Return the digits of a barcode as a scanner or a hand delivers them; whatever is no digit stays, to be refused.

    Blanks and hyphens between groups are dropped, full-width digits are made plain ones.
    """
    if len(scanned) > MAX_SCANNED:
        return ""
    return _GROUPING.sub("", scanned.translate(_HALF_WIDTH).strip(_AROUND))


def _half_width_upper(text: str) -> str:
    """Return ``text`` stripped, half-width and upper case; empty if anything else than ASCII is in it."""
    text = text.translate(_HALF_WIDTH).strip(_AROUND)
    # Asked before upper(), which turns a dotless ı into an I and ß into two letters.
    return text.upper() if text.isascii() else ""
