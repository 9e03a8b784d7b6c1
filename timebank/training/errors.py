"""Refusals about training."""

from timebank.errors import Refusal


class ParticipationDiffers(Refusal):
    """Somebody is on the list of this training already, with other minutes (``entered_minutes``)."""

    code = "PARTICIPATION_DIFFERS"
    status = 409
    title = "已登记，时长不同"
    title_en = "Entered with other minutes"
    detail = "此人已在这次培训的名单上，登记的是 {entered_minutes} 分钟。如登记有误，请先撤销原来的登记，再重新登记。"
    detail_en = (
        "This person is on the list with {entered_minutes} minutes. If that is wrong, withdraw it and enter it again."
    )


class ParticipationWithdrawn(Refusal):
    """The participation was withdrawn before."""

    code = "PARTICIPATION_WITHDRAWN"
    status = 409
    title = "已经撤销"
    title_en = "Withdrawn already"
    detail = "这项登记已经撤销。请刷新名单。"
    detail_en = "This participation was withdrawn already. Load the list again."


class TrainingDayFull(Refusal):
    """Somebody would have learnt for longer than the day had hours."""

    code = "TRAINING_DAY_FULL"
    status = 422
    title = "当天培训时长超过24小时"
    title_en = "More than a day's hours"
    detail = "此人当天已登记 {entered_minutes} 分钟培训，再加 {learning_minutes} 分钟就超过24小时。请核对。"
    detail_en = (
        "With {learning_minutes} more minutes this person learns for longer than 24 hours that day. Check the list."
    )
