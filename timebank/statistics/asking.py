"""From a request to its answer: the question in it, the report in one snapshot, and files, which are always registered.

All of it is done before the view's own transaction: a report may take seconds, and a file is written to disk.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Response, current_app

from timebank.database import in_unit_of_work
from timebank.errors import NotFound
from timebank.identity.guards import actor
from timebank.organisations import queries as organisations
from timebank.statistics import exports, files, forms, service
from timebank.statistics.exports import Wanted, Writer
from timebank.statistics.models import Export
from timebank.statistics.queries import Asker
from timebank.statistics.questions import IMPORTABLE, HoursFilter, Kind, Question
from timebank.statistics.report import Report
from timebank.statistics.rules import Cut, Form, parse_cuts, parse_measures
from timebank.web.limits import EXPORTS, spend

CHUNK = 1 << 16


def question_of(asked: dict[str, Any], kind: Kind = Kind.FIGURES) -> Question:
    """Return the question in a query or body. Raises NotFound for an area that there is not."""
    measures = asked.get("measure") or asked.get("measures")
    return Question(
        kind=kind,
        cuts=parse_cuts(asked["rows"]) if "rows" in asked and kind in {Kind.FIGURES, Kind.PIVOT} else (),
        across=Cut(asked["cols"]) if kind is Kind.PIVOT else None,
        measures=parse_measures(measures) if measures and kind in {Kind.FIGURES, Kind.PIVOT} else (),
        wanted=filter_of(asked),
        level=asked.get("level") if kind in {Kind.FIGURES, Kind.PIVOT} else None,
        layout=asked.get("layout") if kind in IMPORTABLE else None,
    )


def filter_of(asked: dict[str, Any]) -> HoursFilter:
    """Return the filter in a query or body. Raises NotFound for an area that there is not."""
    return HoursFilter(
        first_day=asked.get("first_day"),
        last_day=asked.get("last_day"),
        area_path=_path(asked),
        organisation_id=asked.get("organisation"),
        activity_id=asked.get("activity"),
        category=asked.get("category"),
    )


def _path(asked: dict[str, Any]) -> str | None:
    if "area" not in asked:
        return None
    area = in_unit_of_work(lambda: organisations.area(asked["area"]), write=False)
    if area is None:
        raise NotFound
    return area.path


def answered(question: Question) -> Report:
    """Return the report for whoever is signed in, all of it of one moment."""
    asker = Asker(actor=actor())
    return in_unit_of_work(lambda: service.answer(question, asker), write=False, snapshot=True)


def writer() -> Writer:
    """Return where this application keeps files, and what it prints with."""
    return Writer(
        home=current_app.extensions["timebank-settings"].home, face=current_app.extensions["timebank-typeface"]
    )


def downloaded(question: Question, form: Form) -> Response:
    """Return a file of a report, after it was registered. Raises RateLimited: a file costs more than a look."""
    spend(EXPORTS)
    wanted = Wanted(question=question, form=form, asker=Asker(actor=actor()), reason=exports.DOWNLOADED)
    row = exports.write(wanted, writer())
    export = in_unit_of_work(lambda: exports.register(row))
    return sent(export, files.path_of(writer().home, export.sha256, export.form))


def sent(export: Export, path: Path) -> Response:
    """Return the file of an export as a download."""
    title = service.TITLES[Kind(export.question["kind"])]
    return attachment(_chunks(path), Form(export.form), title, export.size_bytes, export.sha256.hex())


def attachment(content: Any, form: Form, title: str, size: int, etag: str) -> Response:
    """Return content as a download with a Chinese name."""
    response = Response(content, content_type=forms.MEDIA_TYPES[form])
    name = quote(f"{title}.{form}")
    response.headers["Content-Disposition"] = f"attachment; filename=\"statistics.{form}\"; filename*=UTF-8''{name}"
    response.content_length = size
    response.set_etag(etag)
    return response


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
