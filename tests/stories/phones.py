"""What everybody in a story has in hand: a phone or a desk, a street team, and books that agree at the end."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from tests.factories.activities import an_activity
from tests.factories.attendance import a_morning_shift, refusal_of
from tests.factories.corrections import transfers_of_kind
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import an_area, an_organisation
from tests.factories.shop import findings
from timebank.activities.models import Shift
from timebank.database import new_id
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.ledger import proof
from timebank.ledger.rules import Kind
from timebank.organisations.models import Organisation


class Phone:
    """What everybody does with a phone or at a desk: send something, or look something up."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def send(self, who: Any, path: str, *, device: str | None = None, **body: Any) -> Any:
        """Send something that is taken; return the answer's body, if it has one."""
        answer = self._post(who, path, body, device)
        assert answer.status_code in {200, 201, 202, 204}, answer.text
        return answer.json

    def refused(self, who: Any, path: str, **body: Any) -> tuple[int, str]:
        """Send something that is refused; return status and code."""
        return refusal_of(self._post(who, path, body, None))

    def take_back(self, who: Any, path: str) -> None:
        """Give something up."""
        answer = self._client.delete(f"/api/v1{path}", headers=signed_in(who))
        assert answer.status_code == 204, answer.text

    def put(self, who: Any, path: str, **body: Any) -> Any:
        """Change something; return the answer's body."""
        answer = self._client.put(f"/api/v1{path}", json=body, headers=signed_in(who))
        assert answer.status_code == 200, answer.text
        return answer.json

    def refused_put(self, who: Any, path: str, **body: Any) -> tuple[int, str]:
        """Change something that is refused; return status and code."""
        return refusal_of(self._client.put(f"/api/v1{path}", json=body, headers=signed_in(who)))

    def look(self, who: Any, path: str) -> Any:
        """Look something up."""
        answer = self._client.get(f"/api/v1{path}", headers=signed_in(who))
        assert answer.status_code == 200, answer.text
        return answer.json

    def print(self, who: Any, path: str) -> bytes:
        """Get a file to print."""
        answer = self._client.get(f"/api/v1{path}", headers=signed_in(who))
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
        return answer.data

    def lines(self, who: Any) -> list[str]:
        """Return the lines of somebody's passbook, the oldest first."""
        return [item["explanation"] for item in reversed(self.look(who, "/me/entries")["items"])]

    def balance(self, who: Any) -> int:
        """Return what somebody may spend or has reserved."""
        minutes: int = self.look(who, "/me/account")["balance_minutes"]
        return minutes

    def told(self, who: Any) -> list[str]:
        """Return what somebody was told, the oldest first."""
        return [item["message"] for item in reversed(self.look(who, "/me/notifications")["items"])]

    def _post(self, who: Any, path: str, body: dict[str, Any], device: str | None) -> Any:
        headers = signed_in(who) | {"Idempotency-Key": str(new_id())} | ({"X-Device-Id": device} if device else {})
        return self._client.post(f"/api/v1{path}", json=body, headers=headers)


@dataclass(frozen=True)
class Team:
    """A street team: who leads its morning in the canteen, and the two who answer for it."""

    organisation: Organisation
    leader: Person
    coordinator: Actor
    colleague: Actor
    shift: Shift

    @property
    def screen(self) -> str:
        """The address of the code on the wall."""
        return f"/shifts/{self.shift.id}/code"


def a_team() -> Team:
    """Found a street team with a shift in the canteen from nine to twelve."""
    organisation = an_organisation("三色堇志愿服务队", area_id=an_area("硖石街道").id)
    leader = a_person("李队长")
    activity = an_activity("社区食堂帮厨", organisation_id=organisation.id, leader_id=leader.id)
    return Team(
        organisation=organisation,
        leader=leader,
        coordinator=a_coordinator(organisation.id),
        colleague=a_coordinator(organisation.id),
        shift=a_morning_shift(activity_id=activity.id),
    )


def the_books_agree(phone: Phone, *volunteers: Any) -> None:
    """Check the ledger's proof, the shop's audit, and that whatever a volunteer looks up says the same.

    ``volunteers`` are all who have served: what their final records credit is what the ledger has earned for them.
    """
    assert proof.verify().ok
    assert findings() == []
    credited = 0
    for who in volunteers:
        account, records = phone.look(who, "/me/account"), phone.look(who, "/me/records")["items"]
        entries = phone.look(who, "/me/entries")["items"]
        final = [record for record in records if record["state"] == "final"]
        assert account["service_minutes"] == sum(record["service_minutes"] for record in final)
        assert account["service_minutes"] == sum(account["by_provenance"].values())
        assert account["balance_minutes"] == sum(entry["minutes"] for entry in entries)
        assert account["balance_minutes"] == (entries[0]["balance_after"] if entries else 0)
        assert account["available_minutes"] == account["balance_minutes"] - account["held_minutes"]
        assert phone.look(who, "/me")["account"] == account
        assert all(record["credited_minutes"] == 0 for record in records if record["state"] in {"pending", "rejected"})
        credited += sum(record["credited_minutes"] for record in final)
    earned, reversed_, owed = (sum(transfers_of_kind(kind)) for kind in (Kind.EARN, Kind.REVERSE, Kind.INCUR_DEBT))
    assert credited == earned - reversed_ - owed
