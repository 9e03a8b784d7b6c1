"""Refusals of activities, shifts and sign-ups."""

from timebank.errors import Refusal


class CapacityFull(Refusal):
    """Every place on the shift is taken."""

    code = "CAPACITY_FULL"
    status = 409
    title = "名额已满"
    title_en = "Capacity full"
    detail = "这一场的 {capacity} 个名额已满，请选择其他场次，或等有人取消后再报名。"
    detail_en = (
        "All {capacity} places of this shift are taken. Choose another shift, or try again when somebody withdraws."
    )
    constraints = ("ck_shift_taken",)


class AlreadySignedUp(Refusal):
    """The volunteer holds a place on this shift already."""

    code = "ALREADY_SIGNED_UP"
    status = 409
    title = "已经报名"
    title_en = "Already signed up"
    detail = "您已报名这一场，不需要再次报名。请按时到场签到。"
    detail_en = "You hold a place on this shift already. Just come and check in."
    constraints = ("uq_sign_up_live",)


class NotSignedUp(Refusal):
    """The volunteer holds no place on this shift, and it takes no walk-ins."""

    code = "NOT_SIGNED_UP"
    status = 403
    title = "没有报名"
    title_en = "Not signed up"
    detail = "您没有报名这一场。请先报名，或联系活动负责人。"
    detail_en = "You hold no place on this shift. Sign up first, or ask the leader."


class NothingToWithdraw(NotSignedUp):
    """There is no sign-up to withdraw: the same code, as a thing that is not there."""

    status = 404


class ShiftOver(Refusal):
    """The shift has ended."""

    code = "SHIFT_OVER"
    status = 409
    title = "场次已结束"
    title_en = "Shift over"
    detail = "这一场已经结束，不能再报名或取消。请选择其他场次。"
    detail_en = "This shift has ended: no sign-up or withdrawal any more. Choose another shift."


class ShiftCancelled(Refusal):
    """The shift does not take place."""

    code = "SHIFT_CANCELLED"
    status = 409
    title = "场次已取消"
    title_en = "Shift cancelled"
    detail = "这一场已经取消，请选择其他场次。"
    detail_en = "This shift has been cancelled. Choose another one."


class ShiftInPast(Refusal):
    """A shift is published before it starts, never afterwards (rule R10)."""

    code = "SHIFT_IN_PAST"
    status = 422
    title = "场次已开始"
    title_en = "Shift in the past"
    detail = "开始时间已过，不能事后发布场次。请填写将来的开始时间；已做的服务请走补录。"
    detail_en = "The start has passed, and no shift is published afterwards. Give a start in the future."


class InsuranceRequired(Refusal):
    """A risky activity has no insurance, or does not say what the risks are (志愿服务条例 12, 17; rule R14)."""

    code = "INSURANCE_REQUIRED"
    status = 409
    title = "缺少保险或风险说明"
    title_en = "Insurance required"
    detail = "这项活动有人身风险，须先填写保险单号和风险说明，才能发布场次和报名。请修改活动后再试。"
    detail_en = "This activity is risky: enter the insurance and the notice of risks before shifts and sign-ups."


class RiskNotAccepted(Refusal):
    """A volunteer has not accepted the risks of an activity in the words that hold now. Context: ``risk_notice``."""

    code = "RISK_NOT_ACCEPTED"
    status = 409
    title = "尚未确认风险"
    title_en = "Risk not accepted"
    detail = "这项活动有人身风险：{risk_notice}。请先报名并确认已知悉风险。"
    detail_en = "This activity is risky: {risk_notice}. Sign up and accept the risks first."


class GroupsEarnNothing(Refusal):
    """Where the activity belongs, groups have no accounts (policy ``group_accounts``)."""

    code = "GROUPS_EARN_NOTHING"
    status = 409
    title = "此处不设团体账户"
    title_en = "Groups earn nothing here"
    detail = "按当地规则，团体不记时间币；您的服务会记在您本人名下。"
    detail_en = "By the rules here groups have no account. What you do is credited to yourself."
