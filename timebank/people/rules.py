"""Which data there are about somebody, who is shown what of them, and how long a request for erasure waits. Pure."""

from datetime import timedelta
from enum import StrEnum

COOL_OFF = timedelta(days=7)
"""Between a request for erasure and the erasure: whoever changes their mind, or did not ask, takes it back.

PIPL 47 asks for prompt deletion; GB/T 35273—2020, 8.5, allows 15 working days.
"""
OPEN_FOR = timedelta(hours=24)
"""How long somebody's data may be looked at once that was asked for or approved."""
GONE = "已注销"
"""What stands where a text about somebody stood that cannot be empty."""
GONE_NAME = "已注销志愿者"


class Field(StrEnum):
    """The eight fields of a volunteer's basic information (令67 art 5), in its order."""

    NAME = "name"
    SEX = "sex"
    BIRTH_DATE = "birth_date"
    DOCUMENT_NUMBER = "document_number"
    AREA = "area"
    CONTACT = "contact"
    SKILLS = "skills"
    SERVICE_TYPES = "service_types"


DISCLOSED = (Field.NAME, Field.BIRTH_DATE, Field.DOCUMENT_NUMBER, Field.CONTACT)
"""What is masked by default, and shown in full to whoever has a reason (rule R39)."""


class Balance(StrEnum):
    """What becomes of the minutes of whoever leaves: they help somebody else, or they are gone."""

    DONATE = "donate"
    EXPIRE = "expire"


class Outcome(StrEnum):
    """How a request for erasure ended."""

    WITHDRAWN = "withdrawn"
    ERASED = "erased"


class DisclosureState(StrEnum):
    """Whether somebody's data may be looked at: a minor's only after another person has approved (rule R38)."""

    WAITING = "waiting"
    OPEN = "open"
    REFUSED = "refused"
    OVER = "over"


def masked_phone(phone: str | None) -> str | None:
    """Return a telephone number as lists and staff see it: 138****1234; of a short one only the end."""
    if phone is None:
        return None
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 11 else f"****{phone[-2:]}"


def masked_birth(year: int | None) -> str | None:
    """Return a birth date as staff see it: the year alone."""
    return None if year is None else f"{year}-**-**"
