"""Keys and message authentication codes.

Every use has a label of its own under the MAC, so that what was signed as one thing never passes for another.
"""

import hashlib
import hmac

from timebank.codes.alphabet import ALPHABET, encode

LIVE_KEYS = 2
"""The newest key signs, the one before it still verifies; what an older one signed is no longer ours."""
MAC_LENGTH = 15
"""Characters: 75 bits, out of reach of guessing online, and what 32 characters have room for."""

Keys = tuple[bytes, ...]


def live(keys: Keys) -> Keys:
    """Return the keys that count, newest first; raise ValueError if there is none."""
    if not keys:
        raise ValueError("no key to sign with")
    return keys[:LIVE_KEYS]


def key_id(key: bytes) -> str:
    """Return the character that names ``key`` in a code: the top five bits of its hash, wherever it stands in the list."""
    return ALPHABET[hashlib.sha256(key).digest()[0] >> 3]


def digest(key: bytes, label: str, message: bytes) -> bytes:
    """Return HMAC-SHA256 over the label and the message; labels hold no bar."""
    return hmac.digest(key, label.encode() + b"|" + message, "sha256")


def mac(key: bytes, label: str, body: str) -> str:
    """Return the top 75 bits of the digest as 15 characters."""
    return encode(int.from_bytes(digest(key, label, body.encode())[:10]) >> 5, MAC_LENGTH)


def matches(given: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())
