"""Refusals about anomalies."""

from timebank.errors import Refusal


class AnomalyDecided(Refusal):
    """Somebody has decided already; it can be reopened, with a reason."""

    code = "ANOMALY_DECIDED"
    status = 409
    title = "异常已处理"
    title_en = "Already decided"
    detail = "这条异常已经有人处理过。请刷新后查看结论；如有新情况，可以重新打开并说明理由。"
    detail_en = "Somebody has decided about this. Refresh to see it; with new facts, reopen it and say why."
    constraints = ("pk_anomaly_decision",)


class AnomalyOpen(Refusal):
    """Nothing was decided yet, so there is nothing to reopen."""

    code = "ANOMALY_OPEN"
    status = 409
    title = "异常尚未处理"
    title_en = "Not decided yet"
    detail = "这条异常还没有结论，不需要重新打开。请直接给出结论和理由。"
    detail_en = "There is no decision to reopen. Decide, and say why."


class ConcernsYou(Refusal):
    """Nobody decides about themselves or a relative."""

    code = "CONCERNS_YOU"
    status = 403
    title = "与您本人有关"
    title_en = "This concerns you"
    detail = "这条异常涉及您本人或您的亲属，请由另一位工作人员处理。"
    detail_en = "This is about you or a relative of yours. Ask a colleague to decide."
