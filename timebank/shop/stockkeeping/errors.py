"""Refusals of keeping stock: transfers between sites, stocktakes, write-offs."""

from timebank.errors import Refusal


class LotShort(Refusal):
    """The lot has fewer free pieces than wanted; what is reserved for somebody is not free."""

    code = "LOT_SHORT"
    status = 409
    title = "批次可动用数量不足"
    title_en = "Not enough in the lot"
    detail = "这个批次可动用的只有 {free} 件，不够 {quantity} 件（已被预留的不能动）。请减少数量，或先盘点。"
    detail_en = "The lot has {free} free pieces, not {quantity}; reserved ones stay. Take fewer, or count the lot."


class ExpiredNotSent(Refusal):
    """Expired goods go to no shop (rule R33)."""

    code = "EXPIRED_NOT_SENT"
    status = 409
    title = "过期物品不能调拨"
    title_en = "Expired goods are not sent"
    detail = "这个批次已过期，不能调拨到公益仓。请办理报损。"
    detail_en = "The lot has expired and cannot be sent to a shop. Write it off instead."


class RecalledNotSent(Refusal):
    """Recalled goods go to no shop (rule R34)."""

    code = "RECALLED_NOT_SENT"
    status = 409
    title = "召回物品不能调拨"
    title_en = "Recalled goods are not sent"
    detail = "这个批次已被召回，不能调拨到公益仓。请办理报损。"
    detail_en = "The lot is recalled and cannot be sent to a shop. Write it off instead."


class SameSite(Refusal):
    """Goods are sent from one site to another."""

    code = "SAME_SITE"
    status = 422
    title = "调出和调入是同一站点"
    title_en = "One and the same site"
    detail = "物品要从一个站点调到另一个站点。请选择另一个公益仓。"
    detail_en = "Goods go from one site to another. Choose another shop."


class MerchantSite(Refusal):
    """A merchant's counter holds its own goods only: donated goods never stand on its statement (rules R27, R31)."""

    code = "MERCHANT_SITE"
    status = 409
    title = "不能调拨到商家的柜台"
    title_en = "Not to a merchant's counter"
    detail = "商家的柜台只放商家自己供的货，公益物品不能调拨到那里。请选择另一个公益仓。"
    detail_en = "A merchant's counter holds that merchant's goods only; nothing is sent there. Choose another shop."


class TransferEnded(Refusal):
    """The transfer was received or cancelled before; the goods are where that put them."""

    code = "TRANSFER_ENDED"
    status = 409
    title = "调拨已结束"
    title_en = "Transfer ended"
    detail = "这张调拨单已经签收或取消，请刷新后查看。"
    detail_en = "This transfer was received or cancelled already. Refresh to see which."
    constraints = ("pk_shop_transfer_end",)


class ReceivedTooMuch(Refusal):
    """More pieces of a lot are said to have arrived than were sent."""

    code = "RECEIVED_TOO_MUCH"
    status = 422
    title = "签收数量超过调出数量"
    title_en = "More than was sent"
    detail = "这个批次调出 {sent} 件，不能签收更多。多出的物品请在下次盘点时登记。"
    detail_en = "{sent} pieces of this lot were sent; no more can be received. Enter a surplus at the next stocktake."


class DifferenceUnexplained(Refusal):
    """Fewer pieces arrived than were sent, and nobody says why."""

    code = "DIFFERENCE_UNEXPLAINED"
    status = 422
    title = "请说明短少原因"
    title_en = "Say why pieces are missing"
    detail = "签收数量比调出少 {missing} 件，请填写原因。"
    detail_en = "{missing} pieces fewer than were sent: give a reason."


class StocktakeUnderWay(Refusal):
    """One stocktake is under way at a site at a time."""

    code = "STOCKTAKE_UNDER_WAY"
    status = 409
    title = "已有盘点在进行"
    title_en = "A stocktake is under way"
    detail = "这个站点已有一次盘点在进行。请先完成或取消它。"
    detail_en = "A stocktake is under way at this site. Post or cancel it first."
    constraints = ("uq_shop_stocktake_under_way",)


class NothingToCount(Refusal):
    """No lot of the site fits what was chosen, or more lots than one stocktake takes."""

    code = "NOTHING_TO_COUNT"
    status = 422
    title = "没有可盘点的批次"
    title_en = "Nothing to count"
    detail = "所选范围内没有库存批次。请换一个范围。"
    detail_en = "No stocked lot fits what was chosen. Choose something else."


class TooManyLots(Refusal):
    """More lots than one stocktake takes."""

    code = "TOO_MANY_LOTS"
    status = 422
    title = "批次过多"
    title_en = "Too many lots"
    detail = "一次盘点最多 {most} 个批次。请按物品分几次盘点。"
    detail_en = "One stocktake takes at most {most} lots. Count goods by goods in several."


