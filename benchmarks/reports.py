"""``python -m benchmarks.reports``: reports and exports at size, beside what could do no more and no less.

The CSV of all records against COPY, the XLSX against the writers alone, memory of both, and the bank's table by month
against the plain GROUP BY. PostgreSQL; see docs/reports.md, "How fast".
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text
from xlsxwriter import Workbook

from benchmarks import databases, records, report
from benchmarks.load import Run
from benchmarks.report import Ratio, Rounds
from tests.postgres import running_server
from tests.servers import environment_of
from timebank.application import create_app
from timebank.database import db, in_unit_of_work, session
from timebank.documents import xlsx_file
from timebank.documents.typefaces import typeface
from timebank.identity import service as identity
from timebank.identity.rules import Actor, Grant, Role
from timebank.serving import ROOT
from timebank.settings import Settings
from timebank.statistics import forms, service, summary
from timebank.statistics.queries import Asker
from timebank.statistics.questions import Kind, Question
from timebank.statistics.record_list import COLUMNS
from timebank.statistics.report import Report
from timebank.statistics.rules import Cut, Form, Measure

with suppress(ImportError):
    import rustpy_xlsxwriter

NAMES = {
    "copy": "records a second: COPY (SELECT …) TO STDOUT (FORMAT csv)",
    "csv": "records a second: our CSV export, masked and harmless",
    "xlsxwriter": "rows a second: XlsxWriter alone, constant_memory",
    "rustpy": "rows a second: rustpy-xlsxwriter alone",
    "xlsx": "records a second: our XLSX export",
    "plain": "tables a second: month table by GROUP BY over the records",
    "summary": "tables a second: the same from summary and deltas",
}
RATIOS = (
    Ratio(of="csv", to="copy", aim=0.3),
    Ratio(of="xlsx", to="xlsxwriter", aim=0.9),
    Ratio(of="xlsx", to="rustpy", aim=0.9),
    Ratio(of="summary", to="plain", aim=50),
)
MOST_MEGABYTES = 150
EVERYTHING = Asker(actor=Actor(UUID(int=0), (Grant(Role.AUDITOR, area_path=""),)))
RECORDS = Question(kind=Kind.RECORDS)
MONTHS = Question(cuts=(Cut.MONTH,), measures=(Measure.PERSON_TIMES, Measure.SERVICE_MINUTES, Measure.CREDITED_MINUTES))

_COPY = """
COPY (SELECT r.record_id, p.volunteer_no, p.display_name, r.organisation_name, r.activity_name, a.category, r.place,
             r.served_on, r.started_at, r.ended_at, r.service_minutes, r.credited_minutes, r.provenance, r.policy_number
      FROM service_record_revision r JOIN identity_person p ON p.id = r.volunteer_id
      LEFT JOIN activity a ON a.id = r.activity_id
      WHERE r.state = 'final' AND NOT EXISTS (SELECT 1 FROM service_record_revision l
                                              WHERE l.record_id = r.record_id AND l.number = r.number + 1)
      ORDER BY r.served_on, r.started_at, r.record_id) TO STDOUT (FORMAT csv)
"""
_PLAIN = """
SELECT extract(year FROM served_on) * 100 + extract(month FROM served_on) AS month, provenance, count(*),
       sum(service_minutes), sum(credited_minutes)
FROM service_record_revision r
WHERE state = 'final' AND NOT EXISTS (SELECT 1 FROM service_record_revision l
                                      WHERE l.record_id = r.record_id AND l.number = r.number + 1)
GROUP BY 1, 2
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.reports", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, default=1_000_000, help="exported")
    parser.add_argument("--all-records", type=int, default=10_000_000, help="in the table by month")
    parser.add_argument("--json", action="store_true", help="print every number of every round, for a program")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="timebank-benchmark-") as folder, ExitStack() as stack:
        server = stack.enter_context(running_server(durable=True))
        [settings] = stack.enter_context(databases.on_postgres(server, Path(folder) / "postgresql", "reports"))
        records.places(settings)
        records.records(settings, 0, options.records - 1)
        rounds = _exports(settings, Path(folder), options.records, options.rounds)
        memory = _memory(settings, options.records)
        if options.all_records > options.records:
            records.records(settings, options.records, options.all_records - 1)
        rounds |= _tables(settings, options.all_records, options.rounds)
    if options.json:
        print(json.dumps(report.as_json(rounds, NAMES, RATIOS) | {"peak_megabytes": memory}, indent=1))
        return
    print(f"{report.table(rounds, NAMES)}\n\n{report.ratios(rounds, RATIOS)}\n")
    for form, (before, most) in memory.items():
        verdict = "met" if most < MOST_MEGABYTES else "MISSED"
        print(
            f"peak memory of the {form} export: {most} MB   < {MOST_MEGABYTES}  {verdict}   ({before} MB before it began)"
        )


