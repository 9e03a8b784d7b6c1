"""Document numbers over HTTP: one's own, and what staff enter from a document."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any, TypeVar

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.factories.calls import Caller, body_of, problem
from tests.factories.identity import a_coordinator, a_person
from tests.factories.organisations import an_organisation
from tests.factories.people import a_document, a_resident_number, the_keys
from tests.factories.protection import a_consent, a_minor
from timebank.certificates.holders import holder_of
from timebank.database import in_unit_of_work, session
from timebank.identity import documents
from timebank.identity.document_errors import VaultKeyMissing
from timebank.identity.document_keys import Algorithm, DocumentKeys
from timebank.identity.document_models import Document, DocumentClash, SealedNumber
from timebank.identity.document_rules import DocumentKind
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Purpose

Found = TypeVar("Found")
VAULT = (bytes(32), bytes(range(32)))


@pytest.fixture
def me(app: Flask) -> Person:
    """Somebody."""
    return a_person()


@pytest.fixture
def clerk(app: Flask) -> Actor:
    """A coordinator."""
    return a_coordinator(an_organisation().id)


def enter(client: FlaskClient, who: Any, number: str, kind: str = "resident_id") -> Any:
    """Have somebody enter their own number."""
    return Caller(client, who).put("/me/document", {"kind": kind, "number": number})


def see(client: FlaskClient, clerk: Actor, person: Person, number: str, **body: Any) -> Any:
    """Have staff enter a number from the document."""
    sent = {"kind": "resident_id", "number": number} | body
    if "organisation_id" not in sent:
        sent["organisation_id"] = str(clerk.grants[0].organisation_id)
    return Caller(client, clerk).put(f"/people/{person.id}/document", sent)


def seen(look: Callable[[], Found]) -> Found:
    """Return what is there now."""
    return in_unit_of_work(look, write=False)


def with_vault(*vault: bytes) -> DocumentKeys:
    """Return the application's keys with these of a vault."""
    return DocumentKeys(Algorithm.SHA256, the_keys().hashing, vault)


@pytest.mark.rule("R37")
def test_a_number_is_kept_as_a_keyed_hash_and_its_last_four(client: FlaskClient, me: Person) -> None:
    """The answer shows the last four; the row holds a hash of 32 bytes and nothing of the rest; there is no vault."""
    number = a_resident_number()
    shown = body_of(enter(client, me, number))
    assert (shown["kind"], shown["masked"], shown["seen_by_staff"]) == (
        "resident_id",
        f"居民身份证 **************{number[-4:]}",
        False,
    )
    row = session.get_one(Document, me.id)
    assert (len(row.number_hash), row.algorithm, row.last_four) == (32, "sha256", number[-4:])
    assert number not in repr(vars(row))
    assert session.scalar(select(func.count()).select_from(SealedNumber)) == 0


def test_the_birth_date_in_the_number_is_the_one_on_record(client: FlaskClient, me: Person) -> None:
    """Nobody has to type it again; another one is refused, and so is a number that says another."""
    born = date(1955, 3, 8)
    body_of(enter(client, me, a_resident_number(born)))
    assert seen(lambda: session.get_one(Person, me.id)).birth_on == born
    other = a_minor(date(1960, 1, 1))
    assert problem(enter(client, other, a_resident_number(born))) == (409, "DOCUMENT_BIRTH_DIFFERS")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "resident_id", "number": "110105194912310021"}, "/number"),
        ({"kind": "resident_id", "number": "1\u00001"}, "/number"),
        ({"kind": "resident_id", "number": "👵" * 18}, "/number"),
        ({"kind": "library_card", "number": "110105194912310021"}, "/kind"),
        ({"kind": "resident_id"}, "/number"),
    ],
)
def test_what_cannot_be_a_number_is_refused_without_repeating_it(
    client: FlaskClient, me: Person, body: dict[str, str], pointer: str
) -> None:
    """The problem says where and why; the number is not in it."""
    answer = Caller(client, me).put("/me/document", body)
    assert problem(answer) == (422, "INVALID")
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]  # type: ignore[index]
    assert "number" not in body or body["number"] not in answer.text


def test_a_person_enters_one_number_and_staff_replace_it(client: FlaskClient, me: Person, clerk: Actor) -> None:
    """The same again changes nothing; another one is for staff, who look at the document."""
    first, second = a_resident_number(), a_resident_number()
    entered = body_of(enter(client, me, first))
    assert body_of(enter(client, me, first)) == entered
    assert problem(enter(client, me, second)) == (409, "DOCUMENT_KNOWN")
    a_consent(me.id, Purpose.SERVICE_RECORD)
    shown = body_of(see(client, clerk, me, second))
    assert shown["seen_by_staff"] is True
    assert shown["masked"].endswith(second[-4:])
    # What staff have seen stays seen when the person types it once more.
    assert body_of(enter(client, me, second))["seen_by_staff"] is True


@pytest.mark.rule("R18")
def test_two_people_with_one_number_are_refused_and_suggested_to_staff(client: FlaskClient, me: Person) -> None:
    """The second is told by a code and not who has it; staff are shown that the two may be one. Twice is once."""
    number, other = a_resident_number(), a_person("李小红")
    body_of(enter(client, me, number))
    for _ in range(2):
        refused = enter(client, other, number)
        assert problem(refused) == (409, "DOCUMENT_TAKEN")
        assert number not in refused.text
        assert me.volunteer_no not in refused.text
    suggested = [(me.id, [other.id]), (other.id, [me.id]), (a_person().id, [])]
    assert [(one, seen(partial(documents.same_document, one))) for one, _ in suggested] == suggested
    assert session.scalar(select(func.count()).select_from(DocumentClash)) == 1


