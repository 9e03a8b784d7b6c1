"""Draws the pictures of docs/reports.md and docs/certificates.md anew, out of the demo street: ``python docs/draw_pictures.py``.

Needs the tools for development; for the spreadsheet LibreOffice Calc (Debian: libreoffice-calc) and for the shared page
Chromium (Debian: chromium), which show them as their readers see them. What is in the pictures is invented, as the street is. The street lives in a folder that is gone afterwards.
"""

import dataclasses
import io
import json
import os
import shutil
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import flask_migrate
import openpyxl
import pypdfium2
from openpyxl.worksheet.properties import PageSetupProperties
from PIL import Image, ImageChops
from sqlalchemy import func, select

from timebank import clock
from timebank.application import create_app
from timebank.database import in_unit_of_work, new_id, session
from timebank.demo import street
from timebank.demo.names import named
from timebank.documents.typefaces import NOTO
from timebank.policies.rules import BUILT_IN
from timebank.records import queries as records
from timebank.records import service
from timebank.records.models import Revision
from timebank.records.rules import Provenance, Served, SourceType
from timebank.settings import Settings
from timebank.web import tokens
from timebank.web.api import PREFIX

PICTURES = Path(__file__).with_name("pictures")
YEAR = "from=2026-01-01&to=2026-12-31"
REPORT = (
    f"/statistics/report?{YEAR}&rows=month,area&level=3&measures=people,person_times,service_minutes,credited_minutes"
)
CHARTS = ("month", "area", "provenance")
SCALE = 1.3
A4_ON_ITS_SIDE, LANDSCAPE = 9, "landscape"
SAME = (
    "volunteer_id",
    "activity_id",
    "activity_name",
    "content",
    "organisation_id",
    "organisation_name",
    "area_id",
    "area_path",
    "place",
    "leader_id",
)
EVENING = timedelta(hours=10)
FIRST_IMPORTED = 200
"""So many records of the year before the street had this system."""
ROWS_SHOWN = 24
COLOURS = 24
MARGIN = 12
"""Pixels around a spreadsheet."""
SHARED = {
    "rows": "area",
    "level": 3,
    "from": "2026-01-01",
    "to": "2026-12-31",
    "measures": "people,person_times,service_minutes",
    "reason": "年报交街道办事处",
}
TELEPHONE = "500,1500"
"""Pixels; Chromium without a screen makes no narrower window."""


def main() -> None:
    """Seed a street, ask it as its administrator and its busiest volunteer would, and keep the answers."""
    with tempfile.TemporaryDirectory() as home:
        app = create_app(a_street_in(Path(home)))
        with app.app_context():
            flask_migrate.upgrade()
            street.settle()
            in_unit_of_work(serve_otherwise)
            admin = headers(named("staff/admin"))
            volunteer_id, organisation_id = in_unit_of_work(the_busiest, write=False)
            volunteer = headers(volunteer_id)
        client = app.test_client()  # outside: no request sees what another one has looked up

        def asked(path: str) -> bytes:
            return answered(client.get(PREFIX + path, headers=admin))

        for chart in CHARTS:
            (PICTURES / f"chart-{chart}.svg").write_bytes(asked(f"/statistics/charts/{chart}?{YEAR}&level=3"))
        keep_pages("report", asked(f"{REPORT}&format=pdf"), 2)
        keep_sheets("spreadsheet", asked(f"{REPORT}&format=xlsx"), Path(home))
        keep_pages("five-societies", asked(f"/statistics/five-societies?{YEAR}&format=pdf"), 1)
        keep_pages("certificate", a_certificate(client, volunteer, organisation_id), 2)
        keep_screen("shared-page", a_shared_page(client, admin), Path(home))


def a_street_in(home: Path) -> Settings:
    """Return the demo's settings, with everything in one folder."""
    os.environ |= {"TIMEBANK_ENV": "demo", "TIMEBANK_HOME": str(home)}
    url = f"sqlite:///{home / 'street.db'}"
    return dataclasses.replace(Settings.from_environment(), database_url=url, owner_database_url=url)


def headers(person_id: UUID) -> dict[str, str]:
    """Return what somebody sends who is signed in."""
    return {"Authorization": f"Bearer {tokens.issue(person_id=person_id, session_id=named('picture'))}"}


