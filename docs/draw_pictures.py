"""Draws pages of docs/reports.md and docs/certificates.md anew, out of the demo street: ``python docs/draw_pictures.py`` (with the tools for development).

What is in them is invented, as the street is. The street lives in a folder that is gone afterwards.
"""

import dataclasses
import json
import os
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

import flask_migrate
import pypdfium2
from sqlalchemy import func, select

from timebank.application import create_app
from timebank.database import in_unit_of_work, session
from timebank.demo import street
from timebank.demo.names import named
from timebank.records import queries as records
from timebank.records.models import Revision
from timebank.settings import Settings
from timebank.web import tokens
from timebank.web.api import PREFIX

PICTURES = Path(__file__).with_name("pictures")
YEAR = "from=2026-01-01&to=2026-12-31"
PAGES = {
    "five-societies": f"/statistics/five-societies?{YEAR}&format=pdf",
}
SCALE = 1.3


def main() -> None:
    """Seed a street, ask it as its administrator and its busiest volunteer would, and keep the answers."""
    with tempfile.TemporaryDirectory() as home:
        app = create_app(a_street_in(Path(home)))
        with app.app_context():
            flask_migrate.upgrade()
            street.settle()
            admin = headers(named("staff/admin"))
            volunteer_id, organisation_id = in_unit_of_work(the_busiest, write=False)
            volunteer = headers(volunteer_id)
        client = app.test_client()  # outside: no request sees what another one has looked up
        for name, path in PAGES.items():
            keep_page(name, answered(client.get(PREFIX + path, headers=admin)))
        keep_page("certificate", a_certificate(client, volunteer, organisation_id))


def a_street_in(home: Path) -> Settings:
    """Return the demo's settings, with everything in one folder."""
    os.environ |= {"TIMEBANK_ENV": "demo", "TIMEBANK_HOME": str(home)}
    url = f"sqlite:///{home / 'street.db'}"
    return dataclasses.replace(Settings.from_environment(), database_url=url, owner_database_url=url)


def headers(person_id: UUID) -> dict[str, str]:
    """Return what somebody sends who is signed in."""
    return {"Authorization": f"Bearer {tokens.issue(person_id=person_id, session_id=named('picture'))}"}


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


def answered(answer: Any) -> bytes:
    """Return what was answered. Raises SystemExit for a refusal."""
    if answer.status_code not in {200, 201}:
        raise SystemExit(answer.text)
    return bytes(answer.data)


def keep_page(name: str, pdf: bytes) -> None:
    """Keep the first page of a PDF as a picture."""
    page = pypdfium2.PdfDocument(pdf)[0]
    page.render(scale=SCALE).to_pil().save(PICTURES / f"{name}-page-1.png", optimize=True)


if __name__ == "__main__":
    main()