class StocktakeNotCounting(Refusal):
    """Counts are entered, and confirmed, while the stocktake is open."""

    code = "STOCKTAKE_NOT_COUNTING"
    status = 409
    title = "盘点不在清点阶段"
    title_en = "Not being counted"
    detail = "这次盘点现在不能录入清点数。已确认的请先退回重点，已过账或取消的请另开一次盘点。"
    detail_en = "No counts are taken now. Send a confirmed stocktake back to counting; open a new one after the end."


class StocktakeNotConfirmed(Refusal):
    """Only confirmed counts are posted or sent back."""

    code = "STOCKTAKE_NOT_CONFIRMED"
    status = 409
    title = "盘点尚未确认"
    title_en = "Not confirmed"
    detail = "只有确认过、还没过账的盘点才能这样做。请先确认清点数。"
    detail_en = "Only a stocktake that is confirmed and not posted. Confirm the counts first."


class StocktakeEnded(Refusal):
    """The stocktake was posted or cancelled before."""

    code = "STOCKTAKE_ENDED"
    status = 409
    title = "盘点已结束"
    title_en = "Stocktake ended"
    detail = "这次盘点已经过账或取消，不能再改。需要请另开一次盘点。"
    detail_en = "This stocktake was posted or cancelled. Open a new one if needed."


class StocktakeIncomplete(Refusal):
    """Some lots have pieces on the books and were not counted (``missing`` of them, ``lot_id`` is the first)."""

    code = "STOCKTAKE_INCOMPLETE"
    status = 409
    title = "还有批次没有清点"
    title_en = "Not everything is counted"
    detail = "还有 {missing} 个批次没有清点。一件都没有的请填 0。"
    detail_en = "{missing} lots are not counted yet. Enter 0 where nothing is there."


class LotMoved(Refusal):
    """Pieces of the lot came or went after the quantity that the counting person saw (``seq``)."""

    code = "LOT_MOVED"
    status = 409
    title = "清点时库存有变动"
    title_en = "The lot has moved"
    detail = "清点期间这个批次有进出。请重新清点后再录入。"
    detail_en = "Pieces of this lot came or went while it was counted. Count it again."


class CountBelowReserved(Refusal):
    """With this difference fewer pieces would be there than are reserved, or than none (``lot_id``)."""

    code = "COUNT_BELOW_RESERVED"
    status = 409
    title = "盘点数低于预留数"
    title_en = "Below what is reserved"
    detail = (
        "批次 {lot_id} 现有 {on_hand} 件、预留 {reserved} 件，差异 {difference} 件无法过账。请重新清点，或先取消预留。"
    )
    detail_en = (
        "Lot {lot_id} has {on_hand} pieces, {reserved} of them reserved; a difference of {difference} cannot be posted. "
        "Count it again, or cancel reservations first."
    )


class NotExpired(Refusal):
    """A lot that has not expired is not written off as expired."""

    code = "NOT_EXPIRED"
    status = 409
    title = "批次尚未过期"
    title_en = "Not expired"
    detail = "这个批次还没有过期，不能按过期报损。请核对保质期，或选择别的原因。"
    detail_en = "The lot has not expired. Check its date, or choose another reason."


class NotRecalled(Refusal):
    """A lot that is not recalled is not written off as recalled (rule R34)."""

    code = "NOT_RECALLED"
    status = 409
    title = "批次没有召回"
    title_en = "Not recalled"
    detail = "这个批次没有召回，不能按召回报损。请先登记召回，或选择别的原因。"
    detail_en = "The lot is not recalled. Recall it first, or choose another reason."


class WriteOffDecided(Refusal):
    """Somebody has approved or rejected the write-off before."""

    code = "WRITE_OFF_DECIDED"
    status = 409
    title = "报损已处理"
    title_en = "Write-off decided"
    detail = "这张报损单已经有人批准或驳回，请刷新后查看。"
    detail_en = "This write-off was approved or rejected already. Refresh to see which."
    constraints = ("pk_shop_write_off_decision",)


class HandedOutYourself(Refusal):
    """Whoever handed out pieces of a lot does not approve the write-off of the rest (rule R35: 管用分离)."""

    code = "HANDED_OUT_YOURSELF"
    status = 403
    title = "经手人不能批准"
    title_en = "Not by who handed out"
    detail = "您发放过这些批次的物品，不能批准它们的报损。请由没有经手的负责人批准。"
    detail_en = "You handed out pieces of these lots and cannot approve their write-off. Ask somebody who did not."
