"""From bytes to rows of cells: what sort of file it is, its encoding, and the same shape for both sorts."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from timebank.documents.csv_file import restored
from timebank.imports.errors import ImportTooLarge, ImportTypeRefused, ImportUnreadable
from timebank.imports.rules import MAX_BYTES, MEBIBYTE
from timebank.imports.values import Raw

_ZIP = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_OTHERS = (_OLD_OFFICE, b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
_SNIFFED = 4_096
_SEPARATORS = ",\t;"
_MARK = "\ufeff"


class Row(NamedTuple):
    """A row that is not empty, and its line in the file."""

    line: int
    cells: Sequence[Raw]


def rows(data: bytes) -> Iterator[Row]:
    """Yield the rows of a CSV or XLSX file that hold anything. What is said about its type is not believed: its bytes are.

    Raises ImportTooLarge, ImportTypeRefused, ImportUnreadable, ImportTooLong.
    """
    if len(data) > MAX_BYTES:
        raise ImportTooLarge(max_mebibytes=MAX_BYTES // MEBIBYTE)
    if data.startswith(_OTHERS):
        raise ImportTypeRefused
    if data.startswith(_ZIP):
        from timebank.imports import xlsx_reading

        return (Row(line, cells) for line, cells in xlsx_reading.rows(data))
    return _csv_rows(decoded(data))


def decoded(data: bytes) -> str:
    """Return the text of a CSV file: UTF-8 and UTF-16 with or without a BOM, or GB18030. Raises ImportUnreadable."""
    for bom, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(bom):
            return _decoded(data, encoding).lstrip(_MARK)
    for encoding in _guesses(data):
        try:
            return data.decode(encoding).lstrip(_MARK)
        except UnicodeDecodeError:
            continue
    raise ImportUnreadable(line=1)


def _guesses(data: bytes) -> Iterator[str]:
    """Yield encodings by what they can be told from: UTF-16 has zeros, UTF-8 hardly fits by chance, GB18030 takes the rest."""
    start = data[:_SNIFFED]
    zeros = start.count(0)
    if zeros > len(start) // 20:
        yield "utf-16-le" if start[1::2].count(0) >= start[::2].count(0) else "utf-16-be"
    yield "utf-8"
    yield "gb18030"


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ImportUnreadable(line=data[: error.start].count(b"\n") + 1) from error


def _csv_rows(text: str) -> Iterator[Row]:
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # a quote that is never closed, or text after a closing one
            raise ImportUnreadable(line=line) from error
        if any(cells):
            yield Row(line, [restored(cell) for cell in cells])
        line = reader.line_num + 1


def _separator(text: str) -> str:
    """Return what separates cells: of comma, tab and semicolon the one that stands in most of the first lines.

    However often: the others may separate many skills within a cell, but in no heading.
    """
    start = text[:_SNIFFED]
    lines = start.splitlines()
    return max(_SEPARATORS, key=lambda one: (sum(one in line for line in lines), start.count(one)))
