"""Refusals about complaints."""

from timebank.errors import Refusal


class ComplaintAnswered(Refusal):
    """The complaint has its answer."""

    code = "COMPLAINT_ANSWERED"
    status = 409
    title = "已经答复"
    title_en = "Answered already"
    detail = "这项投诉已经答复。请刷新查看。"
    detail_en = "This complaint was answered already. Load it again."


class TooManyComplaints(Refusal):
    """Too many complaints of one person wait for an answer (``limit``)."""

    code = "TOO_MANY_COMPLAINTS"
    status = 409
    title = "待答复的投诉过多"
    title_en = "Too many open complaints"
    detail = "您有 {limit} 项投诉等待答复，请等答复后再提；紧急情况请直接联系街道或民政部门。"
    detail_en = (
        "{limit} complaints of yours wait for an answer. Wait for it, or call the street office if it is urgent."
    )
