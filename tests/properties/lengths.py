"""How long a property test goes on: short in every run, long under ``make soak``."""

from hypothesis import settings


def examples(short: int, soak: int) -> int:
    """Return the one or the other, by the profile in force."""
    return soak if settings.default.max_examples >= 100 else short
