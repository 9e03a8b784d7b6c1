"""What can be printed: a name with a hole in it is no name, and a flower behind an activity's name is no part of it."""

from timebank.certificates.rules import Statement
from timebank.documents.emoji import is_picture
from timebank.documents.errors import GlyphMissing
from timebank.documents.tables import clean
from timebank.documents.typefaces import Typeface, code_points


def refuse_missing(statement: Statement, face: Typeface) -> None:
    """Raise GlyphMissing if a character of a certificate would print as a hole: before a number is used up for it.

    Each character is looked at once, however long the certificate is: a transaction waits for this.
    """
    names = statement.names
    strictly = (
        statement.organisation_name,
        names.holder_name,
        names.document,
        names.person_in_charge,
        names.handler,
        names.contact,
    )
    prose = {text for entry in statement.entries for text in (entry.activity_name, entry.content, entry.place)}
    needed = {text for text in strictly if text} | {text for text in prose if _has_only_pictures(text)}
    characters = set(clean("".join(needed))) | {one for one in set(clean("".join(prose))) if not is_picture(one)}
    missing = sorted(one for one in characters if not one.isspace() and not face.has(one))
    if missing:
        raise GlyphMissing(characters=code_points(missing))


def _has_only_pictures(text: str) -> bool:
    return all(one.isspace() or is_picture(one) for one in text)
