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
