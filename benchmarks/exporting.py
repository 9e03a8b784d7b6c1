"""``python -m benchmarks.exporting FORM PERSON``: a worker of the product that exports all records once, and its memory.

A process of its own that loads what a worker loads and nothing else, answers ``POST /statistics/exports`` of an auditor of
the whole bank, and prints the megabytes that it had at most before and in all. The settings are in its environment.
"""

import json
import sys
from uuid import UUID

from benchmarks.memory import most_megabytes
from timebank import worker
from timebank.database import new_id
from timebank.web import tokens


def main(form: str, person_id: str) -> None:
    """Export and print."""
    app = worker.application()
    client = app.test_client()
    with app.app_context():
        token = tokens.issue(person_id=UUID(person_id), session_id=new_id())
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(new_id())}
    before = most_megabytes()
    answer = client.post(
        "/api/v1/statistics/exports", json={"kind": "records", "format": form, "reason": "年度报表"}, headers=headers
    )
    assert answer.status_code == 201, answer.text
    print(json.dumps({"before": before, "most": most_megabytes(), "rows": answer.json["rows"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
