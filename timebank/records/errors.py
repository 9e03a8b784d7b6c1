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
