"""What a worker is before its first request: what it has loaded, and what it leaves out of collections."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask

from timebank import worker
from timebank.application import MIGRATIONS
from timebank.web.observe import migration_head

LOADED_LATER = {
    "PIL": "pictures",
    "alembic": "migrations",
    "flask_migrate": "migrations",
    "httpx": "WeChat",
    "icalendar": "calendars",
    "numpy": "openpyxl",
    "openpyxl": "imports of XLSX",
    "qrcode": "QR codes",
    "reportlab": "PDF and charts",
    "timebank.demo.street": "the demo's data",
}
"""What no worker needs before somebody asks for what it is for: together as much memory as the rest of the application."""


def test_a_worker_leaves_its_application_out_of_collections(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stays for good is not looked through again and again."""
    monkeypatch.setattr(worker, "create_app", lambda: app)
    gc.unfreeze()  # the tests set aside what stays for theirs
    try:
        assert worker.application() is app
        assert gc.get_freeze_count() > 100_000
    finally:
        gc.freeze()


def test_a_worker_loads_what_serving_takes_and_no_more(tmp_path: Path) -> None:
    """What writes files, reads spreadsheets, migrates and calls WeChat is loaded by the first request that needs it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIMEBANK_")}
    environment["TIMEBANK_HOME"] = str(tmp_path)
    command = [
        sys.executable,
        "-c",
        "import sys; from timebank import worker; worker.create_app(); print(*sys.modules)",
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    loaded = {f"{name} (of {LOADED_LATER[name]})" for name in LOADED_LATER.keys() & set(done.stdout.split())}
    assert "timebank.application" in done.stdout.split()
    assert loaded == set()


def test_the_head_that_is_read_from_the_files_is_alembic_s(tmp_path: Path) -> None:
    """The newest revision is the one that alembic would name; two that are below none are told apart from one."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert migration_head(MIGRATIONS) == ScriptDirectory.from_config(config).get_current_head()

    versions = tmp_path / "versions"
    versions.mkdir()
    for revision, below in (("0001", None), ("0002", "0001"), ("0003", "0001")):
        quoted = "'" if revision == "0003" else '"'  # as alembic's template writes it, and as the formatter does
        lines = f"revision = {quoted}{revision}{quoted}\ndown_revision = {below and f'{quoted}{below}{quoted}'}\n"
        (versions / f"{revision}_x.py").write_text(lines)
    with pytest.raises(ValueError, match="too many values"):
        migration_head(tmp_path)