def serve_otherwise() -> None:
    """Have some of the street come again in the evening, without a phone: it scans for itself all year long."""
    every = select(Revision).where(records.is_final(), records.is_current()).order_by(Revision.started_at, Revision.id)
    for index, one in enumerate(list(session.scalars(every))):
        provenance = {0: Provenance.STAFF_SCAN, 2: Provenance.STAFF_SCAN, 5: Provenance.SUPPLEMENT}.get(index % 9)
        if index < FIRST_IMPORTED and provenance:
            provenance = Provenance.IMPORT
        if provenance:
            told = {name: getattr(one, name) for name in SAME}
            later = {"started_at": one.started_at + EVENING, "ended_at": one.ended_at + EVENING}
            served = Served(
                **told,
                **later,
                source_type=SourceType.ATTENDANCE,
                source_id=new_id(),
                provenance=provenance,
                shift_id=None,
                reviewed=True,
            )
            with clock.at(served.ended_at):
                service.record_service(
                    served=served, policy=BUILT_IN, actor_id=named("staff/admin"), now=served.ended_at
                )


def the_busiest() -> Any:
    """Return who has served most at one organisation, and which that is."""
    certified = select(Revision.volunteer_id, Revision.organisation_id).where(records.is_final(), records.is_current())
    found = certified.group_by(Revision.volunteer_id, Revision.organisation_id)
    return session.execute(found.order_by(func.sum(Revision.service_minutes).desc()).limit(1)).one()


def a_certificate(client: Any, who: dict[str, str], organisation_id: UUID) -> bytes:
    """Have somebody issue a certificate to themselves, and return it."""
    body = {"organisation_id": str(organisation_id)}
    made = client.post(f"{PREFIX}/me/certificates", json=body, headers=who | {"Idempotency-Key": "picture"})
    number = json.loads(answered(made))["number"]
    return answered(client.get(f"{PREFIX}/certificates/{number}.pdf", headers=who))


def a_shared_page(client: Any, who: dict[str, str]) -> bytes:
    """Have somebody share figures of the year, and return the page that the link opens in a browser."""
    made = client.post(f"{PREFIX}/statistics/links", json=SHARED, headers=who | {"Idempotency-Key": "picture"})
    path = json.loads(answered(made))["path"]
    return answered(client.get(path, headers={"Accept": "text/html"}))


def answered(answer: Any) -> bytes:
    """Return what was answered. Raises SystemExit for a refusal."""
    if answer.status_code not in {200, 201}:
        raise SystemExit(answer.text)
    return bytes(answer.data)


def keep_pages(name: str, pdf: bytes, count: int) -> None:
    """Keep the first pages of a PDF as pictures."""
    for number, page in enumerate(list(pypdfium2.PdfDocument(pdf))[:count], start=1):
        keep(f"{name}-page-{number}", page.render(scale=SCALE).to_pil())


def keep_sheets(name: str, xlsx: bytes, folder: Path) -> None:
    """Keep the sheets of a spreadsheet as pictures, as LibreOffice shows them: with their grid and the names of columns."""
    book = openpyxl.load_workbook(io.BytesIO(xlsx))
    for sheet in book.worksheets:
        sheet.delete_rows(ROWS_SHOWN + 1, sheet.max_row)
        sheet.print_options.gridLines = sheet.print_options.headings = True
        sheet.page_setup.orientation, sheet.page_setup.paperSize = LANDSCAPE, A4_ON_ITS_SIDE
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_setup.fitToHeight = 0
    book.save(folder / f"{name}.xlsx")
    fonts = folder / ".fonts"
    fonts.mkdir()
    shutil.copy(NOTO, fonts)
    command = ["soffice", "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(folder / f"{name}.xlsx")]
    subprocess.run(command, check=True, env=os.environ | {"HOME": str(folder)}, stdout=subprocess.DEVNULL)
    pages = list(pypdfium2.PdfDocument((folder / f"{name}.pdf").read_bytes()))
    for title, page in (("figures", pages[0]), ("definitions", pages[-1])):
        keep(f"{name}-{title}", trimmed(page.render(scale=1.5 * SCALE).to_pil()))


def keep_screen(name: str, page: bytes, folder: Path) -> None:
    """Keep a page as a telephone shows it."""
    (folder / f"{name}.html").write_bytes(page)
    shot = folder / f"{name}.png"
    command = ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={folder / 'browser'}"]
    command += [f"--window-size={TELEPHONE}", f"--screenshot={shot}", str(folder / f"{name}.html")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    keep(name, Image.open(shot))


def keep(name: str, picture: Image.Image) -> None:
    """Keep a picture in few colours: charts have five."""
    picture.convert("RGB").quantize(COLOURS).save(PICTURES / f"{name}.png", optimize=True)


def trimmed(picture: Image.Image) -> Image.Image:
    """Return a picture without the empty paper around what is on it."""
    left, top, right, bottom = ImageChops.invert(picture.convert("L")).getbbox() or (0, 0, *picture.size)
    return picture.crop((left - MARGIN, top - MARGIN, right + MARGIN, bottom + MARGIN))


if __name__ == "__main__":
    main()
