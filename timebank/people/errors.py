"""Refusals about people's data."""

from timebank.errors import Refusal


class ErasureBlocked(Refusal):
    """Something of theirs is still open. Context: ``blockers``, codes of what it is; ``errors`` says it in words."""

    code = "ERASURE_BLOCKED"
    status = 409
    title = "还有未了结的事项"
    title_en = "Something is still open"
    detail = "还有未了结的事项，暂时不能注销。请按所列逐项办完，再申请注销。"
    detail_en = "Something is still open: {blockers}. Settle it as listed, then ask again."


class ErasureWaiting(Refusal):
    """There is a request with another choice already. Context: ``due_at``."""

    code = "ERASURE_WAITING"
    status = 409
    title = "已申请注销"
    title_en = "Erasure asked for already"
    detail = "已有一份注销申请，到 {due_at} 办理。如要改变余额的处理方式，请先撤回，再重新申请。"
    detail_en = "A request is waiting until {due_at} (Beijing time). To choose otherwise, take it back and ask again."


class GuardianDecides(Refusal):
    """A child under 14 neither leaves nor stays by themself: whoever answers for them decides (PIPL 31)."""

    code = "GUARDIAN_DECIDES"
    status = 403
    title = "须由监护人提出"
    title_en = "For a guardian to decide"
    detail = "未满 14 周岁的，注销由监护人在“我的监护”里申请或撤回；监护人没有手机的，请一起到组织当面办理。"
    detail_en = (
        "Under 14 a guardian asks for it, or takes it back: under their wards, or at the organisation in person."
    )


class NoErasure(Refusal):
    """There is no request that could be taken back, or it is done."""

    code = "NO_ERASURE"
    status = 409
    title = "没有可撤回的注销申请"
    title_en = "No request to take back"
    detail = "没有正在等待的注销申请，无需撤回。"
    detail_en = "There is no request that waits, so there is nothing to take back."


class DisclosureNotOpen(Refusal):
    """It waits for approval, was refused, or its day is over. Context: ``state``."""

    code = "DISCLOSURE_NOT_OPEN"
    status = 409
    title = "现在不能查看"
    title_en = "Not to be looked at now"
    detail = "这份查看申请还在等待审批、未获批准或已过 24 小时。如仍需要，请重新申请。"
    detail_en = "It is {state}: not approved yet, refused, or more than 24 hours old. Ask again if you still need it."


class DisclosureDecided(Refusal):
    """Somebody has decided it already, or it needed no approval. Context: ``state``."""

    code = "DISCLOSURE_DECIDED"
    status = 409
    title = "已有审批结果"
    title_en = "Decided already"
    detail = "这份查看申请不在等待审批。请刷新后查看结果。"
    detail_en = "It does not wait for a decision ({state}). Refresh to see what became of it."


class StaffState(Refusal):
    """Whoever holds a role of staff is changed by an administrator of the whole bank only."""

    code = "STAFF_STATE"
    status = 403
    title = "须由全行管理员办理"
    title_en = "For the bank's administrators"
    detail = "此人是工作人员，其账户状态只能由全行管理员更改。"
    detail_en = "They hold a role of staff: only an administrator of the whole bank changes their account."
