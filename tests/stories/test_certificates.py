"""A certificate on its way: from the kitchen to the school, and what a correction does to it."""

import pytest
from flask.testing import FlaskClient

from tests.factories.attendance import minutes_past_nine
from tests.factories.documents import pdf_codes, pdf_texts
from tests.factories.identity import a_person, signed_in
from tests.stories.phones import Phone, Team, the_books_agree
from timebank.identity.models import Person

DAY = 24 * 60
"""Minutes."""
BROWSER = {"Accept": "text/html,*/*;q=0.8"}


def served(phone: Phone, team: Team, who: Person) -> str:
    """Scan in at nine and out at eleven; return the record."""
    with minutes_past_nine(0):
        phone.send(who, "/check-ins", token=phone.look(team.leader, team.screen)["token"])
    with minutes_past_nine(120):
        record: str = phone.send(who, "/check-outs", token=phone.look(team.leader, team.screen)["token"])["record"][
            "id"
        ]
    return record


@pytest.mark.rule("R15")
@pytest.mark.rule("R16")
def test_a_certificate_goes_to_school_and_is_overtaken_by_a_correction(
    client: FlaskClient, phone: Phone, team: Team
) -> None:
    """She helps herself, a school scans the code; a correction supersedes it, and she takes a new one there."""
    xia = a_person("夏小雨")
    record = served(phone, team, xia)
    mine = {"organisation_id": str(team.organisation.id)}

    def school_scans(paper: bytes) -> str:
        (address,) = pdf_codes(paper)
        page = client.get(address.removeprefix("http://127.0.0.1:8000"), headers=BROWSER)
        assert (page.status_code, page.mimetype) == (200, "text/html")
        assert "夏**" in page.text
        assert "夏小雨" not in page.text
        return page.text

    with minutes_past_nine(DAY):
        # The coordinator has said once who answers for certificates. She needs no one for hers.
        issuer = {"person_in_charge": "李建国", "handler": "陈桂花", "contact": "0573-87000000"}
        client.put(
            f"/api/v1/organisations/{team.organisation.id}/issuer",
            json=issuer,
            headers=signed_in(team.coordinator),
        )
        made = phone.send(xia, "/me/certificates", **mine)
        assert (made["hours"], made["service_minutes"], made["handler"]) == ("2.0", 120, "陈桂花")
        paper = phone.print(xia, f"/certificates/{made['number']}.pdf")
        assert "夏小雨" in pdf_texts(paper)[0]
        page = school_scans(paper)
        assert "✓ 有效" in page
        assert "2.0 小时" in page

    with minutes_past_nine(2 * DAY):
        # It turns out that she left at ten. One asks, another approves: from that moment the school would see it.
        asked = phone.send(
            team.coordinator, f"/records/{record}/corrections", service_minutes=60, reason="队长证明，十点离开"
        )
        assert "✓ 有效" in school_scans(paper)
        phone.send(team.colleague, f"/corrections/{asked['id']}/approve", reason="属实")
        assert "已被更正" in school_scans(paper)
        assert phone.print(xia, f"/certificates/{made['number']}.pdf") == paper

        # A new one says what is true now; both stand in the register, under numbers that follow each other.
        again = phone.send(xia, "/me/certificates", **mine)
        new_paper = phone.print(xia, f"/certificates/{again['number']}.pdf")
        page = school_scans(new_paper)
        assert "✓ 有效" in page
        assert "1.0 小时" in page
        register = phone.look(team.coordinator, f"/organisations/{team.organisation.id}/certificates")["items"]
        assert [(item["number"][:11], item["status"]) for item in register] == [
            ("2026-000002", "valid"),
            ("2026-000001", "superseded"),
        ]
        the_books_agree(phone, xia)
