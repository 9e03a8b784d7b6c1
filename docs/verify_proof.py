"""Check an account proof without the time bank: python3 verify_proof.py PROOF.json SEALS.json

PROOF.json: what GET /api/v1/me/account/proof answered. SEALS.json: what GET /api/v1/ledger/seals answered, kept by
somebody else than the one who gave you the proof. Needs Python 3.11 and nothing else; ends with 1 if not proven.
"""

import hashlib
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID


def sha256(*parts: bytes) -> bytes:
    """Hash some bytes, one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def number(value: int) -> bytes:
    """Write a number as 8 bytes."""
    return value.to_bytes(8, "big", signed=True)


proof, seals = (json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:3])
leaf = proof["leaf"]  # the last line of the account that was sealed: its number and its hash
found = sha256(b"\0", b"\1\5", UUID(leaf["account_id"]).bytes, number(leaf["seq"]), bytes.fromhex(leaf["head"]))
for step in proof["path"]:  # up the tree: two hashes become one, until the root is left
    beside = bytes.fromhex(step["hash"])
    found = sha256(b"\1", beside, found) if step["side"] == "left" else sha256(b"\1", found, beside)

seal = next((one for one in seals["items"] if one["n"] == proof["seal"]["n"]), None)  # the one that was published
if seal is None or found.hex() != seal["root"]:
    sys.exit("证明不成立 · NOT proven: the published seals do not hold this account as the proof says")
since = datetime.fromisoformat(seal["at"]) - datetime.fromisoformat("1970-01-01T00:00:00Z")
counts = [seal["n"], since // timedelta(microseconds=1), seal["accounts"], seal["entries"], seal["transfers"]]
sealed = sha256(b"\1\4", *map(number, counts), bytes.fromhex(seal["root"] + seal["previous"]))
if sealed.hex() != seal["hash"]:
    sys.exit("证明不成立 · NOT proven: the seal itself was changed")
print(f"证明成立 · proven: line {leaf['seq']} of {leaf['account_id']}, head …{leaf['head'][-8:]}, in seal {seal['n']}")
