"""Refusals about service records."""

from timebank.errors import Refusal


class RecordNotPending(Refusal):
    """The record was decided already (``state``), perhaps by a colleague a moment ago."""

    code = "RECORD_NOT_PENDING"
    status = 409
    title = "服务记录已处理"
    title_en = "Record not pending"
    detail = "这条服务记录已经处理过，不在待审核之列。请刷新列表后查看结果。"
    detail_en = "This record was decided before, perhaps by a colleague. Refresh the list to see the outcome."
    constraints = ("uq_service_record_revision_record_id_number",)


class OwnRecord(Refusal):
    """Nobody decides on their own service."""

    code = "OWN_RECORD"
    status = 403
    title = "不能审核自己的记录"
    title_en = "Your own record"
    detail = "这是您本人的服务记录，不能由您自己审核。请由另一位协调员处理。"
    detail_en = "This is your own service. Ask another coordinator to decide."


class RelativesRecord(Refusal):
    """Nobody decides on the service of their family."""

    code = "RELATIVES_RECORD"
    status = 403
    title = "不能审核亲属的记录"
    title_en = "A relative's record"
    detail = "这是您亲属的服务记录，不能由您处理。请由另一位协调员处理。"
    detail_en = "This is the service of a relative of yours. Ask another coordinator to decide."


class SecondPersonNeeded(Refusal):
    """Whoever asked for something, or did a part of it, does not grant it: two people answer for it."""

    code = "SECOND_PERSON_NEEDED"
    status = 403
    title = "须由另一人处理"
    title_en = "A second person is needed"
    detail = "这件事您自己提出过或经手过，须由另一位工作人员处理。请把它转给同事。"
    detail_en = "You asked for this yourself, or did a part of it. A colleague has to decide on it."


class RecordUndecided(Refusal):
    """The record still waits for its review; it is decided there, with the right minutes."""

    code = "RECORD_UNDECIDED"
    status = 409
    title = "服务记录还未审核"
    title_en = "Record not decided yet"
    detail = "这条服务记录还在审核，不用更正。请直接审核，审核时可以改少分钟数。"
    detail_en = "This record still waits for its review. Decide it there; fewer minutes can be approved."


class RecordAnnulled(Refusal):
    """The record was annulled by a correction, and stays so."""

    code = "RECORD_ANNULLED"
    status = 409
    title = "服务记录已作废"
    title_en = "Record annulled"
    detail = "这条服务记录已经更正作废，不能再改。如果确有服务，请提交补录。"
    detail_en = "A correction has annulled this record. If there was a service, ask for a supplement."


class RecordSuperseded(Refusal):
    """The record has changed since the correction was asked for."""

    code = "RECORD_SUPERSEDED"
    status = 409
    title = "服务记录已有变化"
    title_en = "Record superseded"
    detail = "提出更正之后，这条服务记录又有了变化。请查看最新的记录，需要时重新提出更正。"
    detail_en = "The record has changed since this correction was asked for. Look at it, and ask again if need be."


class CorrectionDecided(Refusal):
    """The correction was decided before, perhaps by a colleague a moment ago."""

    code = "CORRECTION_DECIDED"
    status = 409
    title = "更正已处理"
    title_en = "Correction decided"
    detail = "这项更正已经处理过。请刷新列表后查看结果。"
    detail_en = "This correction was decided before, perhaps by a colleague. Refresh the list to see the outcome."
    constraints = ("pk_correction_decision",)


class MoreThanPlanned(Refusal):
    """A correction would say more than was recorded or planned. Context: ``longest_minutes``."""

    code = "MORE_THAN_PLANNED"
    status = 422
    title = "超出场次时间"
    title_en = "More than planned"
    detail = "更正后不能超过原记录或场次计划的时长（最多 {longest_minutes} 分钟），起止时间也不能超出。请核对后重填。"
    detail_en = "A correction stays within what was recorded or planned: at most {longest_minutes} minutes, and within its times."


class ServiceOverlap(Refusal):
    """The person's time is taken by another service. Context: ``from_local``, ``until_local`` (Beijing time)."""

    code = "SERVICE_OVERLAP"
    status = 409
    title = "与另一次服务时间重叠"
    title_en = "Overlaps another service"
    detail = "这段时间已有另一次服务（{from_local} 至 {until_local}），同一时间不能记两次。请核对起止时间。"
    detail_en = (
        "Another service takes {from_local} to {until_local} (Beijing time). Nothing is counted twice; check the times."
    )


class OutsideShift(Refusal):
    """A supplement lies outside its shift, or the shift was cancelled."""

    code = "OUTSIDE_SHIFT"
    status = 422
    title = "不在场次时间内"
    title_en = "Outside the shift"
    detail = "补录的起止时间须在场次的计划时间之内，取消的场次不能补录。请核对后重填。"
    detail_en = (
        "A supplement lies within the planned time of its shift, and a cancelled shift has none. Check the times."
    )


class SupplementTooLate(Refusal):
    """The shift is too long ago. Context: ``days``."""

    code = "SUPPLEMENT_TOO_LATE"
    status = 409
    title = "已过补录期限"
    title_en = "Too late for a supplement"
    detail = "补录须在场次结束后 {days} 天内提出，这一场已过期限。请联系组织的协调员。"
    detail_en = "A supplement is asked for within {days} days after the shift. Talk to the organisation's coordinator."


