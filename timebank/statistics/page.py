"""Reports as pages to read and to print: one table, no script, nothing from elsewhere.

On a telephone every row of the table is a card, a line for each figure: nobody reads fifteen columns on a hand's width.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape

from timebank import clock
from timebank.documents.pdf_table import shown
from timebank.documents.tables import Cell, clean
from timebank.statistics.five_societies import SOCIETIES
from timebank.statistics.report import Report

MEDIA_TYPE = "text/html; charset=utf-8"

_STYLE = (
    "body{font:1.05rem/1.6 sans-serif;margin:0 auto;padding:1.5rem;color:#111;background:#fff}"
    "h1{font-size:1.5rem;margin:0}p{margin:.5rem 0}.wide{overflow-x:auto}.asked{color:#444}.asked span{display:inline-block;margin-right:1em}a{color:#0b4a8f}"
    "table{border-collapse:collapse;margin:1rem 0}"
    "th,td{border:1px solid #888;padding:.35rem .6rem;text-align:left}thead{background:#eee}"
    "td.number{text-align:right;font-variant-numeric:tabular-nums}dt{font-weight:bold}dd{margin:0 0 .4rem}"
    "@media screen and (max-width:40rem){body{font-size:1.2rem;padding:1rem}thead{display:none}"
    "table,tbody,tr,tbody th{display:block}tr{border:2px solid #666;border-radius:.5rem;margin:0 0 1rem;overflow:hidden}"
    "tbody th{border:0;background:#eee;overflow-wrap:anywhere}"
    "td,td.number{display:flex;justify-content:space-between;gap:1rem;border:0;border-top:1px solid #ccc;text-align:right}"
    "td::before{content:attr(data-title);color:#444;text-align:left}}"
    "@media print{body{padding:0;font-size:9pt}tr{break-inside:avoid}thead{display:table-header-group}.screen{display:none}}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'"
"""Only this very style; no script, no picture, no frame."""


def societies(report: Report) -> str:
    """Return a report on the five societies as a page; the figures and their names are those of its other forms."""
    groups = "".join(f'<th scope="colgroup" colspan="{width}">{name}</th>' for name, width in SOCIETIES)
    return _whole(report, range(len(report.columns)), head=f"<tr>{groups}</tr>")


def shared(report: Report, *, until: datetime) -> str:
    """Return what a shared link shows as a page, with its files; codes that stand beside a name are in those only."""
    names = [name for name, _ in report.columns]
    places = [place for place, name in enumerate(names) if f"{name}_name" not in names]
    day = clock.day_of(until)
    files = "　".join(
        f'<a href="?format={form}">{title}</a>' for form, title in (("pdf", "PDF"), ("xlsx", "表格（XLSX）"))
    )
    above = f"<p>链接有效至 {day.year} 年 {day.month} 月 {day.day} 日。</p>"
    return _whole(report, places, above=f'{above}<p class="screen">下载：{files}</p>')


def ended() -> str:
    """Return the page of a link that shows nothing, or nothing any more."""
    return _page("链接已失效", "<p>链接不对、已到期，或已被收回。请向给您链接的人要一个新的。</p>")


def _whole(report: Report, places: Sequence[int], *, head: str = "", above: str = "") -> str:
    columns = [report.columns[place][1] for place in places]
    titles = [_text(column.title) for column in columns]
    rows = "".join(f"<tr>{''.join(_cells([row[place] for place in places], titles))}</tr>" for row in report.rows)
    nothing = "" if rows else "<p>没有符合条件的记录。</p>"
    heads = "".join(f'<th scope="col">{title}</th>' for title in titles)
    at = f"{report.generated_at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"
    facts = {**report.filters, "北京时间": at}
    asked = "".join(f"<span>{_text(name)}：{_text(value)}</span>" for name, value in facts.items())
    defined = ((_text(column.title), _text(column.definition)) for column in columns if column.definition)
    told = "".join(f"<dt>{title}</dt><dd>{definition}</dd>" for title, definition in defined)
    return _page(
        _text(report.title),
        f'{above}<p class="asked">{asked}</p><div class="wide"><table>'
        f"<thead>{head}<tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{nothing}<h2>口径</h2><dl>{told}</dl>",
    )


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>{content}</body></html>\n"
    )


def _cells(row: Sequence[Cell], titles: Sequence[str]) -> Iterator[str]:
    for place, (cell, title) in enumerate(zip(row, titles, strict=True)):
        kind = ' class="number"' if isinstance(cell, int) else ""
        tag = 'th scope="row"' if place == 0 else f'td{kind} data-title="{title}"'
        yield f"<{tag}>{_text(shown(cell))}</{tag[:2]}>"


def _text(text: str) -> str:
    return escape(clean(text))
