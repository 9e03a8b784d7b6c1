"""Anchors: seals that were published, read back from where somebody has kept them.

A ledger can prove its rows against each other, and never that it is not an old copy of itself: whoever restores
yesterday's database has a ledger that is sound. A seal kept outside is what shows that.
"""

import json
from datetime import datetime
from typing import Any

from timebank.ledger import chain
from timebank.ledger.chain import SealRow


def published(seal: SealRow) -> dict[str, Any]:
    """Return a seal as it is published: hashes as hex; ``at`` stays an instant."""
    return seal._asdict() | {"root": seal.root.hex(), "previous": seal.previous.hex(), "hash": seal.hash.hex()}


def read(text: str) -> list[SealRow]:
    """Return the seals of a file: one seal, a list of them, a page as the API gives it, or a saved account proof.

    Raises ValueError if it holds none, or one whose hash does not fit: then the file is wrong, not the ledger.
    """
    body = json.loads(text)
    if isinstance(body, dict):
        body = body.get("items") or [body.get("seal", body)]
    if not isinstance(body, list) or not body:
        raise ValueError("no seal")
    return [_seal(item) for item in body]


def _seal(item: Any) -> SealRow:
    try:
        seal = SealRow(
            n=int(item["n"]),
            at=datetime.fromisoformat(item["at"]),
            accounts=int(item["accounts"]),
            entries=int(item["entries"]),
            transfers=int(item["transfers"]),
            root=bytes.fromhex(item["root"]),
            previous=bytes.fromhex(item["previous"]),
            hash=bytes.fromhex(item["hash"]),
        )
        fits = seal.at.tzinfo is not None and chain.seal_hash(seal) == seal.hash
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError("no seal") from error
    if not fits:
        raise ValueError(f"seal {seal.n} was changed: its hash does not fit")
    return seal
