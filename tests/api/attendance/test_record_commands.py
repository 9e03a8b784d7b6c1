"""``timebank records``: how a record came about, worked out anew from its scans; and what other rules would make of it."""

from datetime import timedelta
from uuid import UUID

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.activities import an_activity
from tests.factories.amendments import adjust
from tests.factories.attendance import (
    NINE,
    a_morning_shift,
    kept_from_screen,
    member_code_of,
    minutes_past_nine,
    scan_in,
    scan_out,
    send_batch,
)
from tests.factories.identity import a_coordinator, a_person
from tests.factories.notices import an_organisation_with_notice, swept
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from tests.factories.records import a_record
from tests.factories.supplements import a_past_shift, a_supplement, reviewed
from timebank import clock
from timebank.activities.models import Activity
from timebank.attendance import closing, derivations
from timebank.commands import cli
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.models import Person


def run(app: Flask, *arguments: str) -> Result:
    """Run one command of the console script on the test's application."""
    result: Result = app.test_cli_runner().invoke(cli, ["records", *arguments])
    return result


def _served(client: FlaskClient, volunteer: Person, activity: Activity, *, minutes: float = 95) -> str:
    shift = a_morning_shift(activity_id=activity.id)
    assert scan_in(client, volunteer, shift, at=0).status_code == 201
    left = scan_out(client, volunteer, shift, at=minutes)
    assert left.status_code == 201, left.text
    record_id: str = left.json["record"]["id"]
    return record_id


def test_a_record_is_explained_from_its_scans(app: Flask, client: FlaskClient) -> None:
    """One sentence with both scans, the rules by number, their steps and the minutes; no name, and exit code 0."""
    organisation, volunteer = an_organisation(), a_person("王秀英")
    with clock.at(NINE - timedelta(days=1)):
        version = a_policy("credit_step_minutes", 30, organisation_id=organisation.id)
    record_id = _served(client, volunteer, an_activity(organisation_id=organisation.id))

    told = run(app, "explain", record_id)

    assert told.exit_code == 0, told.output
    assert told.stdout.startswith(
        f"志愿者 {volunteer.volunteer_no} 11-02 09:00 签到（有扫码）、11-02 10:35 签退（有扫码），本人扫码，无疑问；"
        f"按第 {version.number} 版规则（满 10 分钟起计，每 30 分钟一档、不足不计），95 分钟应计 90 分钟；记录：2026年11月2日在"
    )
    assert told.stdout.endswith("计入 90 分钟。\n")
    assert "秀英" not in told.output
    english = run(app, "explain", record_id, "--english")
    assert f"by version {version.number} of the rules" in english.stdout
    assert "95 minutes earn 90" in english.stdout


def test_rules_of_later_do_not_change_how_it_came_about(app: Flask, client: FlaskClient) -> None:
    """The version that the record names is the one that it is worked out under, whatever has been set since."""
    organisation = an_organisation()
    record_id = _served(client, a_person(), an_activity(organisation_id=organisation.id))
    with clock.at(NINE + timedelta(days=1)):
        a_policy("credit_step_minutes", 60, organisation_id=organisation.id)
    assert run(app, "explain", record_id).exit_code == 0
    assert "默认规则" in run(app, "explain", record_id).stdout


def test_a_staff_scan_says_that_it_is_one(app: Flask, client: FlaskClient) -> None:
    """Whoever scans a member's code is staff, and that is what comes out again."""
    organisation, volunteer = an_organisation(), a_person()
    leader = a_coordinator(organisation.id)
    shift = a_morning_shift(activity_id=an_activity(organisation_id=organisation.id).id)
    with clock.at(NINE):
        arrival = {"token": member_code_of(volunteer), "shift_id": str(shift.id)}
    assert scan_in(client, leader, shift, at=0, **arrival).status_code == 201
    left = scan_out(client, volunteer, shift, at=60)
    told = run(app, "explain", left.json["record"]["id"])
    assert (told.exit_code, "工作人员扫码" in told.stdout) == (0, True)


def test_a_record_after_its_notice_is_explained_as_final(app: Flask, client: FlaskClient) -> None:
    """It began on notice, and that is what its first revision is measured by."""
    organisation = an_organisation_with_notice()
    record_id = _served(client, a_person(), an_activity(organisation_id=organisation.id))
    assert "等待公示期满" in run(app, "explain", record_id).stdout
    swept(at=NINE + timedelta(days=10))
    told = run(app, "explain", record_id)
    assert (told.exit_code, "计入 95 分钟。" in told.stdout) == (0, True)


