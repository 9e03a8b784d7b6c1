"""Refusals about evaluations."""

from timebank.errors import Refusal


class EvaluationMade(Refusal):
    """The service was evaluated by its leader already: each says it once."""

    code = "EVALUATION_MADE"
    status = 409
    title = "已经评价过"
    title_en = "Evaluated already"
    detail = "这次服务已有负责人评价，每次服务只评价一次。请刷新查看。"
    detail_en = "The leader has evaluated this service; each does so once. Load it again."


class RecordNotFinal(Refusal):
    """Only what counts is evaluated: the record waits, is frozen or was rejected."""

    code = "RECORD_NOT_FINAL"
    status = 409
    title = "服务记录尚未确认"
    title_en = "Record not final"
    detail = "这次服务的记录还没有确认，确认后才能评价。"
    detail_en = "The record of this service is not final. Evaluate it when it is."


class InvitationsUsedUp(Refusal):
    """No more people can be asked about one service (``limit``)."""

    code = "INVITATIONS_USED_UP"
    status = 409
    title = "评价邀请已达上限"
    title_en = "No more invitations"
    detail = "一次服务最多发出 {limit} 份评价邀请，已经用完。"
    detail_en = "One service has at most {limit} invitations, and all were given out."


class InvitationUsed(Refusal):
    """The invitation was answered: it is good once."""

    code = "INVITATION_USED"
    status = 409
    title = "已经评价过"
    title_en = "Answered already"
    detail = "这份邀请已经用过，您的评价已收到，谢谢。"
    detail_en = "This invitation was answered already. Thank you."


class InvitationExpired(Refusal):
    """The invitation is over."""

    code = "INVITATION_EXPIRED"
    status = 410
    title = "邀请已过期"
    title_en = "Invitation expired"
    detail = "这份评价邀请已过期。请联系志愿服务组织重新发出。"
    detail_en = "This invitation has expired. Ask the organisation for another one."


class ReplyMade(Refusal):
    """The volunteer has replied already."""

    code = "REPLY_MADE"
    status = 409
    title = "已经回复过"
    title_en = "Replied already"
    detail = "每条评价只能回复一次。"
    detail_en = "An evaluation is replied to once."


class EvaluationRemoved(Refusal):
    """The evaluation was taken out before."""

    code = "EVALUATION_REMOVED"
    status = 409
    title = "评价已被撤下"
    title_en = "Removed already"
    detail = "这条评价已经撤下。请刷新列表。"
    detail_en = "This evaluation was removed already. Load the list again."
