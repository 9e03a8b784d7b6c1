"""Why a scan that is genuine and in time still does not check somebody in or out."""

from timebank.errors import Refusal


class PointNotFound(Refusal):
    """The code is genuine, and no shift has this check-in point."""

    code = "POINT_NOT_FOUND"
    status = 404
    title = "没有这个签到点"
    title_en = "No such check-in point"
    detail = "这个签到点已不存在。请向现场工作人员确认，扫描当前场次的屏幕。"
    detail_en = "This check-in point does not exist any more. Ask the staff for the screen of the current shift."


class NotOpenYet(Refusal):
    """Check-in has not opened. Context: ``opens_at``, ``seconds_left``."""

    code = "NOT_OPEN_YET"
    status = 409
    title = "还没有开始签到"
    title_en = "Not open yet"
    detail = "这一场 {opens_at_local} 开始签到，请到时再扫。"
    detail_en = "Check-in for this shift opens at {opens_at_local} (Beijing time). Scan again then."


class AlreadyClosed(Refusal):
    """Check-in has closed, or the shift was cancelled. Context: ``closed_at``."""

    code = "ALREADY_CLOSED"
    status = 409
    title = "签到已结束"
    title_en = "Already closed"
    detail = "这一场的签到已于 {closed_at_local} 结束或场次已取消。如果您确实参加了服务，请找负责人补录。"
    detail_en = (
        "Check-in for this shift closed at {closed_at_local} (Beijing time), or it was cancelled. "
        "If you served, ask the leader to enter it."
    )


class VolunteerSuspended(Refusal):
    """The volunteer's account is frozen or closed."""

    code = "VOLUNTEER_SUSPENDED"
    status = 403
    title = "志愿者账户已停用"
    title_en = "Volunteer suspended"
    detail = "该志愿者的账户已停用，暂不能签到。请联系所属组织。"
    detail_en = "This volunteer's account is suspended and cannot check in. Ask the organisation."


class AlreadyCheckedIn(Refusal):
    """The volunteer is inside already. Context: ``since``."""

    code = "ALREADY_CHECKED_IN"
    status = 409
    title = "已经签到"
    title_en = "Already checked in"
    detail = "您已于 {since_local} 签到，不用再签。离开时请扫描屏幕签退。"
    detail_en = "Checked in since {since_local} (Beijing time); once is enough. Scan the screen again when you leave."


class OpenElsewhere(Refusal):
    """The volunteer is inside somewhere else. Context: ``since``, and for the volunteer themselves ``where``."""

    code = "OPEN_ELSEWHERE"
    status = 409
    title = "另一场服务还没有签退"
    title_en = "Open elsewhere"
    detail = "还有一场服务（{where}，{since_local} 签到）没有签退。请先在那里签退，或联系那一场的负责人。"
    detail_en = "Another service is still open ({where}, since {since_local} Beijing time). Check out there first."


class NotCheckedIn(Refusal):
    """There is nothing to check out of."""

    code = "NOT_CHECKED_IN"
    status = 409
    title = "还没有签到"
    title_en = "Not checked in"
    detail = "您在这一场还没有签到。请先扫码签到；如果忘了签到，请找负责人补录。"
    detail_en = "There is no check-in for this shift. Check in first; if it was forgotten, ask the leader to enter it."


class AlreadyCheckedOut(Refusal):
    """The volunteer has left already. Context: ``at``."""

    code = "ALREADY_CHECKED_OUT"
    status = 409
    title = "已经签退"
    title_en = "Already checked out"
    detail = "您已于 {at_local} 签退，时长已经记录，不用再签。"
    detail_en = "Checked out at {at_local} (Beijing time) and recorded; once is enough."


class TooSoon(Refusal):
    """The minimum stay is not over. Context: ``minutes``, ``minutes_left``, ``seconds_left``."""

    code = "TOO_SOON"
    status = 409
    title = "签退太早"
    title_en = "Too soon"
    detail = "签到后至少 {minutes} 分钟才能签退，还要等 {minutes_left} 分钟。请服务结束后再扫一次。"
    detail_en = "A check-out counts {minutes} minutes after the check-in at the earliest: {minutes_left} minutes to go."


class TooManyPairs(Refusal):
    """Three pairs of scans on one shift and day are enough (rule R10). Context: ``limit``."""

    code = "TOO_MANY_PAIRS"
    status = 409
    title = "当天签到次数已满"
    title_en = "Too many pairs"
    detail = "同一场一天最多签到签退 {limit} 次。如需继续服务，请找负责人登记。"
    detail_en = "One shift takes {limit} pairs of check-in and check-out a day. Ask the leader if you go on serving."


