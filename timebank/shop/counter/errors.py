"""Refusals of the counter: codes that are meant for something else, lock-outs, closings."""

from timebank.errors import Refusal


class CodeOfAnotherShop(Refusal):
    """A genuine pickup code of a redemption that another shop holds."""

    code = "CODE_OF_ANOTHER_SHOP"
    status = 404
    title = "不是本公益仓的码"
    title_en = "A code of another shop"
    detail = "这张兑换单属于另一个公益仓，不能在这里提货。请对方看一看兑换单上的站点，到那里去取。"
    detail_en = "Another shop holds this redemption. Ask the member to look at its site and to collect it there."


class NotACounterCode(Refusal):
    """A genuine code that is meant for something else: a check-in code, a volunteer's card, a pickup code for a sale."""

    code = "NOT_A_COUNTER_CODE"
    status = 422
    title = "这里不能用这种码"
    title_en = "Not a code for this"
    detail = "这个码是真的，但不能用在这里：查码用提货码或会员码，现场兑换用会员码。请对方打开相应的码再扫。"
    detail_en = "The code is genuine, but not for this: look up a pickup or member code, sell with a member code."


class NotLockedOut(Refusal):
    """Nothing is to be lifted: the lock-out is over, or somebody else has lifted it."""

    code = "NOT_LOCKED_OUT"
    status = 409
    title = "没有锁定"
    title_en = "Not locked out"
    detail = "现在没有锁定，可以直接使用。请刷新后查看。"
    detail_en = "Nothing is locked out now. Refresh and go on."


class OwnLockOut(Refusal):
    """Nobody lifts a lock-out that their own misses have caused."""

    code = "OWN_LOCK_OUT"
    status = 403
    title = "须由别人解除"
    title_en = "Somebody else lifts it"
    detail = "输错的码里有您本人的，须由另一位协调员解除，或等锁定时间结束。"
    detail_en = "Some of the wrong codes were yours: another coordinator lifts it, or wait until it is over."


class ClosedAlready(Refusal):
    """A shop has one closing a day; what is handed over afterwards belongs to the next one. Context: ``closed_on``."""

    code = "CLOSED_ALREADY"
    status = 409
    title = "今天已经日结"
    title_en = "Closed already"
    detail = "这一天已经日结过。之后核销的会计入下一次日结，不用重做。"
    detail_en = "This day has its closing. What is handed over after it belongs to the next one; nothing is lost."
    constraints = ("uq_shop_closing_site_id_closed_on",)


class ClosingDayInvalid(Refusal):
    """A closing is dated today, or yesterday after midnight, and never before the one before it."""

    code = "CLOSING_DAY_INVALID"
    status = 422
    title = "日结日期不对"
    title_en = "Not a day to close"
    detail = "日结只能记在今天，或（过了零点时）记在昨天。请核对日期。"
    detail_en = "A closing is dated today or, after midnight, yesterday. Check the day."


class ClosingChanged(Refusal):
    """Something was handed over or brought back since the clerk looked."""

    code = "CLOSING_CHANGED"
    status = 409
    title = "数字有变化"
    title_en = "The figures have changed"
    detail = "您核对之后又有核销、退货或撤销。请重新查看待结数字，核对后再日结。"
    detail_en = "Something was handed over or brought back since you looked. Look at the figures again, then close."


class ClosingNoteRequired(Refusal):
    """What was counted by hand differs from the books, and nobody has said why. Context: ``differences``."""

    code = "CLOSING_NOTE_REQUIRED"
    status = 422
    title = "请说明差异"
    title_en = "Say why it differs"
    detail = "手工清点的数与系统不一致。请再点一遍；确实不一致的，写明情况后再日结，系统会如实记下差异。"
    detail_en = "What you counted differs from the books. Count again; if it still differs, say so in a note and close."
