"""Figures while records are written: no order of commits loses or doubles one, whoever folds, rebuilds or is killed."""

import multiprocessing
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.concurrency import fold_writer
from tests.concurrency.crowds import all_at_once
from tests.engines import ON_POSTGRESQL
from tests.factories.identity import a_person
from tests.factories.organisations import an_organisation
from tests.factories.records import a_record, a_service
from tests.factories.statistics import expected, summed
from timebank.database import in_unit_of_work, session
from timebank.errors import Busy
from timebank.organisations.models import Organisation
from timebank.policies.rules import BUILT_IN
from timebank.records import service
from timebank.records.models import Revision
from timebank.settings import Settings
from timebank.statistics import summary

WRITERS, RECORDS_EACH = 5, 4

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.concurrency.fold_writer"])


def written_slowly(organisation: Organisation) -> Callable[[], Any]:
    """Return a work that records a service and takes its time before it commits: others overtake it."""
    served = a_service(volunteer_id=a_person().id, organisation=organisation, minutes=61)

    def work() -> None:
        service.record_service(served=served, policy=BUILT_IN, actor_id=served.volunteer_id, now=served.ended_at)
        time.sleep(random.uniform(0, 0.05))

    return work


def while_records_are_written(app: Flask, work: Callable[[], Any]) -> None:
    """Repeat ``work`` while several write records that commit in any order; the figures are checked all the time."""
    organisation = an_organisation()
    works = [written_slowly(organisation) for _ in range(WRITERS * RECORDS_EACH)]
    done, faults = threading.Event(), []

    def write(mine: list[Callable[[], Any]]) -> None:
        with app.app_context():
            for one in mine:
                until_done(lambda one=one: in_unit_of_work(one))
            session.remove()

    def look() -> None:
        with app.app_context():
            while not done.is_set():
                until_done(work)
                faults.extend(in_unit_of_work(summary.check, write=False))
            session.remove()

    writers = [threading.Thread(target=write, args=(works[number::WRITERS],)) for number in range(WRITERS)]
    looking = threading.Thread(target=look)
    for thread in (looking, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    looking.join()
    assert faults == []
    assert summed() == summed_by_hand(len(works))


def summed_by_hand(records: int) -> dict[tuple[str, str], list[int]]:
    """Return what the figures must be, after a look at how many records there must be."""
    found = expected()
    assert [group[0] for group in found.values()] == [records]
    return found


def until_done(work: Callable[[], Any]) -> Any:
    """Do what may have to wait for others again, until it is done."""
    while True:
        try:
            return work()
        except Busy:
            continue


def test_folding_loses_no_record_that_commits_late(app: Flask) -> None:
    """Records are written by slow transactions that overtake each other while others fold: every figure holds."""
    while_records_are_written(app, lambda: in_unit_of_work(lambda: summary.fold(limit=3)))
    in_unit_of_work(summary.fold)
    assert summed("month") == expected()


def test_a_rebuild_while_records_are_written_counts_each_once(app: Flask) -> None:
    """What commits before it is added up, what commits after it stays a delta, and nothing is both."""
    while_records_are_written(app, lambda: in_unit_of_work(summary.rebuild))


def test_many_fold_and_rebuild_at_once(app: Flask) -> None:
    """Each delta is folded once, whoever takes it."""
    organisation = an_organisation()
    for minutes in range(60, 80):
        a_record(organisation=organisation, minutes=minutes)

    works = [lambda: summary.fold(limit=2) for _ in range(12)] + [summary.rebuild for _ in range(2)]
    assert all_at_once(app, works) == {"done": len(works)}

    assert in_unit_of_work(summary.check, write=False) == []
    assert summed() == expected()


def test_a_fold_that_dies_half_way_has_done_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between taking the deltas away and adding them up the power goes: both or neither."""
    a_record()

    def dies() -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(summary, "_adding", dies)
        with pytest.raises(ConnectionResetError):
            in_unit_of_work(summary.fold)

    assert summed() == expected()
    assert in_unit_of_work(summary.fold) == 1
    assert in_unit_of_work(summary.check, write=False) == []


@ON_POSTGRESQL
def test_a_fold_does_not_wait_for_another(app: Flask) -> None:
    """What one has taken and not committed, another passes by."""
    organisation = an_organisation()
    for _ in range(4):
        a_record(organisation=organisation)
    taken, go_on, folded = threading.Event(), threading.Event(), []

    def slow() -> int:
        count = summary.fold(limit=3)
        taken.set()
        go_on.wait(10)
        return count

    def first() -> None:
        with app.app_context():
            folded.append(in_unit_of_work(slow))
            session.remove()

    thread = threading.Thread(target=first)
    thread.start()
    taken.wait(10)
    folded.append(len(in_unit_of_work(untaken)))
    go_on.set()
    thread.join()
    assert folded == [1, 3]


def untaken() -> list[Any]:
    """Return the deltas that a fold would take now."""
    found = summary.delta.select().with_for_update(skip_locked=True)
    return list(session.execute(found))


def test_a_killed_fold_loses_nothing(app: Flask, settings: Settings) -> None:
    """SIGKILL at random moments while a process folds: summary and deltas are what the records add up to."""
    organisation = an_organisation()
    for minutes in range(60, 90):
        a_record(organisation=organisation, minutes=minutes)
    for _ in range(3):
        listening, telling = _processes.Pipe(duplex=False)
        folding = _processes.Process(target=fold_writer.fold, args=(settings, telling))
        folding.start()
        telling.close()
        assert listening.poll(60), "nobody folds"
        time.sleep(random.uniform(0, 0.03))
        folding.kill()
        folding.join()
        folding.close()
        listening.close()
        assert in_unit_of_work(summary.check, write=False) == []
        assert summed() == expected()


def test_a_report_is_of_one_moment(app: Flask) -> None:
    """What is recorded between two statements of a report is in none of them; without a snapshot it would be in one."""
    organisation = an_organisation()
    a_record(organisation=organisation)

    def meanwhile() -> None:
        with app.app_context():
            a_record(organisation=organisation)
            session.remove()

    def read_twice() -> list[int]:
        counts = [_recorded()]
        other = threading.Thread(target=meanwhile)
        other.start()
        other.join()
        return [*counts, _recorded()]

    assert in_unit_of_work(read_twice, write=False, snapshot=True) == [1, 1]
    assert in_unit_of_work(_recorded, write=False) == 2


def _recorded() -> int:
    return session.scalar(select(func.count()).select_from(Revision)) or 0