def _exports(settings: Settings, folder: Path, count: int, rounds: int) -> Rounds:
    url = databases.libpq(settings.database_url)
    ways: dict[str, Callable[[], object]] = {
        "copy": lambda: _copy(url, folder / "copy.csv"),
        "csv": lambda: _export(Form.CSV, folder / "export.csv"),
        "xlsxwriter": lambda: _xlsxwriter(folder / "alone.xlsx", count),
        "xlsx": lambda: _export(Form.XLSX, folder / "export.xlsx"),
    }
    if count >= xlsx_file.MAX_ROWS:
        raise SystemExit("a sheet has no room for so many")
    if "rustpy_xlsxwriter" in sys.modules:
        ways["rustpy"] = lambda: _rustpy(folder / "rust.xlsx", count)
    app = create_app(settings)
    with app.app_context():
        found = _in_rounds(ways, rounds, each=count)
        db.engine.dispose()
    return found


def _tables(settings: Settings, count: int, rounds: int) -> Rounds:
    app = create_app(settings)
    with app.app_context():
        in_unit_of_work(summary.rebuild)
        plain = in_unit_of_work(lambda: {tuple(row) for row in session.execute(text(_PLAIN))}, write=False)
        ours = in_unit_of_work(lambda: service.answer(MONTHS, EVERYTHING), write=False, snapshot=True)
        minutes = sum(item["service_minutes"] for item in ours.items())
        assert minutes == sum(int(row[3]) for row in plain) == 120 * count, "the two differ"
        ways: dict[str, Callable[[], object]] = {
            "plain": lambda: in_unit_of_work(lambda: _exhaust(session.execute(text(_PLAIN))), write=False),
            "summary": lambda: _exhaust(
                in_unit_of_work(lambda: service.answer(MONTHS, EVERYTHING), write=False, snapshot=True).rows
            ),
        }
        found = _in_rounds(ways, rounds, each=1)
        db.engine.dispose()
    return found


def _in_rounds(ways: dict[str, Callable[[], object]], rounds: int, *, each: int) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {name: [] for name in ways}
    for number in range(rounds + 1):  # the first one warms up
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            seconds = time.perf_counter() - began
            if number:
                found[name].append(Run(seconds=seconds, latencies=[seconds * 1000], each=each))
        print(f"  round {number} of {rounds}", file=sys.stderr)
    return found


def _exhaust(rows: Any) -> None:
    for _ in rows:
        pass


def _copy(url: str, path: Path) -> None:
    with psycopg.connect(url) as connection, connection.cursor().copy(_COPY) as copying, path.open("wb") as file:
        for part in copying:
            file.write(part)


def _export(form: Form, path: Path) -> int:
    """Export all records as ``POST /statistics/exports`` does, but for the register; return how many those were."""

    def write() -> int:
        answer: Report = service.answer(RECORDS, EVERYTHING)
        with path.open("wb") as file:
            return forms.write(answer, form, file, typeface()).rows

    return in_unit_of_work(write, write=False, snapshot=True)


def _rows(count: int) -> Iterator[tuple[Any, ...]]:
    """Yield rows as a file shows them, made out of nothing: what a writer alone takes."""
    at = datetime(2026, 1, 1, 9, tzinfo=UTC).replace(tzinfo=None)
    for number in range(count):
        yield (
            f"11111111-1111-1111-1111-{number:012x}",
            f"{1_000_000_000 + number % records.PEOPLE}",
            "王**",
            f"志愿服务队{number % records.ORGANISATIONS}",
            f"社区食堂帮厨{number % records.ACTIVITIES}",
            "为老服务",
            f"邻里中心{number % 500}",
            date(2026, 1, 1),
            at,
            at,
            120,
            120,
            "本人扫码",
            0,
        )


def _xlsxwriter(path: Path, count: int) -> None:
    with Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        day, instant = (book.add_format({"num_format": form}) for form in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"))
        for row, cells in enumerate(_rows(count)):
            for column, cell in enumerate(cells):
                if isinstance(cell, str):
                    sheet.write_string(row, column, cell)
                elif isinstance(cell, int):
                    sheet.write_number(row, column, cell)
                else:
                    sheet.write_datetime(row, column, cell, instant if isinstance(cell, datetime) else day)


def _rustpy(path: Path, count: int) -> None:
    names = [name for name, _ in COLUMNS]
    rustpy_xlsxwriter.write_worksheet((dict(zip(names, row, strict=True)) for row in _rows(count)), str(path))


def _memory(settings: Settings, count: int) -> dict[str, tuple[int, int]]:
    auditor = _auditor(settings)
    return {str(form): _megabytes(settings, form, auditor, count) for form in (Form.CSV, Form.XLSX)}


def _auditor(settings: Settings) -> UUID:
    """Enrol an auditor of the whole bank, for whom a worker exports."""

    def enrol() -> UUID:
        person = identity.enrol(display_name="审计员")
        identity.grant(person_id=person.id, granted=Grant(Role.AUDITOR, area_path=""))
        return person.id

    with create_app(settings).app_context():
        person_id = in_unit_of_work(enrol)
        db.engine.dispose()
    return person_id


def _megabytes(settings: Settings, form: Form, person_id: UUID, count: int) -> tuple[int, int]:
    """Return the most memory that a worker takes before it exports all records, and until it has."""
    environment = environment_of(settings)
    Path(environment["PROMETHEUS_MULTIPROC_DIR"]).mkdir(exist_ok=True)
    command = [sys.executable, "-m", "benchmarks.exporting", str(form), str(person_id)]
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["rows"] == count, "not all records were exported"
    return found["before"], found["most"]


if __name__ == "__main__":
    main()
