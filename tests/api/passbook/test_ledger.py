"""Seals, verification and account proofs over HTTP, and the script that checks a proof without us."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from tests.factories.identity import a_person, a_staff_member, an_admin, signed_in
from tests.factories.ledger import a_volunteer_with, earned, redeemed
from tests.unit.ledger.sealing import sealed
from tests.unit.ledger.tampering import chain_of, execute
from timebank.database import new_id
from timebank.identity.models import Person
from timebank.identity.rules import Role
from timebank.ledger import anchors, proof
from timebank.ledger.queries import entry

SEALS, PROOF = "/api/v1/ledger/seals", "/api/v1/me/account/proof"
SCRIPT = Path(__file__).parents[3] / "docs" / "verify_proof.py"


def _auditor() -> dict[str, str]:
    return signed_in(a_staff_member(Role.AUDITOR, area_path=""))


def _make(client: FlaskClient, headers: dict[str, str], key: str = "") -> TestResponse:
    return client.post(SEALS, headers={**headers, "Idempotency-Key": key or str(new_id())})


@pytest.fixture
def zhang(app: Flask) -> Person:
    """A member with two lines, among others who have some as well."""
    for _ in range(4):
        a_volunteer_with(30)
    person = a_person()
    earned(person.id, 60)
    redeemed(person.id, 20)
    return person


# --- seals ------------------------------------------------------------------------------------------------------------


def test_auditors_and_administrators_seal(client: FlaskClient, zhang: Person) -> None:
    """Each seal is chained to the one before; a retry with the same key makes no second one."""
    first = _make(client, _auditor())
    again = signed_in(an_admin())
    second, replayed = _make(client, again, "k"), _make(client, again, "k")
    assert (first.status_code, second.status_code, replayed.status_code) == (201, 201, 201)
    assert (first.json["n"], first.json["accounts"], first.json["entries"], first.json["transfers"]) == (1, 5, 6, 6)
    assert second.json["previous"] == first.json["hash"]
    assert replayed.json == second.json


@pytest.mark.parametrize("role", [Role.COUNTER, Role.COORDINATOR])
def test_nobody_else_seals(client: FlaskClient, app: Flask, role: Role) -> None:
    """Who works at the counter or leads activities does not."""
    assert _make(client, signed_in(a_staff_member(role, area_path=""))).status_code == 403


def test_everybody_reads_the_seals(client: FlaskClient, zhang: Person) -> None:
    """Without a token, newest first, in pages; what is shown reads back as a published seal."""
    for _ in range(3):
        sealed()
    page = client.get(f"{SEALS}?limit=2").json
    rest = client.get(page["next"]).json
    assert [seal["n"] for seal in page["items"] + rest["items"]] == [3, 2, 1]
    assert rest["next"] is None
    assert [seal.n for seal in anchors.read(json.dumps(page))] == [3, 2]
    assert proof.verify(anchors=anchors.read(json.dumps(page))).ok


# --- verification -----------------------------------------------------------------------------------------------------


def test_an_auditor_verifies(client: FlaskClient, zhang: Person) -> None:
    """The report of the command, also from a seal on."""
    sealed()
    headers = _auditor()
    whole = client.get("/api/v1/ledger/verification", headers=headers).json
    since = client.get("/api/v1/ledger/verification?since_seal=1", headers=headers).json
    assert (whole["ok"], whole["entries"], whole["seals"], whole["findings"]) == (True, 6, 1, [])
    assert (since["ok"], since["since_seal"], since["transfers"]) == (True, 1, 0)
    assert client.get("/api/v1/ledger/verification?since_seal=2", headers=headers).status_code == 404


def test_a_verification_names_the_row(client: FlaskClient, zhang: Person) -> None:
    """What is wrong is an answer, not an error."""
    execute(update(entry).where(entry.c.account_id == chain_of(zhang.id)[0].account_id).values(balance_after=9))
    found = client.get("/api/v1/ledger/verification", headers=_auditor()).json
    assert not found["ok"]
    assert {"fault": "entry_hash", "row": f"ledger_entry {chain_of(zhang.id)[0].account_id}/1", "count": 2} in found[
        "findings"
    ]


def test_verifying_is_not_for_everybody_and_not_without_end(client: FlaskClient, app: Flask) -> None:
    """Volunteers may not; an auditor may a few times a minute, for it reads everything."""
    assert client.get("/api/v1/ledger/verification", headers=signed_in(a_person())).status_code == 403
    headers = _auditor()
    answers = [client.get("/api/v1/ledger/verification", headers=headers).status_code for _ in range(7)]
    assert answers == [200] * 6 + [429]


# --- the proof of one account -----------------------------------------------------------------------------------------


def test_without_a_seal_there_is_no_proof(client: FlaskClient, zhang: Person) -> None:
    """It is said so, and what to wait for."""
    answer = client.get(PROOF, headers=signed_in(zhang))
    assert (answer.status_code, answer.json["code"]) == (404, "NOT_SEALED_YET")


def _run(folder: Path, found: Any, published: Any) -> subprocess.CompletedProcess[str]:
    files = [folder / "proof.json", folder / "seals.json"]
    for file, content in zip(files, (found, published), strict=True):
        file.write_text(json.dumps(content), encoding="utf-8")
    command = [sys.executable, "-I", str(SCRIPT), *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def test_a_saved_proof_is_checked_without_us(client: FlaskClient, zhang: Person, tmp_path: Path) -> None:
    """The script of docs/ says proven; later seals change nothing about it."""
    sealed()
    found = client.get(PROOF, headers=signed_in(zhang)).json
    redeemed(zhang.id, 5)
    sealed()
    done = _run(tmp_path, found, client.get(SEALS).json)
    assert (done.returncode, done.stderr) == (0, "")
    assert found["leaf"]["head"][-8:] in done.stdout
    assert found["leaf"]["head"] == chain_of(zhang.id)[1].hash.hex()
    namespace = UUID("6f0c4c1e-5d0b-5e0f-9b55-7e1f6a3d2c84")
    assert found["leaf"]["account_id"] == str(uuid5(namespace, f"1:{zhang.id}")), "docs/ledger.md says so"


@pytest.mark.parametrize("what", ["head", "seq", "path", "root", "entries", "unpublished"])
def test_a_proof_that_was_changed_proves_nothing(client: FlaskClient, zhang: Person, tmp_path: Path, what: str) -> None:
    """Whatever is changed, in the proof or in the seal, the script says so and ends with 1."""
    sealed()
    found, published = client.get(PROOF, headers=signed_in(zhang)).json, client.get(SEALS).json
    if what == "head":
        found["leaf"]["head"] = "00" * 32
    elif what == "seq":
        found["leaf"]["seq"] += 1
    elif what == "path":
        found["path"][0]["hash"] = "00" * 32
    elif what == "unpublished":
        published["items"] = []
    else:
        published["items"][0][what] = "00" * 32 if what == "root" else 99
    done = _run(tmp_path, found, published)
    assert (done.returncode, "NOT proven" in done.stderr) == (1, True)


def test_the_script_is_short_and_needs_nothing_of_ours() -> None:
    """At most 40 lines, and only what comes with Python."""
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    modules = [line.split()[1] for line in lines if line.startswith(("import ", "from "))]
    assert len(lines) <= 40
    assert set(modules) <= sys.stdlib_module_names