class SupplementLimit(Refusal):
    """As many supplements as one person may ask for in a period. Context: ``limit``, ``days``."""

    code = "SUPPLEMENT_LIMIT"
    status = 409
    title = "补录次数已满"
    title_en = "Too many supplements"
    detail = "每人每 {days} 天最多补录 {limit} 次，次数已满。请过几天再试，以后请记得到场扫码。"
    detail_en = "{limit} supplements in {days} days are the most, and they are used up. Try later, and scan next time."


class SupplementBanned(Refusal):
    """After a finding of fraud nothing is supplemented for a year. Context: ``until`` (the first day it is possible)."""

    code = "SUPPLEMENT_BANNED"
    status = 403
    title = "暂停补录"
    title_en = "No supplements for now"
    detail = "因查实的虚假记录，{until} 之前不能补录。如有异议，请联系组织的协调员复核。扫码签到不受影响。"
    detail_en = (
        "After a finding of fraud nothing is supplemented before {until}. Scanning works as ever; "
        "if the finding is wrong, ask a coordinator to look at it again."
    )


class SupplementDecided(Refusal):
    """The supplement has its outcome already."""

    code = "SUPPLEMENT_DECIDED"
    status = 409
    title = "补录已处理"
    title_en = "Supplement decided"
    detail = "这项补录已经有了结果。请刷新列表后查看。"
    detail_en = "This supplement has its outcome already. Refresh the list to see it."


class AlreadyReviewed(Refusal):
    """One reviewer speaks once; the other one is somebody else."""

    code = "ALREADY_REVIEWED"
    status = 409
    title = "您已审核过"
    title_en = "Already reviewed"
    detail = "您已经审核过这项补录，还需要另一位审核人。请转给同事。"
    detail_en = "You have reviewed this supplement; the second review is another person's. Ask a colleague."
    constraints = ("uq_supplement_review_supplement_id_reviewer_id",)


class AlreadyLifted(Refusal):
    """The finding was taken back before."""

    code = "ALREADY_LIFTED"
    status = 409
    title = "已经撤销"
    title_en = "Already lifted"
    detail = "这项认定已经撤销过。请刷新后查看。"
    detail_en = "This finding was lifted before. Refresh to see it."
    constraints = ("pk_fraud_finding_lift",)


class AlreadyRecorded(Refusal):
    """The same service was recorded before."""

    code = "ALREADY_RECORDED"
    status = 409
    title = "这次服务已有记录"
    title_en = "Already recorded"
    detail = "这次服务已经生成过记录，不会重复计时。请在服务记录中查看。"
    detail_en = "This service has its record already and is not counted twice. See the list of records."
    constraints = ("uq_service_record_source_type_source_id",)


class RecordOnNotice(Refusal):
    """The record was reviewed and is on public notice until ``ends_on``; nobody cuts that short."""

    code = "RECORD_ON_NOTICE"
    status = 409
    title = "记录正在公示"
    title_en = "On public notice"
    detail = "这条记录已审核，正在公示，{ends_on} 公示期满后自动计入，不用再次审核。"
    detail_en = (
        "This record was reviewed and is on public notice until {ends_on}; it becomes final by itself after that."
    )


class RecordFrozen(Refusal):
    """Somebody has objected to the record, and has no answer yet."""

    code = "RECORD_FROZEN"
    status = 409
    title = "记录有异议，暂时冻结"
    title_en = "Record frozen"
    detail = "有人对这条记录提出了异议。请先答复异议（最迟 {due_on}），再处理这条记录。"
    detail_en = "There is an objection to this record. Answer it first (by {due_on}), then decide on the record."


class ObjectionTooLate(Refusal):
    """The time for objections was over on ``until``."""

    code = "OBJECTION_TOO_LATE"
    status = 409
    title = "已过提出异议的期限"
    title_en = "Too late to object"
    detail = "对这条记录提出异议的期限已于 {until_local} 截止。如有疑问，请直接联系组织的协调员。"
    detail_en = "Objections to this record were possible until {until_local} (Beijing time). Ask a coordinator of the organisation."


class ObjectionMade(Refusal):
    """This person has objected to this version of the record before."""

    code = "OBJECTION_MADE"
    status = 409
    title = "已经提出过异议"
    title_en = "Objected before"
    detail = "您已对这条记录提出过异议，不用重复提交。请在“我的异议”中查看进展和答复。"
    detail_en = "You have objected to this record before. See your list of objections for its answer."
    constraints = ("uq_record_objection_revision_id_objector_id",)


class TooManyObjections(Refusal):
    """One person may have so many objections without an answer (``limit``): each of them freezes a record."""

    code = "TOO_MANY_OBJECTIONS"
    status = 409
    title = "待答复的异议过多"
    title_en = "Too many open objections"
    detail = "您有 {limit} 件异议还在等待答复，请等答复后再提出新的异议。"
    detail_en = "You have {limit} objections that wait for an answer. Wait for one before you make another."


class ObjectionAnswered(Refusal):
    """The objection has its answer, perhaps by a colleague a moment ago."""

    code = "OBJECTION_ANSWERED"
    status = 409
    title = "异议已答复"
    title_en = "Objection answered"
    detail = "这件异议已经答复过，不能再次答复。请刷新后查看结果。"
    detail_en = "This objection was answered before. Refresh to see the outcome."
    constraints = ("pk_record_objection_answer",)


class OwnObjection(Refusal):
    """Nobody answers an objection of their own, or of their family."""

    code = "OWN_OBJECTION"
    status = 403
    title = "不能答复自己或亲属的异议"
    title_en = "Your own objection"
    detail = "这件异议是您本人或您的亲属提出的，请由另一位协调员答复。"
    detail_en = "You, or a relative of yours, made this objection. Ask another coordinator to answer it."
