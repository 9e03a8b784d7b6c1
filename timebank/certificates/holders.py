"""The one place where certificates ask who somebody is: their name, their number, and what their document shows."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from timebank.certificates.errors import HolderUnnamed
from timebank.errors import NotFound
from timebank.identity import queries as people
from timebank.identity.rules import name_until_given

__all__ = ["Holder", "document_reader", "holder_of", "name_of"]

Read = Callable[[UUID], str | None]
"""Returns somebody's document number as it may be printed, masked (居民身份证 330***********0021), or None."""

_readers: list[Read] = []


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a certificate is about."""

    name: str
    volunteer_no: str
    document: str | None


def document_reader(read: Read) -> Read:
    """Have ``read`` asked for the masked document number of a holder; whoever keeps documents registers it."""
    if read not in _readers:
        _readers.append(read)
    return read


def name_of(person_id: UUID) -> str | None:
    """Return what somebody on the staff is called."""
    person = people.person(person_id)
    return person.display_name if person else None


def holder_of(person_id: UUID) -> Holder:
    """Return a person as a certificate names them. Without a document on record there is none to print.

    Raises HolderUnnamed for somebody who has never said their name.
    """
    person = people.person(person_id)
    if person is None:
        raise NotFound
    if person.display_name == name_until_given(person.volunteer_no):
        raise HolderUnnamed
    document = next((found for read in _readers if (found := read(person_id))), None)
    return Holder(person.display_name, person.volunteer_no, document)
