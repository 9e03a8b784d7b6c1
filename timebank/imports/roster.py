"""A roster: who belongs to an organisation. Each person is found by rule, or enrolled; nothing is ever guessed.

Two lines are one person if they have the number, the document number, or the name and telephone in common. The same
three find people on record. What leads to different people, or says something else of one, is a fault of the line.
"""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, select, update

from timebank import clock
from timebank.database import session
from timebank.direct import Rows
from timebank.identity import documents
from timebank.identity.document_rules import DocumentNumber
from timebank.identity.enrolments import enrol_many, newcomer
from timebank.identity.models import Person
from timebank.identity.rules import Actor, PersonState
from timebank.imports import document_numbers, people
from timebank.imports.faults import Code
from timebank.imports.lines import Lines
from timebank.imports.models import ImportedContact, ImportedNumber
from timebank.imports.people import Keys, Known
from timebank.imports.places import Place
from timebank.imports.roster_entries import Entries, Entry
from timebank.imports.rules import Counts, Done
from timebank.organisations import members, particulars
from timebank.organisations.models import Member
from timebank.organisations.particulars import NOTHING, Particulars

_NUMBERS = Rows(cast("Table", ImportedNumber.__table__))
_CONTACTS = Rows(cast("Table", ImportedContact.__table__))


@dataclass(frozen=True, slots=True, kw_only=True)
class _OnRecord:
    """What is on record: who has which number and document, who belongs where; ``documented`` have some document."""

    numbers: dict[tuple[UUID, UUID], str]
    memberships: dict[tuple[UUID, UUID], list[Member]]
    contacts: dict[bytes, UUID]
    documents: dict[DocumentNumber, UUID]
    documented: set[UUID]
    particulars: dict[UUID, Particulars]


class Roster:
    """What a roster would do, and does."""

    def __init__(self, lines: Lines, of_lines: dict[int, Place], keys: Keys) -> None:
        self.counts = Counts(lines=lines.counted)
        self._lines = lines
        self._keys = keys
        self._merging = Entries(lines, of_lines, self.counts)
        self._entries = self._merging.people
        self._meet_those_on_record()
        for entry in self._entries:
            if entry.person is None:
                self.counts.created += 1
            elif entry.changes:
                self.counts.changed += 1
            else:
                self.counts.unchanged += 1

    # --- those on record ----------------------------------------------------------------------------------------------

    def _meet_those_on_record(self) -> None:
        """Find who is on record already, in a few statements for all."""
        numbers = people.by_number({pair for entry in self._entries for pair in entry.numbers.items()})
        digests = {entry: self._digests(entry) for entry in self._entries}
        contacts = people.by_contact({digest for made in digests.values() for digest in made})
        holders = document_numbers.holders(
            [entry.said["document"] for entry in self._entries if "document" in entry.said], self._keys.documents
        )
        found = {
            entry: {
                *(person for pair in entry.numbers.items() for person in numbers.get(pair, ())),
                *(contacts[digest] for digest in digests[entry] if digest in contacts),
                *([holders[document]] if (document := entry.said.get("document")) in holders else ()),
            }
            for entry in self._entries
        }
        known = people.known({person for those in found.values() for person in those})
        met: dict[UUID, Entry] = {}
        self._entries = [entry for entry in self._entries if self._meets(entry, found[entry], known, met)]
        self._compare(contacts, holders)

    def _digests(self, entry: Entry) -> list[bytes]:
        phone = entry.said.get("phone")
        return self._keys.contacts.digests(entry.name, phone) if phone else []

    def _meets(self, entry: Entry, found: set[UUID], known: dict[UUID, Known], met: dict[UUID, Entry]) -> bool:
        """Say whom an entry means; whether it stays an entry of its own."""
        if not found:
            return True
        if len(found) > 1:
            self._lines.fault(entry.line.number, "", Code.AMBIGUOUS)
            return False
        person = known[next(iter(found))]
        code = _differs(entry, person)
        if code is not None:
            self._lines.fault(entry.line.number, _COLUMNS[code], code)
            return False
        entry.name = person.display_name  # a masked one is not to be kept with a telephone
        earlier = met.get(person.person_id)
        if earlier is not None:
            self._merging.merge(earlier, entry)
            return False
        met[person.person_id] = entry
        entry.person = person
        return True

    def _compare(self, contacts: dict[bytes, UUID], holders: dict[DocumentNumber, UUID]) -> None:
        """Work out what is new about people on record; what contradicts the record is a fault."""
        person_ids = {entry.person.person_id for entry in self._entries if entry.person}
        organisations = {one for entry in self._entries for one in entry.member_of}
        there = _OnRecord(
            numbers=people.numbers_of(person_ids, organisations),
            memberships=_memberships(person_ids, organisations),
            contacts=contacts,
            documents=holders,
            documented=document_numbers.on_record(person_ids),
            particulars=particulars.known(
                {entry.person.person_id for entry in self._entries if entry.person and _PARTICULARS & entry.said.keys()}
            ),
        )
        kept: list[Entry] = []
        for entry in self._entries:
            code = self._work_out(entry, there)
            if code is None:
                kept.append(entry)
            else:
                self._lines.fault(entry.line.number, _COLUMNS[code], code)
        self._entries = kept

    def _work_out(self, entry: Entry, there: _OnRecord) -> Code | None:
        person = entry.person
        said = entry.particulars(self._merging.areas)
        entry.new_particulars = said.beyond(there.particulars.get(person.person_id, NOTHING)) if person else said
        digests = self._digests(entry)
        if digests and not any(digest in there.contacts for digest in digests):
            entry.new_contact = digests[0]
        document = entry.said.get("document")
        if document is not None and document not in there.documents:
            entry.new_document = document
        if person is None:
            entry.new_numbers, entry.joins = entry.numbers, entry.member_of
            return None
        if entry.new_document is not None and person.person_id in there.documented:
            return Code.DOCUMENT_DIFFERS
        if entry.birth_on and person.birth_on is None:
            entry.adds.add("birth_on")
        return _number_news(entry, person, there.numbers) or _membership_news(entry, person, there.memberships)

    # --- carried out --------------------------------------------------------------------------------------------------

    def carry_out(self, actor: Actor) -> list[tuple[int, Done, UUID]]:
        """Write it; return what each line has made or changed."""
        new = {entry: newcomer(entry.name, entry.birth_on) for entry in self._entries if entry.person is None}
        enrol_many(newcomers=list(new.values()), by=actor.person_id)
        done: list[tuple[int, Done, UUID]] = []
        numbers: list[dict[str, Any]] = []
        contacts: list[dict[str, Any]] = []
        joins: list[tuple[UUID, UUID]] = []
        papers: list[documents.Given] = []
        told: dict[UUID, Particulars] = {}
        for entry in self._entries:
            if entry.person is None:
                person_id = new[entry].person_id
            elif entry.changes:
                person_id = entry.person.person_id
                _change(entry, actor)
            else:
                continue
            done.append((entry.line.number, Done.CHANGED if entry.person else Done.CREATED, person_id))
            numbers += [
                {"organisation_id": organisation_id, "number": number, "person_id": person_id}
                for organisation_id, number in entry.new_numbers.items()
            ]
            if entry.new_contact is not None:
                contacts.append({"digest": entry.new_contact, "person_id": person_id})
            if entry.new_document is not None:
                papers.append(documents.Given(person_id, entry.new_document, min(entry.member_of)))
            if entry.new_particulars != NOTHING:
                told[person_id] = entry.new_particulars
            joins += [(person_id, organisation_id) for organisation_id in sorted(entry.joins)]
        members.admit_many(pairs=joins, by=actor.person_id)
        _NUMBERS.insert_mappings(session.connection(), numbers)
        _CONTACTS.insert_mappings(session.connection(), contacts)
        people.lock(told.keys() - {one.person_id for one in new.values()})
        particulars.add_many(given=told, by=actor.person_id)
        documents.keep_many(given=papers, by=actor.person_id, keys=self._keys.documents)
        return done


