"""Readers of a policy's values: each takes what JSON gives and returns its plain form, or says what it takes."""

from collections.abc import Callable
from typing import Any


class Refused(ValueError):
    """A value that its key does not take; the text says what it takes."""


Read = Callable[[Any], Any]
"""Returns the JSON value in its plain form, or raises Refused."""


def whole(minimum: int, maximum: int, *, or_none: bool = False) -> Read:
    """Return a reader of whole numbers from ``minimum`` to ``maximum``, or null as well."""

    def read(value: Any) -> int | None:
        if value is None and or_none:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise Refused("须为整数。 Must be a whole number.")
        if not minimum <= value <= maximum:
            raise Refused(f"须在 {minimum} 到 {maximum} 之间。 Must lie between {minimum} and {maximum}.")
        return int(value)

    return read


def one_of(*allowed: str) -> Read:
    """Return a reader of one of a few words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise Refused(f"须为 {'、'.join(allowed)} 之一。 Must be one of {', '.join(allowed)}.")
        return str(value)

    return read


def some_of(*allowed: str) -> Read:
    """Return a reader of a list of different words, kept in the order of ``allowed``."""

    def read(value: Any) -> list[str]:
        known = isinstance(value, list) and all(isinstance(item, str) and item in allowed for item in value)
        if not known or len(set(value)) != len(value):
            raise Refused(f"须为不重复的列表，取自 {'、'.join(allowed)}。 Must be a list of different ones of these.")
        return [item for item in allowed if item in value]

    return read


def rising(minimum: int, maximum: int, *, most: int) -> Read:
    """Return a reader of one to ``most`` whole numbers, each greater than the one before; or null for none."""
    each = whole(minimum, maximum)

    def read(value: Any) -> list[int] | None:
        if value is None:
            return None
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            raise Refused(f"须为 1 到 {most} 个数的列表。 Must be a list of 1 to {most} numbers.")
        numbers = [each(one) for one in value]
        if numbers != sorted(set(numbers)):
            raise Refused("须从小到大，不能重复。 Must rise.")
        return numbers

    return read


def yes_or_no(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise Refused("须为 true 或 false。 Must be true or false.")
    return value
