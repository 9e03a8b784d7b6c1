"""What is exported by itself, every month, quarter or year: the period that is over, each file once.

Files lie in ``$TIMEBANK_HOME/exports/<month|quarter|year>/<period>``, each with its manifest beside it.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from timebank import clock
from timebank.database import in_unit_of_work
from timebank.errors import Refusal
from timebank.statistics import calendar, exports, files
from timebank.statistics.calendar import Period
from timebank.statistics.exports import THE_BANK, Wanted, Writer
from timebank.statistics.models import Export
from timebank.statistics.queries import Asker
from timebank.statistics.questions import Kind, Question
from timebank.statistics.rules import HOURS, Cut, Form, Measure

REASON = "定期导出"

_WHOLE = (*HOURS, Measure.NEW_PEOPLE, Measure.SIGN_UPS, Measure.NO_SHOWS, Measure.NO_SHOW_PERCENT)
QUESTIONS = {
    "hours-by-organisation": Question(cuts=(Cut.ORGANISATION,), measures=(*_WHOLE, Measure.APPROVAL_DAYS)),
    "hours-by-area": Question(cuts=(Cut.AREA,), measures=_WHOLE),
    "hours-by-activity": Question(cuts=(Cut.ORGANISATION, Cut.ACTIVITY), measures=HOURS),
    "hours-by-category": Question(cuts=(Cut.CATEGORY,), measures=HOURS),
    "bank-by-month": Question(
        cuts=(Cut.MONTH,),
        measures=(*HOURS, Measure.REDEEMED_MINUTES, Measure.EXPIRED_MINUTES, Measure.OUTSTANDING_MINUTES),
    ),
    "five-societies": Question(kind=Kind.FIVE_SOCIETIES),
    "records": Question(kind=Kind.RECORDS),
}
_NOT_ON_PAPER = frozenset({"records"})


class Done(NamedTuple):
    """One file of a schedule, whether it was there already, and the code of the refusal if there is none."""

    name: str
    rows: int
    was_there: bool
    refused: str | None = None


def run(every: Period, forms: Sequence[Form], writer: Writer, *, today: date | None = None) -> Iterator[Done]:
    """Export the last complete period; yield every file. Again it finds everything there, and changes nothing.

    A file that cannot be written, or is gone, is named as such and keeps none of the others back.
    """
    first, last = calendar.last_complete(every, today or clock.day_of(clock.now()))
    period = calendar.name_of(every, calendar.number_of_day(every, last))
    folder = writer.home / "exports" / every / period
    for name, question in QUESTIONS.items():
        for form in forms:
            if form is Form.PDF and name in _NOT_ON_PAPER:
                continue
            key = f"{every}/{period}/{name}.{form}"
            wanted = Wanted(
                question=question.within(first, last),
                form=form,
                asker=Asker(actor=THE_BANK),
                reason=REASON,
                schedule_key=key,
            )
            try:
                yield _one(wanted, writer, folder / f"{name}.{form}", key)
            except Refusal as refusal:
                yield Done(key, 0, False, refusal.code)


def _one(wanted: Wanted, writer: Writer, path: Path, key: str) -> Done:
    there: Export | None = in_unit_of_work(lambda: exports.scheduled(key), write=False)
    export = there
    if export is None:
        row = exports.write(wanted, writer)
        export = in_unit_of_work(lambda: exports.register(row))
    kept = files.path_of(writer.home, export.sha256, export.form)
    if files.is_whole(path, export.sha256):
        if not files.is_whole(kept, export.sha256):  # each is the other's spare
            _lay_down(kept, lambda copy: shutil.copyfile(path, copy))
    else:
        kept = files.found(writer.home, export.sha256, export.form)
        _lay_down(path, lambda copy: shutil.copyfile(kept, copy))
    _lay_down(path.with_name(f"{path.name}.manifest.json"), lambda copy: copy.write_bytes(_manifest(export.manifest)))
    return Done(key, export.rows, there is not None)


def _manifest(manifest: dict[str, Any]) -> bytes:
    return json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def _lay_down(path: Path, write: Callable[[Path], object]) -> None:
    """Put a file in its place, whole: whoever reads the folder meanwhile sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as folder:
        copy = Path(folder) / path.name
        write(copy)
        copy.replace(path)
