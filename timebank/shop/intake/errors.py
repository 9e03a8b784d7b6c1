"""Refusals of what comes in: goods and prices, intakes, donations, recalls, changes of purpose."""

from timebank.errors import Refusal


class ShelfLifeTooShort(Refusal):
    """Goods that will expire soon are not taken in (``min_remaining_days``, of the goods or of the place)."""

    code = "SHELF_LIFE_TOO_SHORT"
    status = 422
    title = "剩余保质期不足"
    title_en = "Too little life left"
    detail = "有物品剩余保质期不足 {needed_days} 天，不能入库。请核对保质期，或作当日食品另行登记。"
    detail_en = (
        "Some goods have less than {needed_days} days left. Check the dates, or take them in as food of the day."
    )


class SameDayExpiry(Refusal):
    """Food of the day needs an expiry within hours (rule R34)."""

    code = "SAME_DAY_EXPIRY"
    status = 422
    title = "当日食品须注明到期时间"
    title_en = "Food of the day expires within hours"
    detail = "当日食品入库须注明到期时间，且在 {hours} 小时以内。"
    detail_en = "Food of the day is taken in with the hour at which it expires, at most {hours} hours ahead."


class SameDayIsFree(Refusal):
    """Food of the day costs nothing (rule R34)."""

    code = "SAME_DAY_IS_FREE"
    status = 422
    title = "当日食品免费发放"
    title_en = "Food of the day is free"
    detail = "当日食品不收时间币，价格须为 0（包括今后生效的价格）。"
    detail_en = "Food of the day costs no minutes: its price is 0, now and later."


class LotRecalled(Refusal):
    """Pieces of a recalled lot are neither handed over nor sent to another site (rule R34)."""

    code = "LOT_RECALLED"
    status = 409
    title = "批次已召回"
    title_en = "Lot recalled"
    detail = "其中有物品的批次已被召回，不能发放或调拨。请把它留下；核销的，只核销其余物品，或取消兑换单。"
    detail_en = (
        "Some of these pieces belong to a recalled lot and may not leave. Keep them; hand over the rest, or cancel the "
        "redemption."
    )


class AlreadyRecalled(Refusal):
    """A lot is recalled once."""

    code = "ALREADY_RECALLED"
    status = 409
    title = "批次已经召回"
    title_en = "Already recalled"
    detail = "这个批次已经召回过，不会再发放。"
    detail_en = "This lot has been recalled before; nothing of it is handed out."
    constraints = ("pk_lot_recall",)


class NotRestricted(Refusal):
    """Only goods that were given for a purpose have one to change; these are for everybody."""

    code = "NOT_RESTRICTED"
    status = 409
    title = "没有限定用途"
    title_en = "No restricted purpose"
    detail = "这个批次没有限定用途，无需变更。"
    detail_en = "This lot is for everybody; there is no purpose to change."


class NoticeTooShort(Refusal):
    """Without the donor's consent a purpose changes 60 days after the notice at the earliest (rule R32)."""

    code = "NOTICE_TOO_SHORT"
    status = 422
    title = "公示期不足"
    title_en = "Notice too short"
    detail = "未取得捐赠人同意的，须公示满 {days} 天后方可变更用途，最早 {earliest_on}。"
    detail_en = "Without the donor's consent the notice runs {days} days: the change takes effect {earliest_on} at the earliest."


class DonationDecided(Refusal):
    """The donation is no longer an offer: it was accepted, declined or cancelled (``state``)."""

    code = "DONATION_DECIDED"
    status = 409
    title = "捐赠已处理"
    title_en = "Donation decided"
    detail = "这笔捐赠已经处理过了，请刷新后查看。"
    detail_en = "This donation has been decided already. Load it again."


class DonationOverAccepted(Refusal):
    """More pieces are accepted than were offered, or of a line that was not; ``errors`` says where."""

    code = "DONATION_OVER_ACCEPTED"
    status = 422
    title = "验收数量有误"
    title_en = "Wrong quantities"
    detail = "验收数量不能超过捐赠人所报的数量。多出的部分请另行登记入库。"
    detail_en = "Accept at most what was offered. What came beside it is taken in by itself."
