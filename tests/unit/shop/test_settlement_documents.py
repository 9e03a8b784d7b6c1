"""A merchant's statement on paper: whatever the names are, nothing is cut off."""

from typing import Any

import pytest

from tests.factories.documents import pdf_lowest, pdf_texts
from timebank.database import NIL
from timebank.documents.errors import GlyphMissing
from timebank.documents.typefaces import typeface
from timebank.shop.merchant import settlement_documents
from timebank.shop.merchant.tables import MerchantSettlement

COUNT = {"pieces": 1, "minutes": 30}


def _statement(lines: int, *, goods: str, site: str = "梧桐公益仓") -> MerchantSettlement:
    line: dict[str, Any] = {"site": site, "handed_over": COUNT, "refunded": COUNT, "corrected": COUNT}
    line |= {"pieces": -1, "minutes": -30, "fair_value_fen": None, "value_fen": None}
    content = {
        "merchant": "幸福面包房",
        "host": "三色堇志愿服务队",
        "agreements": [],
        "month": "2030-09",
        "lines": [line | {"goods": f"{goods}{number}"} for number in range(lines)],
        "pieces": -lines,
        "minutes": -30 * lines,
        "value_fen": 0,
        "lines_without_value": lines,
    }
    return MerchantSettlement(id=NIL, month="2030-09", content=content, sha256="ab" * 32)


@pytest.mark.parametrize(("lines", "length"), [(0, 1), (1, 110), (28, 4), (29, 4), (60, 10), (40, 110)])
def test_every_line_is_on_a_page(lines: int, length: int) -> None:
    """Long names go on more lines, many lines on more pages, each under its titles; the signatures come last."""
    file = settlement_documents.pdf(_statement(lines, goods="券" * length, site="仓" * length), typeface())
    pages = pdf_texts(file)
    assert sum(page.count("券") for page in pages) == lines * length
    assert "制单：" in pages[-1]
    assert all("站点" in page for page in pages[:-1])
    assert pdf_lowest(file) > 20


def test_a_name_that_cannot_be_printed_is_refused() -> None:
    """Better no paper than one with a hole in it."""
    with pytest.raises(GlyphMissing):
        settlement_documents.pdf(_statement(1, goods="🧁"), typeface())
