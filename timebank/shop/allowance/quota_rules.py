"""Kinds of moves of a free quota, and what a redemption is paid with."""

from enum import StrEnum


class PayWith(StrEnum):
    """What a redemption is paid with: one of these, never a part of each (rule R30).

    ``purpose``: nothing pays; the donor gave the goods for people like the one who gets them (rule R32).
    """

    MINUTES = "minutes"
    FREE_QUOTA = "free_quota"
    PURPOSE = "purpose"


class QuotaMoveKind(StrEnum):
    """Why a free quota moves."""

    OPEN = "open"
    HOLD = "hold"
    RELEASE = "release"
    CAPTURE = "capture"
    SPEND = "spend"
    REFUND = "refund"


TAKES = (QuotaMoveKind.HOLD, QuotaMoveKind.SPEND)
"""The moves that begin a payment."""
