"""Refusals of activities, shifts and sign-ups."""

from timebank.errors import Refusal


class CapacityFull(Refusal):
    """Every place on the shift is taken."""

    code = "CAPACITY_FULL"
    status = 409
    title = "名额已满"
    title_en = "Capacity full"
    detail = "这一场的 {capacity} 个名额已满。可以排候补，有人取消时会通知您；也可以选择其他场次。"
    detail_en = (
        "All {capacity} places are taken. Join the waiting list to be told when one is free, or choose another shift."
    )
    constraints = ("ck_shift_taken", "ck_shift_role_taken")


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


class AlreadyWaiting(Refusal):
    """The volunteer is on the waiting list of this shift already."""

    code = "ALREADY_WAITING"
    status = 409
    title = "已在候补"
    title_en = "Already waiting"
    detail = "您已在这一场的候补名单上，有空位时会通知您，不需要再排。"
    detail_en = "You are on the waiting list of this shift already and will be told when a place is free."
    constraints = ("uq_waiting_place_live",)


class NotWaiting(Refusal):
    """The volunteer has no turn on the waiting list of this shift, or none any more."""

    code = "NOT_WAITING"
    status = 404
    title = "没有排候补"
    title_en = "Not waiting"
    detail = "您不在这一场的候补名单上。如名额已满，可以排候补。"
    detail_en = "You are not on the waiting list of this shift. If it is full, you can join it."


class PlaceFree(Refusal):
    """There is a free place: nobody needs to wait."""

    code = "PLACE_FREE"
    status = 409
    title = "还有名额"
    title_en = "There is a free place"
    detail = "这一场还有名额，不必候补，请直接报名。"
    detail_en = "There is a free place on this shift. Sign up instead of waiting."


class WaitingOver(Refusal):
    """The shift has begun, is closed or cancelled: nobody waits for it any more."""

    code = "WAITING_OVER"
    status = 409
    title = "候补已截止"
    title_en = "Waiting list closed"
    detail = "这一场已经开始、结束或取消，不再排候补。还想参加，请到现场看看有没有空位，或选择其他场次。"
    detail_en = (
        "The shift has begun, is over or cancelled. Come and see whether there is a place, or choose another one."
    )


class ChooseRole(Refusal):
    """A shift has roles, and none of them was named. Context: ``roles`` with id, name and free places."""

    code = "CHOOSE_ROLE"
    status = 422
    title = "请选择角色"
    title_en = "Choose a role"
    detail = "这一场按角色报名：{names}。请选择其中一个再报名。"
    detail_en = "This shift has roles: {names}. Choose one of them."


class QualificationMissing(Refusal):
    """Something that the activity or the role asks for has not been verified, or not for that day (rule R14)."""

    code = "QUALIFICATION_MISSING"
    status = 403
    title = "缺少资质"
    title_en = "Qualification missing"
    detail = "参加这一场需要：{names}。请带证件到组织登记核验后再报名，或选择不需要资质的场次。"
    detail_en = (
        "This needs: {missing}. Have an organisation verify it from your document first, or choose another shift."
    )


class SignUpClash(Refusal):
    """The volunteer has signed up for another shift at the same time, and the policy takes only one."""

    code = "SIGN_UP_CLASH"
    status = 409
    title = "时间冲突"
    title_en = "Clashing sign-ups"
    detail = (
        "您已报名同一时段的「{activity}」（{starts_at_local} 至 {ends_at_local}）。请先取消那一场，或选择其他时间。"
    )
    detail_en = "You have signed up for {activity} ({starts_at_local} to {ends_at_local}). Withdraw there first."


class QualificationEnded(Refusal):
    """The verification was taken back before."""

    code = "QUALIFICATION_ENDED"
    status = 409
    title = "核验已撤销"
    title_en = "Verification taken back"
    detail = "这项资质的核验已经撤销，不能再次撤销。如已换证，请重新登记。"
    detail_en = "This verification was taken back before. If there is a new document, enter it anew."
    constraints = ("pk_qualification_end",)


class ShiftStarted(Refusal):
    """The shift has begun: what is published about it stays."""

    code = "SHIFT_STARTED"
    status = 409
    title = "场次已开始"
    title_en = "Shift started"
    detail = "这一场已经开始，时间、地点和名额不能再改。"
    detail_en = "This shift has started; its times, place and numbers stay."


class ShiftAttended(Refusal):
    """Somebody has checked in: the shift takes place."""

    code = "SHIFT_ATTENDED"
    status = 409
    title = "已有人签到"
    title_en = "Somebody has checked in"
    detail = "这一场已有人签到，不能修改或取消。需要提前结束的，请由负责人收场。"
    detail_en = "Somebody has checked in: it cannot be changed or cancelled. To end it early, close it."


class CapacityTaken(Refusal):
    """Fewer places than are taken or offered. Context: ``taken``, ``wanted``."""

    code = "CAPACITY_TAKEN"
    status = 409
    title = "名额少于已报名人数"
    title_en = "Capacity below the places taken"
    detail = "已有 {taken} 人报名或已为候补保留名额，不能减到 {wanted}。请先与报名者商量取消。"
    detail_en = "{taken} places are taken or kept for somebody who waits; {wanted} are too few."


class NoDaysLeft(Refusal):
    """A rule of recurrence yields no day at all."""

    code = "NO_DAYS_LEFT"
    status = 422
    title = "没有一天举行"
    title_en = "No day takes place"
    detail = "按这个规则，一年内没有一天举行。请检查起止日期、星期和节假日停办的设置。"
    detail_en = "By this rule nothing takes place within a year. Check the dates, the weekdays and the holidays."


class RolesStay(Refusal):
    """The numbers of a series with roles are changed by ending it and beginning another."""

    code = "ROLES_STAY"
    status = 409
    title = "分角色的名额不能整批改"
    title_en = "Numbers of roles stay"
    detail = "这个系列按角色报名，名额请逐场修改；要整批改，请从某一天停办，另发一个系列。"
    detail_en = "This series has roles: change the numbers shift by shift, or end it and begin another."
