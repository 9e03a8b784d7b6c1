"""What a file really is, and what is kept of it."""

import io

import pytest
from PIL import Image, PngImagePlugin

from tests.factories.files import PDF, a_picture, a_png_that_says, a_progressive_picture, an_archive
from timebank.errors import Refusal
from timebank.files import pictures
from timebank.files.errors import FileTooLarge, FileTypeRefused, FileUnreadable, PictureTooLarge
from timebank.files.pictures import admitted
from timebank.files.rules import JPEG, MAX_BYTES, MAX_SIDE, Use

PLACE = {1: "N", 2: (30.0, 31.0, 32.0), 3: "E", 4: (120.0, 41.0, 42.0)}


def painted(data: bytes, *, declared: str = "", use: Use = Use.PICTURE) -> Image.Image:
    """Return the picture that is kept."""
    content = admitted(data, declared=declared, use=use)
    assert content.media_type == JPEG
    return Image.open(io.BytesIO(content.data))


def refusal_of(data: bytes, *, declared: str = "", use: Use = Use.EVIDENCE) -> type[Refusal]:
    """Return what refuses a file."""
    with pytest.raises(Refusal) as refused:
        admitted(data, declared=declared, use=use)
    return type(refused.value)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_every_picture_becomes_a_jpeg(form: str) -> None:
    """Colour and size stay; the same file gives the same bytes."""
    sent = a_picture(form)
    kept = painted(sent)
    assert (kept.format, kept.size) == ("JPEG", (40, 20))
    red, green, blue = kept.convert("RGB").getpixel((20, 10))
    assert red > 240
    assert max(green, blue) < 15
    assert admitted(sent, declared="", use=Use.PICTURE) == admitted(sent, declared="", use=Use.PICTURE)


def test_a_picture_says_nothing_but_its_pixels() -> None:
    """Place, camera, comment, profile and text are gone; a picture taken upside down stands upright."""
    exif = Image.Exif()
    exif[0x0110] = "Phone of Zhang San"
    exif[0x0112] = 6  # turned by a quarter
    exif[0x8825] = PLACE
    said = a_picture(exif=exif, comment=b"Zhang San was here", icc_profile=b"profile of Zhang San")
    assert b"Zhang San" in said
    kept = painted(said)
    assert kept.size == (20, 40)
    assert not kept.getexif()
    assert b"Zhang" not in admitted(said, declared="", use=Use.PICTURE).data
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Zhang San")
    assert b"Zhang" not in admitted(a_picture("PNG", pnginfo=text), declared="", use=Use.PICTURE).data


def test_a_second_file_behind_a_picture_is_gone() -> None:
    """A picture that is an archive as well is only a picture afterwards; so is one that begins with a script."""
    both = a_picture() + an_archive()
    assert b"evil" not in admitted(both, declared="", use=Use.PICTURE).data
    gif = b"GIF89a/*" + a_picture() + b"*/=1;alert(1)"
    assert refusal_of(gif) is FileTypeRefused


def test_transparent_parts_are_white() -> None:
    """A picture cut out of its ground is shown on white, whether it has an alpha channel or a palette."""
    for image in (Image.new("RGBA", (9, 9), (0, 0, 0, 0)), Image.new("LA", (9, 9), (0, 0))):
        made = io.BytesIO()
        image.save(made, "PNG")
        assert painted(made.getvalue()).getpixel((4, 4)) == (255, 255, 255)
    made = io.BytesIO()
    palette = Image.new("P", (9, 9), 3)
    palette.putpalette([9] * 12)
    palette.save(made, "PNG", transparency=3)
    assert painted(made.getvalue()).getpixel((4, 4)) == (255, 255, 255)


def test_a_large_picture_is_kept_smaller() -> None:
    """The longer side is what is bounded."""
    assert painted(a_picture(size=(MAX_SIDE * 2, 100))).size == (MAX_SIDE, 50)