def test_staff_enter_documents_of_whom_they_may(client: FlaskClient, me: Person, clerk: Actor) -> None:
    """Without consent nobody's data are entered (令67 art 6); not at another's organisation, and not for oneself."""
    number = a_resident_number()
    assert problem(see(client, clerk, me, number)) == (403, "CONSENT_REQUIRED")
    a_consent(me.id, Purpose.SERVICE_RECORD)
    elsewhere = str(an_organisation().id)
    assert problem(see(client, clerk, me, number, organisation_id=elsewhere)) == (404, "NOT_FOUND")
    assert problem(see(client, Actor(me.id, ()), me, number, organisation_id=elsewhere)) == (403, "FORBIDDEN")
    themself = seen(lambda: session.get_one(Person, clerk.person_id))
    assert problem(see(client, clerk, themself, number)) == (403, "OWN_FAMILY")
    body_of(see(client, clerk, me, number))


def test_a_number_is_found_under_an_earlier_key_and_the_other_algorithm(app: Flask, me: Person) -> None:
    """After a change of secret or algorithm a number leads to the same person, and nobody else can have it."""
    number = a_resident_number()
    earlier = DocumentKeys(Algorithm.SM3, the_keys().hashing[1:])
    a_document(me.id, number, keys=earlier)
    spelt = documents.number_of(DocumentKind.RESIDENT_ID, number)
    unknown = documents.number_of(DocumentKind.RESIDENT_ID, a_resident_number())
    assert documents.holders_of([spelt, unknown], keys=the_keys()) == {spelt: me.id}
    assert documents.holder_of(unknown, keys=the_keys()) is None
    assert documents.under_lost_keys(keys=the_keys()) == 0
    assert documents.under_lost_keys(keys=DocumentKeys(Algorithm.SHA256, (b"another",))) == 1


def test_certificates_name_the_masked_document(app: Flask, me: Person) -> None:
    """The seam that waited is connected: whoever has a number on record has it on the certificate, masked."""
    assert seen(lambda: holder_of(me.id)).document is None
    number = a_resident_number()
    a_document(me.id, number)
    assert holder_of(me.id).document == f"居民身份证 **************{number[-4:]}"


def test_the_vault_keeps_numbers_and_changes_its_key(app: Flask, me: Person) -> None:
    """With a key the number can be had again; with a new one in front the command seals everything anew."""
    old, new = VAULT
    number, other = a_resident_number(), a_person("李小红")
    a_document(me.id, number, keys=with_vault(old))
    a_document(other.id, keys=with_vault(old))
    assert seen(lambda: documents.opened(me.id, keys=with_vault(old))) == number
    both = with_vault(new, old)
    assert in_unit_of_work(lambda: documents.rotate_vault(keys=both, limit=1)) == 1
    assert in_unit_of_work(lambda: documents.rotate_vault(keys=both, limit=10)) == 1
    assert in_unit_of_work(lambda: documents.rotate_vault(keys=both, limit=10)) == 0
    assert seen(lambda: documents.opened(me.id, keys=with_vault(new))) == number
    for person_id, keys in ((me.id, with_vault(old)), (a_person().id, both)):
        with pytest.raises(VaultKeyMissing):
            seen(partial(documents.opened, person_id, keys=keys))


def test_the_commands_rotate_and_check(app: Flask, me: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators see how many numbers were sealed anew, and whether hashes are under keys that are gone."""
    a_document(me.id, keys=with_vault(VAULT[0]))
    monkeypatch.setitem(current_app.extensions, "timebank-documents", with_vault(*reversed(VAULT)))
    runner = app.test_cli_runner()
    from timebank.commands import cli

    assert runner.invoke(cli, ["people", "rotate-vault"]).output.strip() == "resealed=1"
    assert runner.invoke(cli, ["people", "rotate-vault"]).output.strip() == "resealed=0"
    assert runner.invoke(cli, ["people", "check-documents"]).exit_code == 0
    monkeypatch.setitem(current_app.extensions, "timebank-documents", DocumentKeys(Algorithm.SHA256, (b"another",)))
    checked = runner.invoke(cli, ["people", "check-documents"])
    assert (checked.output.strip(), checked.exit_code) == ("under_lost_keys=1", 1)


def test_a_number_moves_to_the_person_it_turns_out_to_be(app: Flask, me: Person) -> None:
    """Merging takes the number along, keeps the one that is there, and a second time changes nothing."""
    other, third = a_person("王秀英"), a_person("王秀英")
    number = a_resident_number()
    a_document(me.id, number, keys=with_vault(VAULT[0]))
    a_document(third.id)
    spelt = documents.number_of(DocumentKind.RESIDENT_ID, number)
    for _ in range(2):
        in_unit_of_work(lambda: documents.move(from_id=me.id, to_id=other.id))
    assert seen(lambda: documents.holder_of(spelt, keys=the_keys())) == other.id
    assert seen(lambda: documents.document_of(me.id)) is None
    in_unit_of_work(lambda: documents.move(from_id=third.id, to_id=other.id))
    assert documents.holder_of(spelt, keys=the_keys()) == other.id
    assert documents.document_of(third.id) is None
