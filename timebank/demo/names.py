"""Ids of the demo street by name, so that a document can print them and every street has the same."""

from uuid import UUID, uuid5

_STREET = UUID("6d0e8f5e-0c56-5c3b-9a53-3f6f2d7c9e10")


def named(name: str) -> UUID:
    """Return the id of ``name``: UUIDv5, the same on every machine."""
    return uuid5(_STREET, name)
