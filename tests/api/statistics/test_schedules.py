"""Exports by schedule: the period that is over, each file once, and what is missing named."""

import hashlib
import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.statistics.conftest import Bank, shanghai
from tests.factories.identity import signed_in
from tests.factories.organisations import an_organisation
from tests.factories.records import a_record
from timebank import clock
from timebank.commands import cli
from timebank.database import in_unit_of_work
from timebank.statistics import exports
from timebank.statistics.models import Export
from timebank.statistics.questions import Question

EXPORTS = "/api/v1/statistics/exports"


def scheduled(app: Flask, *arguments: str, code: int = 0) -> list[str]:
    """Run the export of a schedule in January 2027; return what it says."""
    with clock.at(shanghai(2027, 1, 1, 0, 30)):
        done = app.test_cli_runner().invoke(cli, ["statistics", "export", *arguments])
    assert done.exit_code == code, done.output
    return done.output.splitlines()


def kept_files(app: Flask) -> Path:
    """Return where files are kept by what is in them."""
    home: Path = app.extensions["timebank-settings"].home
    return home / "exports" / "files"


def test_a_schedule_writes_each_file_once(app: Flask, client: FlaskClient, bank: Bank) -> None:
    """The month that is over, each file with its manifest; again nothing changes, and a lost copy comes back."""
    first = scheduled(app, "--every", "month", "--form", "csv", "--form", "pdf")
    folder: Path = app.extensions["timebank-settings"].home / "exports" / "month" / "2026-12"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    manifest = json.loads(files["hours-by-organisation.csv.manifest.json"])

    assert "month/2026-12/records.csv rows=1" in first
    assert not [line for line in first if "records.pdf" in line]
    assert manifest["sha256"] == hashlib.sha256(files["hours-by-organisation.csv"]).hexdigest()
    assert (manifest["question"]["from"], manifest["question"]["to"]) == ("2026-12-01", "2026-12-31")
    (folder / "five-societies.csv").unlink()
    a_record(organisation=bank.one, started_at=shanghai(2026, 12, 5, 9))
    second = scheduled(app, "--every", "month", "--form", "csv", "--form", "pdf")
    assert second == [f"{line} (there)" for line in first]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    listed = client.get(f"{EXPORTS}?limit=200", headers=signed_in(bank.admin)).json["items"]
    assert (len(listed), {entry["reason"] for entry in listed}) == (len(first), {"定期导出"})


def test_one_missing_file_keeps_no_other_back(app: Flask, bank: Bank) -> None:
    """What is kept comes back from its copy; what is gone twice is named, the rest is written, and the command fails."""
    first = scheduled(app, "--every", "month", "--form", "csv")
    folder = kept_files(app).parent / "month" / "2026-12"
    lost = [folder / f"{name}.csv" for name in ("hours-by-organisation", "hours-by-area")]
    for path in lost:
        (kept_files(app) / f"{hashlib.sha256(path.read_bytes()).hexdigest()}.csv").unlink()
    lost[0].unlink()
    (folder / "records.csv").unlink()

    second = scheduled(app, "--every", "month", "--form", "csv", code=1)

    gone = "month/2026-12/hours-by-organisation.csv FAILED: EXPORT_FILE_GONE"
    assert [line for line in second if not line.endswith("(there)")] == [gone]
    assert len(second) == len(first)
    assert (folder / "records.csv").exists()
    assert (kept_files(app) / f"{hashlib.sha256(lost[1].read_bytes()).hexdigest()}.csv").exists()


def test_one_refused_file_keeps_no_other_back(app: Flask, bank: Bank) -> None:
    """A name that no font prints stops its own PDF and nothing else."""
    a_record(organisation=an_organisation("𠮷野队"), started_at=shanghai(2026, 12, 5, 9))

    told = scheduled(app, "--every", "month", "--form", "csv", "--form", "pdf", code=1)

    assert "month/2026-12/hours-by-organisation.pdf FAILED: GLYPH_MISSING" in told
    assert "month/2026-12/hours-by-category.pdf rows=2" in told


@pytest.mark.parametrize(
    ("every", "period", "days"),
    [("quarter", "2026-Q4", ("2026-10-01", "2026-12-31")), ("year", "2026", ("2026-01-01", "2026-12-31"))],
)
def test_quarters_and_years_are_whole(app: Flask, bank: Bank, every: str, period: str, days: tuple[str, str]) -> None:
    """At the turn of the year the quarter and the year that are over are exported."""
    scheduled(app, "--every", every, "--form", "csv")
    folder: Path = app.extensions["timebank-settings"].home / "exports" / every / period

    question = json.loads((folder / "bank-by-month.csv.manifest.json").read_bytes())["question"]
    assert (question["from"], question["to"]) == days


def test_two_schedules_at_once_register_one(app: Flask, bank: Bank) -> None:
    """Both have written the same file; the second is answered with the first one's entry."""
    row = {
        "id": bank.people[0],
        "actor_id": bank.people[0],
        "reason": "定期导出",
        "question": Question().as_json(),
        "scope": [],
        "masked": True,
        "form": "csv",
        "rows": 1,
        "size_bytes": 1,
        "sha256": bytes(32),
        "seal_n": None,
        "corrections_seen": 0,
        "manifest": {},
        "schedule_key": "month/2026-12/x.csv",
        "generated_at": clock.now(),
    }
    first = in_unit_of_work(lambda: exports.register(row))
    second: Export = in_unit_of_work(lambda: exports.register(row | {"id": bank.people[1]}))

    assert (first.id, second.id) == (bank.people[0], bank.people[0])
