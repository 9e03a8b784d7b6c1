"""What each kind of code says, and in how many characters: kind, version, key id, body, MAC; no separators."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from timebank.clock import microseconds
from timebank.codes.alphabet import decode, encode, is_written_in
from timebank.codes.signing import MAC_LENGTH

VERSION = "1"
HEAD_LENGTH = 3
"""Characters: kind, version, key id."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(StrEnum):
    """The first character of a code."""

    ROTATING = "C"
    POSTER = "S"
    MEMBER = "M"
    CARD = "V"
    PICKUP = "P"


def step_of(instant: datetime, seconds: int) -> int:
    """Return the number of the step that ``instant`` falls in, steps of ``seconds`` counted from 1970."""
    return microseconds(instant) // (seconds * 1_000_000)


def step_start(step: int, seconds: int) -> datetime:
    """Return the first instant of ``step``, UTC."""
    return _EPOCH + timedelta(seconds=step * seconds)


def step_end(step: int, seconds: int) -> datetime:
    """Return the first instant after ``step``, UTC."""
    return step_start(step + 1, seconds)


def utc_text(instant: datetime) -> str:
    """Return ``instant`` as RFC 3339 in UTC, for the context of a refusal."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Code:
    """A genuine code. ``reference`` is random; what it stands for is the caller's table."""

    kind: ClassVar[Kind]
    reference_length: ClassVar[int] = 8
    tail_length: ClassVar[int] = 0

    reference: str

    def __post_init__(self) -> None:
        if len(self.reference) != self.reference_length or not is_written_in(self.reference):
            raise ValueError(f"a reference of kind {self.kind} has {self.reference_length} characters of the alphabet")

    @classmethod
    def length(cls) -> int:
        """Return how many characters a code of this kind has."""
        return HEAD_LENGTH + cls.reference_length + cls.tail_length + MAC_LENGTH

    def body(self) -> str:
        """Return what the code says, between its head and its MAC."""
        return self.reference

    @classmethod
    def from_body(cls, body: str) -> Self:
        """Read back what ``body`` wrote."""
        return cls(body)


@dataclass(frozen=True, slots=True)
class Timed(Code):
    """A code that is shown for one step of time, and taken for one step more."""

    tail_length: ClassVar[int] = 6
    step_seconds: ClassVar[int]

    step: int

    @classmethod
    def at(cls, reference: str, instant: datetime) -> Self:
        """Return the code that is shown at ``instant``."""
        return cls(reference, step_of(instant, cls.step_seconds))

    def body(self) -> str:
        """Return reference and step."""
        return self.reference + encode(self.step, self.tail_length)

    @classmethod
    def from_body(cls, body: str) -> Self:
        """Read back reference and step."""
        return cls(body[: cls.reference_length], decode(body[cls.reference_length :]))

    @property
    def starts_at(self) -> datetime:
        """The first instant at which this code was shown: signed by us, so an offline scan is dated by it."""
        return step_start(self.step, self.step_seconds)

    @property
    def ends_at(self) -> datetime:
        """The instant at which the next code is shown."""
        return step_end(self.step, self.step_seconds)

    @property
    def taken_until(self) -> datetime:
        """The first instant at which this code is too old: the current step and the previous one are taken."""
        return step_end(self.step + 1, self.step_seconds)


@dataclass(frozen=True, slots=True)
class Printed(Code):
    """A code on paper: good until its owner gets a newer serial."""

    tail_length: ClassVar[int] = 3

    serial: int

    def body(self) -> str:
        """Return reference and serial."""
        return self.reference + encode(self.serial, self.tail_length)

    @classmethod
    def from_body(cls, body: str) -> Self:
        """Read back reference and serial."""
        return cls(body[: cls.reference_length], decode(body[cls.reference_length :]))


class Rotating(Timed):
    """The screen at the venue; the reference is the check-in point's. 32 characters."""

    __slots__ = ()
    kind = Kind.ROTATING
    step_seconds = 15


class Poster(Printed):
    """The printed stand-in for a screen; the reference is the check-in point's. 29 characters."""

    __slots__ = ()
    kind = Kind.POSTER


class Member(Timed):
    """What a volunteer shows to the counter or to a leader; the reference is the volunteer's. 32 characters."""

    __slots__ = ()
    kind = Kind.MEMBER
    step_seconds = 30


class Card(Printed):
    """The printed card of a volunteer without a phone; the reference is the volunteer's. 29 characters."""

    __slots__ = ()
    kind = Kind.CARD


class Pickup(Code):
    """A held redemption. 28 characters."""

    __slots__ = ()
    kind = Kind.PICKUP
    reference_length = 10


LAYOUTS: dict[str, type[Code]] = {layout.kind.value: layout for layout in (Rotating, Poster, Member, Card, Pickup)}
LENGTHS = frozenset(layout.length() for layout in LAYOUTS.values())
