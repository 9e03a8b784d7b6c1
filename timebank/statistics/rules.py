"""What figures can be grouped by, what is counted, and what goes with what."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from timebank.records.rules import Provenance
from timebank.statistics.calendar import Period
from timebank.statistics.errors import MeasureNotCut

PROVENANCES = tuple(str(provenance) for provenance in Provenance)
"""How a minute came to be known, strongest first; totals are always split by it (rule R09)."""
PROVENANCE_NAMES = {
    Provenance.SELF_SCAN: "本人扫码",
    Provenance.STAFF_SCAN: "工作人员扫码",
    Provenance.SUPPLEMENT: "补录",
    Provenance.IMPORT: "导入",
}


class Grain(StrEnum):
    """How finely the summary is kept: by day and activity, or by month."""

    DAY = "day"
    MONTH = "month"


class Form(StrEnum):
    """What sort of file; JSON is no file."""

    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


class Cut(StrEnum):
    """One thing that figures can be grouped by."""

    ORGANISATION = "organisation"
    AREA = "area"
    ACTIVITY = "activity"
    CATEGORY = "category"
    VOLUNTEER = "volunteer"
    PROVENANCE = "provenance"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


PERIODS = {Cut.MONTH: Period.MONTH, Cut.QUARTER: Period.QUARTER, Cut.YEAR: Period.YEAR}
EVERY_CUT = frozenset(Cut)


class Measure(StrEnum):
    """One thing that is counted. What each of them means stands in ``timebank.statistics.headings``."""

    PEOPLE = "people"
    NEW_PEOPLE = "new_people"
    PERSON_TIMES = "person_times"
    SERVICE_MINUTES = "service_minutes"
    CREDITED_MINUTES = "credited_minutes"
    REDEEMED_MINUTES = "redeemed_minutes"
    REFUNDED_MINUTES = "refunded_minutes"
    EXPIRED_MINUTES = "expired_minutes"
    OUTSTANDING_MINUTES = "outstanding_minutes"
    SIGN_UPS = "sign_ups"
    NO_SHOWS = "no_shows"
    NO_SHOW_PERCENT = "no_show_percent"
    APPROVALS = "approvals"
    APPROVAL_DAYS = "approval_days"


HOURS = (Measure.PEOPLE, Measure.PERSON_TIMES, Measure.SERVICE_MINUTES, Measure.CREDITED_MINUTES)
"""What the hours report has always shown."""


class Source(StrEnum):
    """Where measures come from: each source is one select."""

    HOURS = "hours"
    PEOPLE = "people"
    SHOP = "shop"
    LEDGER = "ledger"
    SIGN_UPS = "sign_ups"
    APPROVALS = "approvals"


MEASURES: dict[Source, tuple[Measure, ...]] = {
    Source.HOURS: (Measure.PERSON_TIMES, Measure.SERVICE_MINUTES, Measure.CREDITED_MINUTES),
    Source.PEOPLE: (Measure.PEOPLE, Measure.NEW_PEOPLE),
    Source.SHOP: (Measure.REDEEMED_MINUTES, Measure.REFUNDED_MINUTES),
    Source.LEDGER: (Measure.EXPIRED_MINUTES, Measure.OUTSTANDING_MINUTES),
    Source.SIGN_UPS: (Measure.SIGN_UPS, Measure.NO_SHOWS, Measure.NO_SHOW_PERCENT),
    Source.APPROVALS: (Measure.APPROVALS, Measure.APPROVAL_DAYS),
}
_WALLETS = frozenset({Cut.VOLUNTEER, *PERIODS})
CUTS: dict[Source, frozenset[Cut]] = {
    Source.HOURS: EVERY_CUT,
    Source.PEOPLE: EVERY_CUT,
    Source.SHOP: _WALLETS | {Cut.ORGANISATION, Cut.AREA},
    Source.LEDGER: _WALLETS,
    Source.SIGN_UPS: EVERY_CUT - {Cut.PROVENANCE},
    Source.APPROVALS: EVERY_CUT,
}
"""A balance belongs to a person and to no organisation; what a shop hands out belongs to the shop's."""


def sources_of(measures: Iterable[Measure]) -> list[Source]:
    """Return where some measures come from."""
    wanted = set(measures)
    return [source for source, made in MEASURES.items() if wanted.intersection(made)]


def refuse_impossible(measures: Sequence[Measure], cuts: Iterable[Cut]) -> None:
    """Raise MeasureNotCut where a measure is not made of what it is to be cut (or filtered) by."""
    wanted = list(cuts)
    for source in sources_of(measures):
        for cut in wanted:
            if cut not in CUTS[source]:
                measure = next(one for one in measures if one in MEASURES[source])
                raise MeasureNotCut(measure=str(measure), cut=str(cut))


def parse_cuts(text: str) -> tuple[Cut, ...]:
    """Return the cuts of ``organisation,month``; raise ValueError for an unknown, a repeated or no cut."""
    cuts = tuple(Cut(part.strip()) for part in text.split(","))
    if len(set(cuts)) != len(cuts):
        raise ValueError("a cut is named twice")
    return cuts


def parse_measures(text: str) -> tuple[Measure, ...]:
    """Return the measures of ``people,service_minutes``; raise ValueError as ``parse_cuts`` does."""
    measures = tuple(Measure(part.strip()) for part in text.split(","))
    if len(set(measures)) != len(measures):
        raise ValueError("a measure is named twice")
    return measures