_PARTICULARS = {"sex", "home", "skills"}
_COLUMNS = {
    Code.DOCUMENT_DIFFERS: "document",
    Code.NAME_DIFFERS: "name",
    Code.BIRTH_DIFFERS: "birth_on",
    Code.NUMBER_DIFFERS: "number",
    Code.PERSON_NOT_ACTIVE: "",
    Code.HAS_LEFT: "",
}


def _differs(entry: Entry, person: Known) -> Code | None:
    """Return what an entry says otherwise than the record."""
    if person.state != PersonState.ACTIVE:
        return Code.PERSON_NOT_ACTIVE
    if not person.is_called(entry.name):
        return Code.NAME_DIFFERS
    if entry.birth_on and person.birth_on and entry.birth_on != person.birth_on:
        return Code.BIRTH_DIFFERS
    return None


def _number_news(entry: Entry, person: Known, numbers: dict[tuple[UUID, UUID], str]) -> Code | None:
    for organisation_id, number in entry.numbers.items():
        there = numbers.get((organisation_id, person.person_id))
        if number in {there, person.volunteer_no, *person.former_nos}:
            continue
        if there is not None:
            return Code.NUMBER_DIFFERS
        entry.new_numbers[organisation_id] = number
    return None


def _membership_news(entry: Entry, person: Known, memberships: dict[tuple[UUID, UUID], list[Member]]) -> Code | None:
    for organisation_id in entry.member_of:
        known = memberships.get((organisation_id, person.person_id), [])
        open_one = next((one for one in known if one.ended_at is None), None)
        if open_one is None and known:
            return Code.HAS_LEFT
        if open_one is None:
            entry.joins.add(organisation_id)
        elif open_one.admitted_at is None:
            entry.admitted.add(open_one.id)
    return None


def _memberships(person_ids: set[UUID], organisations: set[UUID]) -> dict[tuple[UUID, UUID], list[Member]]:
    found: dict[tuple[UUID, UUID], list[Member]] = {}
    for piece in people.some_at_once(person_ids):
        rows = select(Member).where(Member.organisation_id.in_(organisations), Member.person_id.in_(piece))
        for member in session.scalars(rows):
            found.setdefault((member.organisation_id, member.person_id), []).append(member)
    return found


def _change(entry: Entry, actor: Actor) -> None:
    """Write what is new about somebody on record, but for what many rows are written of at once."""
    if entry.person is not None and "birth_on" in entry.adds:
        session.execute(
            update(Person)
            .where(Person.id == entry.person.person_id, Person.birth_on.is_(None))
            .values(birth_on=entry.birth_on, birth_entered_by=actor.person_id)
        )
    for member_id in entry.admitted:
        session.execute(
            update(Member)
            .where(Member.id == member_id, Member.admitted_at.is_(None), Member.ended_at.is_(None))
            .values(admitted_at=clock.now(), admitted_by=actor.person_id)
        )
