"""五社联动 as a page to read and to print: one table, the five societies as groups of columns, no script, nothing from elsewhere."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from html import escape

from timebank import clock
from timebank.documents.pdf_table import shown
from timebank.documents.tables import TIME_ZONE, Cell, clean
from timebank.statistics.five_societies import SOCIETIES
from timebank.statistics.report import Report

MEDIA_TYPE = "text/html; charset=utf-8"

_STYLE = (
    "body{font:1.05rem/1.6 sans-serif;margin:0 auto;padding:1.5rem;color:#111;background:#fff}"
    "h1{font-size:1.5rem;margin:0}table{border-collapse:collapse;margin:1rem 0}caption{text-align:left;color:#444}"
    "th,td{border:1px solid #888;padding:.35rem .6rem;text-align:left}thead{background:#eee}"
    "td.number{text-align:right;font-variant-numeric:tabular-nums}dt{font-weight:bold}dd{margin:0 0 .4rem}"
    "@media print{body{padding:0;font-size:9pt}tr{break-inside:avoid}thead{display:table-header-group}}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'"
"""Only this very style; no script, no picture, no frame."""


def html(report: Report) -> str:
    """Return a report on the five societies as a page; the figures and their names are those of its other forms."""
    rows = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in report.rows)
    nothing = "" if rows else "<p>没有符合条件的记录。</p>"
    titles = "".join(f'<th scope="col">{_text(column.title)}</th>' for _, column in report.columns)
    groups = "".join(f'<th scope="colgroup" colspan="{width}">{name}</th>' for name, width in SOCIETIES)
    asked = "　".join(f"{_text(name)}：{_text(value)}" for name, value in report.filters.items())
    told = "".join(
        f"<dt>{_text(column.title)}</dt><dd>{_text(column.definition)}</dd>"
        for _, column in report.columns
        if column.definition
    )
    title, at = _text(report.title), report.generated_at.astimezone(clock.SHANGHAI)
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f"<table><caption>{asked}　{at:%Y-%m-%d %H:%M}　{TIME_ZONE}</caption>"
        f"<thead><tr>{groups}</tr><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>{nothing}"
        f"<h2>口径</h2><dl>{told}</dl></body></html>\n"
    )


def _cells(row: Sequence[Cell]) -> Iterator[str]:
    for place, cell in enumerate(row):
        kind = ' class="number"' if isinstance(cell, int) else ""
        tag = 'th scope="row"' if place == 0 else f"td{kind}"
        yield f"<{tag}>{_text(shown(cell))}</{tag[:2]}>"


def _text(text: str) -> str:
    return escape(clean(text))
