"""What can be printed: a name with a hole in it is no name, and a flower behind an activity's name is no part of it."""

from timebank.certificates.rules import Statement
from timebank.documents.emoji import is_picture, without_pictures
from timebank.documents.errors import GlyphMissing
from timebank.documents.tables import clean
from timebank.documents.typefaces import Typeface, code_points

MAX_CONTENT = 60
"""Characters of an activity's description: what was done, not the whole notice."""


def description(content: str, face: Typeface) -> str:
    """Return what is printed of an activity's description: its beginning, on one line, without emoji."""
    said = " ".join(without_pictures(content, face).split())
    return f"{said[:MAX_CONTENT]}…" if len(said) > MAX_CONTENT else said


def refuse_missing(statement: Statement, face: Typeface) -> None:
    """Raise GlyphMissing if a character of a certificate would print as a hole: before a number is used up for it.

    Each character is looked at once, however long the certificate is: a transaction waits for this.
    """
    entries = statement.entries
    if _missing(statement, {entry.content for entry in entries}, face):  # perhaps far behind what is printed of it
        missing = _missing(statement, {description(entry.content, face) for entry in entries}, face)
        if missing:
            raise GlyphMissing(characters=code_points(missing))


def _missing(statement: Statement, contents: set[str], face: Typeface) -> list[str]:
    """Return the characters that no font has of a certificate with such descriptions."""
    names = statement.names
    strictly = (
        statement.organisation_name,
        names.holder_name,
        names.document,
        names.person_in_charge,
        names.handler,
        names.contact,
    )
    prose = contents | {text for entry in statement.entries for text in (entry.activity_name, entry.place)}
    needed = {text for text in strictly if text} | {text for text in prose if _has_only_pictures(text)}
    characters = set(clean("".join(needed))) | {one for one in set(clean("".join(prose))) if not is_picture(one)}
    return sorted(one for one in characters if not one.isspace() and not face.has(one))


def _has_only_pictures(text: str) -> bool:
    return all(one.isspace() or is_picture(one) for one in text)
