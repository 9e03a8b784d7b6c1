"""Refusals about awards."""

from timebank.errors import Refusal


class AwardEntered(Refusal):
    """This award stands on the record already."""

    code = "AWARD_ENTERED"
    status = 409
    title = "这项表彰已登记"
    title_en = "Entered already"
    detail = "此人同一天由同一单位授予的同名表彰已经登记，无需重复登记。"
    detail_en = "This award of that day by that unit stands on the record already. There is nothing to do."


class AwardWithdrawn(Refusal):
    """The award was withdrawn before."""

    code = "AWARD_WITHDRAWN"
    status = 409
    title = "已经撤销"
    title_en = "Withdrawn already"
    detail = "这项表彰的登记已经撤销。请刷新列表。"
    detail_en = "This award was withdrawn already. Load the list again."
