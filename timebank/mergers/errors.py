"""Refusals of merging two accounts."""

from timebank.errors import Refusal


class SamePerson(Refusal):
    """Both accounts are one and the same."""

    code = "SAME_PERSON"
    status = 422
    title = "是同一个账户"
    title_en = "One and the same account"
    detail = "要合并的是同一个账户，不用合并。请核对两个编号。"
    detail_en = "These are one and the same account. Check both numbers."


class AlreadyMerged(Refusal):
    """One of the two was merged into another account before, or is closed."""

    code = "ALREADY_MERGED"
    status = 409
    title = "账户已合并或已关闭"
    title_en = "Merged or closed already"
    detail = "其中一个账户已经合并到别的账户，或已关闭，不能再合并。请刷新后核对编号。"
    detail_en = "One of the two was merged into another account, or is closed. Refresh, and check both numbers."


class RelativesNotMerged(Refusal):
    """The two have said that they are relatives, guardian and ward, or giver and receiver: then they are two people."""

    code = "RELATIVES_NOT_MERGED"
    status = 409
    title = "两人登记为亲属"
    title_en = "The two are registered as relatives"
    detail = "这两个账户互相登记过亲属、监护或代领关系，是两个人，不能合并。登记有误的，请先更正。"
    detail_en = "These two are registered as relatives, guardian and ward, or proxies: two people. Correct that first."


class OpenAttendances(Refusal):
    """Both are inside a shift at this moment."""

    code = "OPEN_ATTENDANCES"
    status = 409
    title = "两个账户都在服务中"
    title_en = "Both are checked in"
    detail = "两个账户现在都已签到未签退。请先签退，核实时间后再合并。"
    detail_en = "Both accounts are checked in at this moment. Check them out, look at the times, then merge."


class RecordsOverlap(Refusal):
    """Some minutes are recorded for both. Context: ``records`` and ``minutes`` counted twice; ``errors`` name the pairs."""

    code = "RECORDS_OVERLAP"
    status = 409
    title = "有重复计算的服务时间"
    title_en = "Some time is recorded twice"
    detail = "两个账户有 {records} 对服务记录时间重叠，共 {minutes} 分钟重复。请先核实，用更正作废重复的一条，再合并。"
    detail_en = (
        "{records} pairs of records share {minutes} minutes. Find out which is right, "
        "annul the other by a correction, then merge."
    )


class MergeUnfinished(Refusal):
    """Something of the account that is to be closed waits for a decision; ``errors`` say what."""

    code = "MERGE_UNFINISHED"
    status = 409
    title = "还有未办完的事"
    title_en = "Something is still open"
    detail = "这两个账户还有未办完的事，见所列各项。请先办完或撤回，再合并。"
    detail_en = "The two accounts have business that is still open, as listed. Finish it, then merge."


class MergeOtherWay(Refusal):
    """The account that is to go on has no wallet, and the other one's has no minutes that could open it."""

    code = "MERGE_OTHER_WAY"
    status = 409
    title = "请反过来合并"
    title_en = "Merge the other way round"
    detail = "要保留的账户还没有时间币账户，另一个有。请反过来：保留有时间币账户的那一个。"
    detail_en = "The account to be kept has no wallet, and the other one has. Keep the one with the wallet."


class MergeDecided(Refusal):
    """The request was approved or rejected before, perhaps a moment ago."""

    code = "MERGE_DECIDED"
    status = 409
    title = "合并申请已有结果"
    title_en = "Decided already"
    detail = "这项合并申请已有结果，请刷新后查看。"
    detail_en = "This request has been decided already. Refresh to see how."
    constraints = ("pk_merge_decision",)


class MergeSecondPerson(Refusal):
    """Who has asked for a merger does not approve it."""

    code = "MERGE_SECOND_PERSON"
    status = 403
    title = "须由另一人审核"
    title_en = "A second person decides"
    detail = "合并是您申请的，须由另一位工作人员审核。"
    detail_en = "You have asked for this merger; a colleague has to decide."
