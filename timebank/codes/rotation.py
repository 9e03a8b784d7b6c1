"""Changing the keys that sign codes.

``TIMEBANK_SECRET_KEYS`` lists secrets, newest first: the first signs, the second still verifies, what a third one signed
is no longer ours. So one rotation breaks nothing that is on a wall or in a purse, and the next one ends what was printed
before the last.
"""

import secrets as random

from timebank.codes.signing import LIVE_KEYS, Keys, key_id

SECRET_BYTES = 32


def next_secrets(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Return the secrets after a rotation: a new one, and the newest of those before."""
    return random.token_hex(SECRET_BYTES), *secrets[: LIVE_KEYS - 1]


def two_are_live(keys: Keys) -> bool:
    """Whether there are two different keys to verify with, so that a rotation would break nothing that is in use."""
    return len(set(keys[:LIVE_KEYS])) == LIVE_KEYS


def report(keys: Keys) -> str:
    """Return a line for each key, by its id and never by its value, and what to do if there is only one."""
    uses = ["signs and verifies", "verifies"]
    lines = [
        f"{number}. key {key_id(key)}: {uses[number - 1] if number <= LIVE_KEYS else 'retired, remove it'}"
        for number, key in enumerate(keys, start=1)
    ]
    if not two_are_live(keys):
        lines.append("only one key is live: `timebank codes rotate` prints the next setting")
    return "\n".join(lines)
