"""PDF pages, read back by another program: as text, as a picture, and the QR code in the picture."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from reportlab.pdfbase import ttfonts

from timebank.documents import pdf_file, typefaces
from timebank.documents.errors import GlyphMissing
from timebank.documents.pdf_file import Align, Pages
from timebank.documents.typefaces import NOTO, Typeface, UnusableFont, typeface

CODE = "S10AAAAAAAA001BBBBBBBBBBBBBBB"


def pages(title: str = "海报") -> Pages:
    """Begin a file with our own font."""
    return Pages(title=title, face=typeface())


def text_of(file: bytes, page: int = 0) -> str:
    """Return what another program reads on a page."""
    document = pypdfium2.PdfDocument(file)
    try:
        return document[page].get_textpage().get_text_range().replace("\r\n", "\n")
    finally:
        document.close()


def darkness_of(file: bytes) -> int:
    """Return how many dark pixels the first page has when another program prints it."""
    document = pypdfium2.PdfDocument(file)
    try:
        return sum(document[0].render(scale=1).to_pil().convert("L").histogram()[:128])
    finally:
        document.close()


def test_chinese_text_is_printed_and_can_be_copied() -> None:
    """Another program finds the characters, and ink where they stand."""
    empty, written = pages(), pages()
    written.text("王秀英 Wang 123，志愿服务。", left=20, top=20, size=20)
    file = written.finished()

    assert file.startswith(b"%PDF-")
    assert text_of(file) == "王秀英 Wang 123，志愿服务。"
    assert darkness_of(empty.finished()) == 0
    assert darkness_of(file) > 300


def test_the_same_calls_give_the_same_bytes() -> None:
    """No time of writing, no random id; another text gives another file."""

    def made(text: str) -> bytes:
        file = pages(text)
        file.text(text, left=20, top=20, size=20, align=Align.RIGHT)
        file.qr(CODE, left=20, top=40, side=40)
        file.frame(left=10, top=10, width=50, height=50)
        return file.finished()

    assert made("张三") == made("张三")
    assert made("张三") != made("李四")


def test_a_qr_picture_scans_from_paper() -> None:
    """Another program reads the code from the page as it is printed."""
    file = pages()
    file.qr(CODE, left=30, top=60, side=40)
    document = pypdfium2.PdfDocument(file.finished())

    assert zxingcpp.read_barcode(document[0].render(scale=2).to_pil().convert("L")).text == CODE
    document.close()


def test_a_character_that_no_font_has_is_refused() -> None:
    """A name with a hole in it is no name: nothing is written, and the answer names the code points."""
    for write in (
        lambda file: file.text("王𬳽喆", left=0, top=0, size=10),
        lambda file: file.paragraph("王𬳽\n👵🏻", left=0, top=0, width=50, size=10),
        lambda file: file.fitted("𬳽", left=0, top=0, width=50, size=10),
    ):
        with pytest.raises(GlyphMissing) as refused:
            write(pages())
        assert "U+2CCFD" in refused.value.explain()[1]
    assert refused.value.context == {"characters": "U+2CCFD"}


def test_a_second_font_prints_what_the_first_has_not(tmp_path: Path) -> None:
    """Each character comes from the first font that has it; reportlab's own Vera knows letters that ours does not."""
    import reportlab

    vera = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
    both = typeface(vera)
    file = Pages(title="名", face=both)
    file.text("王Ä二", left=20, top=20, size=20)

    assert list(both.runs("王Ä二")) == [(NOTO.stem, "王"), ("Vera", "Ä"), (NOTO.stem, "二")]
    assert text_of(file.finished()) == "王Ä二"
    with pytest.raises(GlyphMissing):
        pages().text("Ä", left=0, top=0, size=10)


def test_a_file_that_is_no_font_is_named(tmp_path: Path) -> None:
    """Neither nonsense nor a missing file is a font."""
    nonsense = tmp_path / "nonsense.ttf"
    nonsense.write_bytes(b"no font")
    for path in (nonsense, tmp_path / "nowhere.ttf"):
        with pytest.raises(UnusableFont):
            Typeface(path).load()


def test_a_font_is_read_once_for_all_who_print_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two first pages at one moment share one copy: a second under the same name would spoil the first one's letters."""
    everybody = threading.Barrier(4)
    read: list[str] = []

    class SlowFont(ttfonts.TTFont):
        def __init__(self, name: str, path: str) -> None:
            read.append(name)
            time.sleep(0.05)
            super().__init__(name, path)

    def letters() -> bytes:
        face = Typeface(NOTO)
        everybody.wait()
        file = Pages(title="海报", face=face)
        file.text("王秀英", left=20, top=20, size=20)
        return file.finished()

    monkeypatch.setattr(ttfonts, "TTFont", SlowFont)
    typefaces._read.cache_clear()
    with ThreadPoolExecutor(4) as threads:
        files = [one.result() for one in [threads.submit(letters) for _ in range(4)]]

    assert read == [NOTO.stem]
    assert len(set(files)) == 1


def test_long_text_is_broken_and_no_line_begins_with_a_stop() -> None:
    """The lines stay within the width; what follows begins below them."""
    file = pages()
    below = file.paragraph("到达时请扫一扫，离开时再扫一次。\n谢谢", left=20, top=20, width=25, size=10)
    lines = text_of(file.finished()).split("\n")

    assert lines == ["到达时请扫一", "扫，离开时再扫", "一次。", "谢谢"]
    assert below == pytest.approx(20 + 4 * 10 * pdf_file.LINE_HEIGHT / 72 * 25.4)


def test_a_line_that_must_fit_gets_smaller() -> None:
    """A long name does not run over the edge of a card; a short one keeps its size."""

    def widest(text: str) -> float:
        file = pages()
        file.fitted(text, left=0, top=20, size=20, width=50)
        document = pypdfium2.PdfDocument(file.finished())
        right = max(box.get_bounds()[2] for box in document[0].get_objects())
        document.close()
        return right / 72 * 25.4

    assert widest("王" * 30) <= 50
    assert widest("王五") == pytest.approx(2 * 20 / 72 * 25.4, rel=0.1)


def test_pages_follow_each_other() -> None:
    """What is written after a page's end stands on the next."""
    file = pages()
    file.text("一", left=20, top=20, size=20)
    file.next_page()
    file.text("二", left=20, top=20, size=20)
    written = file.finished()

    assert (text_of(written, 0), text_of(written, 1)) == ("一", "二")


def test_control_characters_are_not_printed() -> None:
    """A tab becomes a blank, a line end inside one line too, and a NUL vanishes."""
    file = pages("标\x00题")
    file.text("甲\t乙\r\n丙\x00丁", left=20, top=20, size=20)

    assert text_of(file.finished()) == "甲 乙 丙丁"
