"""Pictures with names that our own font lacks."""

import io
import re
from pathlib import Path

import pytest
import reportlab

from tests.factories.certificates import fonts_of
from tests.factories.documents import pdf_texts
from timebank import clock
from timebank.documents.errors import GlyphMissing
from timebank.documents.tables import Column, Type
from timebank.documents.typefaces import Typeface, typeface
from timebank.statistics import charts, forms
from timebank.statistics.charts import Chart
from timebank.statistics.headings import of_cuts, of_measures
from timebank.statistics.report import Report
from timebank.statistics.rules import PROVENANCES, Cut, Form, Measure

BOTH = typeface(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf")
RARE, PLAIN = "Ängby", "大荆\u2003镇"


def by_area(*names: str) -> Report:
    """Return a report on areas of these names, or on two, one of them with a letter that our font lacks."""
    columns = (*of_cuts((Cut.AREA,)), *of_measures((Measure.SERVICE_MINUTES,)))
    cells = dict.fromkeys((str(Measure.SERVICE_MINUTES), PROVENANCES[0]), 60) | dict.fromkeys(PROVENANCES[1:], 0)
    named = [
        {"area": f"0577.0{place}", "area_name": name, **cells} for place, name in enumerate(names or (RARE, PLAIN))
    ]
    rows = [[row[name] for name, _ in columns] for row in named]
    return Report(title="志愿服务统计", columns=columns, rows=rows, filters={}, generated_at=clock.now(), drawn=True)


def pdf_of(face: Typeface, *names: str) -> bytes:
    """Return the report with its pictures on paper."""
    target = io.BytesIO()
    forms.write(by_area(*names), Form.PDF, target, face)
    return target.getvalue()


def test_an_operators_font_prints_the_rare_name_of_an_area() -> None:
    """垟, 滘 and 墘 are in the names of a thousand villages and not in GB 2312: TIMEBANK_FONT_PATH is asked for pictures, too."""
    texts = re.findall(r"<text [^>]*>([^<]*)</text>", charts.svg(Chart.AREA, by_area(), BOTH).decode())
    assert {RARE, PLAIN.replace("\u2003", " ")} <= set(texts)
    assert b"Vera" not in charts.svg(Chart.AREA, by_area(), BOTH), "a reader has fonts of its own"

    file = pdf_of(BOTH)
    assert "".join(pdf_texts(file)).count(RARE) == 2  # in the picture and in the table
    assert set(fonts_of(file).values()) == {True}
    assert b"Helvetica" not in file  # not even named: pdffonts lists what is named


def test_without_it_a_picture_has_no_hole() -> None:
    """It is refused by the letter."""
    for draw in (lambda: charts.svg(Chart.AREA, by_area(), typeface()), lambda: pdf_of(typeface())):
        with pytest.raises(GlyphMissing) as refused:
            draw()
        assert refused.value.context == {"characters": "U+00C4"}


def test_a_flower_in_one_name_keeps_nobody_from_their_report() -> None:
    """On paper and in pictures emoji are left out, of titles, too; of a name of nothing else a dash is left."""
    text = "".join(pdf_texts(pdf_of(typeface(), "西山❤️社区", "🌸🌸")))
    assert text.count("西山社区") == 2  # in the picture and in the table

    headed = (("name", Column("🌸送餐", Type.WHOLE_NUMBER)),)
    pivot = Report(title="", columns=headed, rows=[[1]], filters={}, generated_at=clock.now())
    target = io.BytesIO()
    forms.write(pivot, Form.PDF, target, typeface())
    assert "送餐" in pdf_texts(target.getvalue())[0]
    assert "西山社区" in charts.svg(Chart.AREA, by_area("西山❤️社区"), typeface()).decode()
