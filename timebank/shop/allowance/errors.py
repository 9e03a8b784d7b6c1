"""Refusals of limits, redemption days, free quotas and proxies."""

from timebank.errors import Refusal


class LimitReached(Refusal):
    """More than a limit leaves (rule R30).

    Context: the limit (``per``, ``of``, ``window``, ``unit``, ``most``, ``goods_id`` or ``category``), ``left``,
    ``wanted``, and ``resets_at`` in Asia/Shanghai (null: it never does by itself).
    """

    code = "LIMIT_REACHED"
    status = 409
    title = "超出限额"
    title_en = "Limit reached"
    detail = "{rule}，现在还可领 {left}，这次要 {wanted}。下次重新计算：{resets_local}。请减少数量，或到时再来。"
    detail_en = (
        "{rule_en}: {left} left, {wanted} wanted. It begins anew: {resets_local}. Take fewer, or come back then."
    )


class NotARedemptionDay(Refusal):
    """Goods are redeemed on certain days or hours only (rule R29). Context: ``opens_at`` in Asia/Shanghai."""

    code = "NOT_A_REDEMPTION_DAY"
    status = 409
    title = "现在不是兑换时间"
    title_en = "Not open for redemption"
    detail = "按本地规定，现在不能兑换。下次可兑换：{opens_local}（北京时间），请到时再来。"
    detail_en = "By the rules of this place goods are not redeemed now. Next time: {opens_local} (Beijing time)."


class NoFreeQuota(Refusal):
    """The person has no free quota at this shop's organisation, or it has ended."""

    code = "NO_FREE_QUOTA"
    status = 409
    title = "没有免费额度"
    title_en = "No free quota"
    detail = "在本公益仓没有可用的免费额度。请改用时间币，或向工作人员申请。"
    detail_en = "There is no free quota to use at this shop. Pay with minutes, or ask staff about one."


class FreeQuotaSpent(Refusal):
    """The free quota has less left than this costs. Context: ``needed``, ``left``, ``unit``, ``renews_on``."""

    code = "FREE_QUOTA_SPENT"
    status = 409
    title = "免费额度不足"
    title_en = "Free quota too small"
    detail = (
        "免费额度不足：需要 {needed}，还剩 {left}，{renews_on} 起有新的额度。请减少数量；免费额度和时间币不能合用。"
    )
    detail_en = (
        "{needed} needed, {left} left of the free quota; it renews on {renews_on}. Take fewer: minutes do not mix."
    )


class FreeQuotaExists(Refusal):
    """The person has a free quota at this organisation already."""

    code = "FREE_QUOTA_EXISTS"
    status = 409
    title = "已有免费额度"
    title_en = "Free quota exists"
    detail = "此人在本组织已有免费额度。需要变更的，请先终止原额度再登记。"
    detail_en = "This person has a free quota at this organisation. End it first, then enter another."
    constraints = ("uq_free_quota_entitlement_live",)


class FreeQuotaRefundTooLarge(Refusal):
    """More of a free quota is to come back than was taken. Context: ``needed``, ``left``."""

    code = "FREE_QUOTA_REFUND_TOO_LARGE"
    status = 409
    title = "退回额度过多"
    title_en = "Quota refund too large"
    detail = "要退回的免费额度超过当时用掉的：要退 {needed}，最多 {left}。请核对兑换单。"
    detail_en = "More of the free quota would come back than was taken: {needed}, at most {left}. Check the redemption."


class ProxyExists(Refusal):
    """This person may collect already."""

    code = "PROXY_EXISTS"
    status = 409
    title = "代领人已登记"
    title_en = "Proxy exists"
    detail = "这位代领人已经登记过，不用重复登记。"
    detail_en = "This person may collect already."
    constraints = ("uq_shop_proxy_live",)


class ProxyNotValid(Refusal):
    """Nobody is named so as a proxy for this person now."""

    code = "PROXY_NOT_VALID"
    status = 409
    title = "代领登记无效"
    title_en = "Not a proxy"
    detail = "没有这项有效的代领登记，可能已被本人取消。请核对，或由本人领取。"
    detail_en = "There is no such naming in force; it may have been revoked. Check it, or let the person collect."


class ClerkIsProxy(Refusal):
    """A clerk does not serve a person whose proxy they are (rule R35)."""

    code = "CLERK_IS_PROXY"
    status = 403
    title = "经办人不能是代领人"
    title_en = "A clerk is no proxy"
    detail = "经办人不能同时是代领人，请由另一位工作人员办理。"
    detail_en = "Whoever hands over is not the one who collects. Ask a colleague."
