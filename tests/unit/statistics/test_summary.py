"""The summary of the hours: never stale, folded in batches, rebuilt from the records, and checked against them."""

import contextlib
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from tests.conftest import Statements
from tests.contract.test_migrations import move
from tests.factories.corrections import a_correction, approved
from tests.factories.identity import a_coordinator, a_person, an_admin
from tests.factories.ledger import earned
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from tests.factories.records import NINE_O_CLOCK, a_pending_record, a_record, a_service, recorded
from tests.factories.statistics import expected, summed
from timebank import clock
from timebank.clock import SHANGHAI
from timebank.commands import cli
from timebank.database import db, in_unit_of_work, session
from timebank.organisations.models import Organisation
from timebank.policies import service as policies
from timebank.policies.rules import BUILT_IN
from timebank.records import batches, service
from timebank.records.delta_tables import HoursDelta
from timebank.statistics import summary
from timebank.statistics.models import HoursSummary


def waiting() -> int:
    """Return how many deltas are not folded in yet."""
    return in_unit_of_work(lambda: session.scalar(select(func.count()).select_from(HoursDelta)) or 0, write=False)


def differences() -> list[summary.Difference]:
    """Return what the check finds."""
    return in_unit_of_work(summary.check, write=False)


def shanghai(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """Return an instant by the wall clock in Shanghai."""
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.fixture
def organisation(app: Flask) -> Organisation:
    """One organisation."""
    return an_organisation()


@pytest.fixture
def edges(organisation: Organisation) -> None:
    """Records at every edge of the calendar; approved, rejected, waiting and corrected ones; a whole group at once."""
    for started_at in (
        shanghai(2025, 12, 31, 23, 50),
        shanghai(2026, 1, 1, 0),
        shanghai(2026, 1, 31, 23, 59),
        shanghai(2028, 2, 29, 8),
        shanghai(2028, 3, 1, 0),
    ):
        a_record(organisation=organisation, started_at=started_at, minutes=65)
    boss = an_admin()
    approved_later = a_pending_record(organisation=organisation)
    rejected = a_pending_record(organisation=organisation)
    a_pending_record(organisation=organisation)
    in_unit_of_work(lambda: service.approve(actor=boss, record_id=approved_later.record_id, reason="核对过签到表"))
    in_unit_of_work(lambda: service.reject(actor=boss, record_id=rejected.record_id, reason="没有到场"))
    corrected = a_record(organisation=organisation, minutes=150)
    approved(a_coordinator(organisation.id), a_correction(a_coordinator(organisation.id), corrected.record_id, 90))
    group = [a_service(volunteer_id=a_person().id, organisation=organisation, minutes=45) for _ in range(5)]
    in_unit_of_work(
        lambda: batches.record_many(
            services=group, policy=BUILT_IN, actor_id=boss.person_id, now=group[0].ended_at + timedelta(minutes=1)
        )
    )


def test_the_figures_are_whole_before_during_and_after_folding(edges: None) -> None:
    """However much has been folded, summary and deltas are together what the records add up to."""
    assert summed() == expected()
    while in_unit_of_work(lambda: summary.fold(limit=3)):
        assert summed() == summed("month") == expected()
        assert differences() == []
    assert waiting() == 0
    assert summed() == expected()


def test_a_record_that_counts_costs_one_statement_more(organisation: Organisation, statements: Statements) -> None:
    """A final record writes one delta, one that waits for review writes none."""
    volunteer = a_person()
    with statements() as sent:
        a_record(volunteer_id=volunteer.id, organisation=organisation)
    assert len([one for one in sent if "hours_" in one]) == 1
    with statements() as sent:
        a_pending_record(volunteer_id=volunteer.id, organisation=organisation)
    assert [one for one in sent if "hours_" in one] == []


def test_a_group_writes_one_delta(organisation: Organisation) -> None:
    """Twenty people of one shift change one cell of the figures, with one row."""
    group = [a_service(volunteer_id=a_person().id, organisation=organisation) for _ in range(20)]
    same = [replace(one, activity_id=group[0].activity_id) for one in group]
    now = same[0].ended_at

    in_unit_of_work(lambda: batches.record_many(services=same, policy=BUILT_IN, actor_id=same[0].volunteer_id, now=now))

    assert waiting() == 1
    assert [group[0] for group in summed().values()] == [20]


def test_a_credit_that_is_cut_by_the_storage_cap_is_counted_as_cut(organisation: Organisation) -> None:
    """Two revisions in one transaction: the figure is that of the second."""
    with clock.at(NINE_O_CLOCK):
        a_policy("storage_cap_minutes", 6_000)
    policy = in_unit_of_work(
        lambda: policies.resolve(organisation_id=organisation.id, area_path="", at=NINE_O_CLOCK), write=False
    )
    volunteer = a_person()
    earned(volunteer.id, 5_970)

    recorded(a_service(volunteer_id=volunteer.id, organisation=organisation, minutes=120), policy)

    assert summed() == expected()
    assert list(summed().values()) == [[1, 120, 30]]


def test_a_summary_that_is_wrong_is_found_and_rebuilt(app: Flask, edges: None) -> None:
    """The check names the organisation and the day; a rebuild puts it right, folded or not."""
    in_unit_of_work(lambda: summary.fold(limit=4))
    in_unit_of_work(lambda: session.execute(update(HoursSummary).values(service_minutes=1)))
    assert differences()
    failed = app.test_cli_runner().invoke(cli, ["statistics", "check"])
    assert (failed.exit_code, failed.output.splitlines()[-1]) == (1, "FAILED: run `timebank statistics rebuild`")

    assert app.test_cli_runner().invoke(cli, ["statistics", "rebuild"]).exit_code == 0

    assert (waiting(), summed(), summed("month")) == (0, expected(), expected())
    done = app.test_cli_runner().invoke(cli, ["statistics", "check"])
    assert (done.exit_code, done.output) == (0, "OK: every figure equals the records\n")


def test_what_is_lost_is_found(edges: None) -> None:
    """Deltas that somebody has deleted are missed, to the minute."""
    lost = sum(group[1] for group in summed().values())
    in_unit_of_work(lambda: session.execute(delete(HoursDelta)))

    assert sum(one.service_minutes for one in differences() if one.grain == "day") == -lost


def test_fold_and_sweep_say_how_much_they_have_folded(app: Flask, edges: None) -> None:
    """The commands fold everything, and a second time nothing."""
    there = waiting()
    assert app.test_cli_runner().invoke(cli, ["statistics", "fold"]).output == f"folded={there}\n"
    assert " figures=0 " in app.test_cli_runner().invoke(cli, ["sweep"]).output


def test_records_from_before_there_was_a_summary_are_in_it(app: Flask, edges: None) -> None:
    """The migration adds up what is there, in both grains; nothing has to be rebuilt."""
    session.remove()
    db.engine.dispose()
    with contextlib.redirect_stdout(io.StringIO()):
        flask_migrate.downgrade(revision="0025")
    move(app, "head")

    assert (waiting(), summed(), summed("month")) == (0, expected(), expected())
    assert differences() == []