def test_a_record_without_a_scan_is_found_out(app: Flask) -> None:
    """A record of an attendance that nobody scanned: exit code 1, and what is missing."""
    told = run(app, "explain", str(a_record().record_id))
    assert told.exit_code == 1
    assert "check_in_scan: there ≠ missing" in told.output


def test_a_record_that_says_more_than_its_scans_is_found_out(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were an hour added on the way to the record, the scans would show it."""
    record_id = _served(client, a_person(), an_activity())
    honest = derivations.rederiving.revisions_of

    def padded(asked: UUID) -> object:
        found = honest(asked)
        found[0].service_minutes += 60
        found[0].raw_minutes += 60
        session.expunge_all()
        return found

    monkeypatch.setattr(derivations.rederiving, "revisions_of", padded)
    told = run(app, "explain", record_id)
    assert told.exit_code == 1
    assert "service_minutes: 155 ≠ 95" in told.output


def test_a_supplement_is_explained_by_what_was_entered(app: Flask) -> None:
    """Nobody scanned it, and nobody says so: what two people have approved is its evidence."""
    organisation = an_organisation()
    supplement = a_supplement(a_past_shift(organisation_id=organisation.id))
    reviewed(a_coordinator(organisation.id), supplement)
    made = reviewed(a_coordinator(organisation.id), supplement)
    assert made is not None
    told = run(app, "explain", str(made.revision.record_id))
    assert (told.exit_code, "签到（无扫码）" in told.stdout) == (0, True)


@pytest.mark.parametrize(("came", "left"), [(None, 60.0), (20.0, 60.0), (10.0, None)])
def test_times_that_staff_have_stated_are_part_of_how_it_came_about(
    app: Flask, client: FlaskClient, came: float | None, left: float | None
) -> None:
    """Whoever is still inside gets other times by hand: that, and not the scan alone, is where the record comes from."""
    organisation, volunteer = an_organisation(), a_person()
    shift = a_morning_shift(activity_id=an_activity(organisation_id=organisation.id).id)
    stay = scan_in(client, volunteer, shift, at=10).json["id"]
    stated = adjust(client, a_coordinator(organisation.id), stay, at=70, came=came, left=left)
    assert stated.status_code == 200, stated.text
    record = stated.json["record"] if left else scan_out(client, volunteer, shift, at=90).json["record"]

    told = run(app, "explain", record["id"])

    assert told.exit_code == 0, told.output
    assert "补录" in told.stdout


def test_a_check_out_that_arrives_after_the_record_is_no_part_of_how_it_began(app: Flask, client: FlaskClient) -> None:
    """The sweep has closed the stay; then the phone's own check-out of before arrives, and both revisions are explained."""
    volunteer, shift = a_person(), a_morning_shift()
    assert scan_in(client, volunteer, shift, at=0).status_code == 201
    with minutes_past_nine(200):
        leaving = kept_from_screen("check_out", shift, at=200)
    with minutes_past_nine(242):
        in_unit_of_work(lambda: closing.sweep(limit=10))
    sent = send_batch(client, volunteer, [leaving], at=250)
    outcome = sent.json["results"][0]
    assert outcome["status"] == "created", sent.text

    told = run(app, "explain", outcome["record"]["id"])

    assert told.exit_code == 0, told.output
    assert "到点自动结束" in told.stdout


def test_an_unknown_record_is_a_usage_error(app: Flask) -> None:
    """One clear line, exit code 2."""
    told = run(app, "explain", str(new_id()))
    assert (told.exit_code, "there is no such record" in told.output) == (2, True)


def test_rederiving_only_ever_looks(app: Flask, client: FlaskClient) -> None:
    """Without --dry-run nothing runs; with it the records that would change are listed, and the exit code is 0."""
    organisation = an_organisation()
    record_id = _served(client, a_person(), an_activity(organisation_id=organisation.id))
    refused = run(app, "rederive")
    assert (refused.exit_code, "--dry-run" in refused.output) == (2, True)
    same = run(app, "rederive", "--dry-run")
    assert (same.exit_code, same.stdout) == (0, "1 records, 0 would change; nothing was changed\n")
    version = a_policy("credit_step_minutes", 60, organisation_id=organisation.id)
    options = ["--organisation", str(organisation.id), "--from", "2026-11-01", "--to", "2026-11-30"]
    told = run(app, "rederive", "--dry-run", *options, "--policy-number", str(version.number))
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [
        f"{record_id} final -> final 95 -> 60",
        "1 records, 1 would change; nothing was changed",
    ]
