"""Ready-made sets of values from real cities (``profiles.toml``), to load over the built-in set."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from timebank.identity.rules import Actor
from timebank.policies import service
from timebank.policies.keys import KEYS
from timebank.policies.versions import explained

__all__ = ["Loaded", "Profile", "load", "profiles"]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a city has ruled, key by key, and in one sentence where that comes from."""

    name: str
    title: str
    source: str
    values: Mapping[str, Any]


@cache
def profiles() -> dict[str, Profile]:
    """Return all profiles by name."""
    text = files("timebank.policies").joinpath("profiles.toml").read_text(encoding="utf-8")
    return {name: _profile(name, table) for name, table in tomllib.loads(text).items()}


def _profile(name: str, table: dict[str, Any]) -> Profile:
    """Return a profile; TOML has no null, so the keys without a limit are listed by themselves."""
    values = {**dict.fromkeys(table.get("without", [])), **table["values"]}
    return Profile(name, table["title"], table["source"], values)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Which keys a profile has set, and which it could not: they hold for the whole bank or not at all."""

    changed: list[str]
    bank_wide: list[str]


def load(*, profile: Profile, actor: Actor, effective_on: date, area_id: UUID | None = None) -> Loaded:
    """Set every value of a profile that does not hold already; loaded again it changes nothing.

    For the whole bank, or for an area with all below it, where values that are the bank's are left out.
    Raises Invalid for a day gone by, NotFound outside the actor's scope.
    """
    holds = {
        item.key: item.value
        for item in explained(service.reaching(organisation_id=None, area_id=area_id, on=effective_on))
    }
    loaded = Loaded([], [])
    for key, value in profile.values.items():
        if holds[key] == value:
            continue
        if area_id is not None and KEYS[key].bank_wide:
            loaded.bank_wide.append(key)
            continue
        service.set_value(actor=actor, key=key, value=value, effective_on=effective_on, area_id=area_id)
        loaded.changed.append(key)
    return loaded
