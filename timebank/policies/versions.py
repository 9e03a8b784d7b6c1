"""How one value of a key is chosen among many versions: the nearer scope, then the later day, then the number."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from timebank.policies.keys import KEYS
from timebank.policies.rules import Policy, ScopeKind, built_in


@dataclass(frozen=True, slots=True)
class Version:
    """One value of one key, from a day on, in one scope."""

    number: int
    scope_kind: str
    scope_ref: str
    key: str
    value: Any
    effective_on: date


def paths_above(area_path: str) -> list[str]:
    """Return the area path and every path above it: ``0573.01`` gives ``0573`` and ``0573.01``."""
    steps = area_path.split(".") if area_path else []
    return [".".join(steps[: depth + 1]) for depth in range(len(steps))]


def precedence(version: Version) -> tuple[int, date, int]:
    """Return what decides between two versions of a key: the nearer scope, then the later day, then the number."""
    if version.scope_kind == ScopeKind.BANK:
        nearness = 0
    elif version.scope_kind == ScopeKind.AREA:
        nearness = 1 + len(paths_above(version.scope_ref))
    else:
        nearness = 100
    return nearness, version.effective_on, version.number


def chosen(candidates: Iterable[Version]) -> dict[str, Version]:
    """Return the version that decides each key, among those that reach the place and have taken effect."""
    best: dict[str, Version] = {}
    for version in candidates:
        known = best.get(version.key)
        if known is None or precedence(version) > precedence(known):
            best[version.key] = version
    return best


def policy_of(candidates: Iterable[Version]) -> Policy:
    """Return the policy that the candidates make over the built-in set."""
    reaching = list(candidates)
    values = {key: KEYS[key].value_of(version.value) for key, version in chosen(reaching).items()}
    return Policy(number=max((version.number for version in reaching), default=0), **values)


@dataclass(frozen=True, slots=True)
class Explained:
    """A resolved value and where it comes from; without a version it is the built-in one."""

    key: str
    value: Any
    version: Version | None
    description: str


def explained(candidates: Iterable[Version]) -> list[Explained]:
    """Return every key with its resolved value and where that comes from."""
    deciding = chosen(candidates)
    return [
        Explained(
            key=key.name,
            value=deciding[key.name].value if key.name in deciding else built_in(key.name),
            version=deciding.get(key.name),
            description=f"{key.zh} · {key.en}",
        )
        for key in KEYS.values()
    ]