class Overlap(Refusal):
    """The scan lies within another attendance. Context: ``until``."""

    code = "OVERLAP"
    status = 409
    title = "与另一次服务时间重叠"
    title_en = "Overlap"
    detail = "这次扫码的时间落在另一次服务之内（到 {until_local} 为止）。请重新扫描现场的码。"
    detail_en = (
        "This scan lies within another service, which lasted until {until_local} (Beijing time). Scan the code again."
    )


class TooEarlyToClose(Refusal):
    """A shift is closed once it has begun. Context: ``starts_at``."""

    code = "TOO_EARLY_TO_CLOSE"
    status = 409
    title = "还没到收场的时候"
    title_en = "Too early to close"
    detail = "这一场 {starts_at_local} 才开始，开始以后才能收场。"
    detail_en = "This shift starts at {starts_at_local} (Beijing time); it can be closed from then on."


class StillInside(Refusal):
    """Whoever is inside keeps their place until they have checked out."""

    code = "STILL_INSIDE"
    status = 409
    title = "您还在场"
    title_en = "Still inside"
    detail = "您已在这一场签到，还没有签退，不能取消报名。离开时请扫描屏幕签退。"
    detail_en = "You have checked in here, and keep your place. Scan the screen again when you leave."


class ServedHere(Refusal):
    """Whoever has been at a shift was there: nothing is given up any more."""

    code = "SERVED_HERE"
    status = 409
    title = "您已在这一场服务过"
    title_en = "You have served here"
    detail = "您已在这一场签到并签退，服务已有记录，不必也不能再取消报名。记录有误，请提出异议或联系负责人。"
    detail_en = "You have checked in and out here, and that is recorded: no sign-up is left to withdraw. Object to the record if it is wrong."


class AttendanceAnnulled(Refusal):
    """The attendance was annulled before, and stays so."""

    code = "ATTENDANCE_ANNULLED"
    status = 409
    title = "签到已作废"
    title_en = "Attendance annulled"
    detail = "这次签到已经作废，不能再改。如果确有服务，请走补录。"
    detail_en = "This attendance was annulled and stays so. If there was a service, ask for a supplement."


class ScanUnderReview(Refusal):
    """The scan of this ``client_ref`` was received before and waits for a coordinator."""

    code = "SCAN_UNDER_REVIEW"
    status = 409
    title = "扫码正等待核实"
    title_en = "Scan under review"
    detail = "这次扫码已经收到，正等待协调员核实，不用再扫。"
    detail_en = "This scan was received and waits for a coordinator. There is nothing more to do."


class LateScanDecided(Refusal):
    """Somebody has said already what becomes of this late scan."""

    code = "LATE_SCAN_DECIDED"
    status = 409
    title = "迟到的扫码已处理"
    title_en = "Late scan decided"
    detail = "这次迟到的扫码已经有人处理。请刷新列表后查看结果。"
    detail_en = "Somebody has decided on this late scan. Refresh the list to see the outcome."
    constraints = ("pk_late_scan_decision",)


class LocationRequired(Refusal):
    """The policy asks for the phone's place, and there is none, or no consent to look at it."""

    code = "LOCATION_REQUIRED"
    status = 422
    title = "需要位置"
    title_en = "Location required"
    detail = (
        "这一场签到要核对位置。请打开手机定位，在“我的授权”中同意使用位置后再扫一次；"
        "不愿提供位置的，请负责人扫您的会员码。系统只记是否在场和大致距离。"
    )
    detail_en = (
        "This shift checks the place. Turn the phone's location on, consent to its use, and scan again; "
        "or let the leader scan your member code. Only inside or outside and a rough distance are kept."
    )


class OutOfRange(Refusal):
    """The phone is outside the site's fence. Context: ``distance_m`` (to the hundred metres), ``allowed_m``."""

    code = "OUT_OF_RANGE"
    status = 422
    title = "不在现场"
    title_en = "Out of range"
    detail = (
        "手机定位离现场约 {distance_m} 米，须在 {allowed_m} 米以内。请走近后再扫；定位不准的，请负责人扫您的会员码。"
    )
    detail_en = (
        "The phone is about {distance_m} m away; {allowed_m} m is the limit. Come closer and scan again, "
        "or let the leader scan your member code."
    )


class NoShowExplained(Refusal):
    """An absence is explained once."""

    code = "NO_SHOW_EXPLAINED"
    status = 409
    title = "已作说明"
    title_en = "Explained already"
    detail = "您对这次缺席已作过说明，请等组织者答复，或直接联系他们。"
    detail_en = "You have explained this absence already. Wait for the organisation, or ask them."
    constraints = ("pk_no_show_explanation",)


class NoShowLifted(Refusal):
    """The absence was lifted before."""

    code = "NO_SHOW_LIFTED"
    status = 409
    title = "缺席已撤销"
    title_en = "Absence lifted already"
    detail = "这次缺席已经撤销，不需要再处理。"
    detail_en = "This absence was lifted already; there is nothing left to do."
    constraints = ("pk_no_show_lift",)
