"""The layouts that there are."""

from timebank.imports.errors import ImportLayoutUnknown
from timebank.imports.generic import GENERIC_ACTIVITIES, GENERIC_HOURS, GENERIC_ROSTER
from timebank.imports.layouts import Layout
from timebank.imports.rules import Kind
from timebank.imports.shenzhen import SHENZHEN_HOURS

LAYOUTS = (GENERIC_ROSTER, GENERIC_ACTIVITIES, GENERIC_HOURS, SHENZHEN_HOURS)


def layouts_of(kind: Kind, name: str | None = None) -> list[Layout]:
    """Return the layouts of a kind, or the one that is named. Raises ImportLayoutUnknown."""
    found = [layout for layout in LAYOUTS if layout.kind is kind and name in {None, layout.name}]
    if not found:
        raise ImportLayoutUnknown(layouts=", ".join(layout.name for layout in LAYOUTS if layout.kind is kind))
    return found


def every_name() -> list[str]:
    """Return the names of all layouts."""
    return sorted({layout.name for layout in LAYOUTS})