@pytest.mark.parametrize("size", [(10_000, 5_000), (30_000, 30_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    """Fifty megapixels and far more are refused before anything is unpacked: there is nothing behind the header."""
    assert refusal_of(a_png_that_says(*size)) is PictureTooLarge


def test_a_picture_of_endless_passes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A progressive JPEG may go over its pixels again for every few bytes: minutes of work in a small file."""
    monkeypatch.setattr(pictures, "MOST_SCANS", 20)
    assert painted(a_progressive_picture(scans=20)).size == (64, 64)
    assert refusal_of(a_progressive_picture(scans=21)) is FileUnreadable
    assert painted(a_picture(progressive=True, size=(300, 200))).size == (300, 200)


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_of_a_moving_picture_the_first_frame_is_kept(form: str) -> None:
    """However many follow."""
    frames = [Image.new("RGB", (40, 20), colour) for colour in ("blue", "green")]
    kept = painted(a_picture(form, save_all=True, append_images=frames, duration=50))
    red, green, blue = kept.convert("RGB").getpixel((20, 10))
    assert (red > 240, max(green, blue) < 15) == (True, True)


def test_a_file_that_is_too_large_is_refused() -> None:
    """Ten mebibytes are the limit, whatever is in them."""
    assert refusal_of(b"%PDF-" + b" " * MAX_BYTES) is FileTooLarge


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_picture_that_is_cut_off_is_refused(form: str, part: float) -> None:
    """What arrived in part is not kept as if it were whole."""
    whole = a_picture(form, size=(300, 200), colour="blue") if form != "JPEG" else a_picture(form, size=(300, 200))
    assert refusal_of(whole[: int(len(whole) * part)]) is FileUnreadable


def test_what_only_begins_like_a_picture_is_refused() -> None:
    """A magic number does not make a picture; nothing is no file; a bad checksum is damage."""
    for start in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBP"):
        assert refusal_of(start + b"no picture at all" * 9) is FileUnreadable
    assert refusal_of(b"") is FileUnreadable
    damaged = bytearray(a_picture("PNG", size=(300, 200)))
    damaged[len(damaged) // 2] ^= 0xFF
    assert refusal_of(bytes(damaged)) is FileUnreadable


@pytest.mark.parametrize(
    "data",
    [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"GIF89a", b"MZ\x90\x00", b"PK\x03\x04", b"BM" + b"\0" * 60,
     b"II*\x00", b"%!PS-Adobe", b" %PDF-1.4\n%%EOF", b"\x00\x00\x00\x20ftypheic"],
)  # fmt: skip
def test_no_other_type_is_taken(data: bytes) -> None:
    """Neither drawings that run scripts, nor pages, programs and archives, nor formats that few can show."""
    assert refusal_of(data, declared="image/png") is FileTypeRefused


def test_content_decides_and_a_lie_is_refused() -> None:
    """A PNG named .jpg is a picture; a picture that is called a PDF or a drawing is refused, and so is the reverse."""
    png = a_picture("PNG")
    assert painted(png, declared="image/jpeg").size == (40, 20)
    assert painted(png, declared="application/octet-stream").size == (40, 20)
    assert refusal_of(png, declared="application/pdf") is FileTypeRefused
    assert refusal_of(png, declared="image/svg+xml") is FileTypeRefused
    assert refusal_of(PDF, declared="image/jpeg") is FileTypeRefused


def test_a_pdf_is_evidence_and_no_picture() -> None:
    """It is kept as it came; one that is cut off, or has an archive hanging on to it, is refused."""
    assert admitted(PDF, declared="application/pdf", use=Use.EVIDENCE).data == PDF
    assert refusal_of(PDF, use=Use.PICTURE) is FileTypeRefused
    assert refusal_of(PDF[:-10]) is FileUnreadable
    assert refusal_of(PDF + an_archive()) is FileUnreadable


@pytest.mark.filterwarnings("default::UserWarning:PIL")
def test_a_phone_that_writes_bad_exif_is_served() -> None:
    """Nonsense beside the pixels is dropped, not held against the picture."""
    assert painted(a_picture(exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\xff\xff")).size == (
        40,
        20,
    )
