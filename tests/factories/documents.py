"""PDF files and pictures as another program reads them."""

import hashlib
import io

import pypdfium2
import zxingcpp
from PIL import Image


def pdf_texts(file: bytes) -> list[str]:
    """Return the text of each page of a PDF."""
    document = pypdfium2.PdfDocument(file)
    try:
        return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in document]
    finally:
        document.close()


def pdf_setting(file: bytes) -> str:
    """Return a hash of what stands where on each page, to the point: the same whichever library has packed the bytes."""
    document = pypdfium2.PdfDocument(file)
    said = hashlib.sha256()
    try:
        for page, text in zip(document, pdf_texts(file), strict=True):
            places = [(item.type, *map(round, item.get_bounds())) for item in page.get_objects()]
            said.update(f"{text}{places}".encode())
    finally:
        document.close()
    return said.hexdigest()


def pdf_codes(file: bytes, page: int = 0) -> list[str]:
    """Return every QR code that a phone would find on a printed page."""
    document = pypdfium2.PdfDocument(file)
    try:
        picture = document[page].render(scale=3).to_pil().convert("L")
    finally:
        document.close()
    return sorted(found.text for found in zxingcpp.read_barcodes(picture))


def pdf_lowest(file: bytes) -> float:
    """Return how far above the lower edge of the first page its lowest object ends, in points."""
    document = pypdfium2.PdfDocument(file)
    try:
        return float(min(item.get_bounds()[1] for item in document[0].get_objects()))
    finally:
        document.close()


def png_code(file: bytes) -> str:
    """Return the QR code in a picture."""
    with Image.open(io.BytesIO(file)) as picture:
        return str(zxingcpp.read_barcode(picture.convert("L")).text)
