"""What statistics and exports refuse."""

from timebank.errors import Refusal


class MeasureNotCut(Refusal):
    """A measure cannot be grouped or filtered that way (context: ``measure``, ``cut``): a balance has no organisation."""

    code = "MEASURE_NOT_CUT"
    status = 422
    title = "这个指标不能这样分组或筛选"
    title_en = "Cannot be cut that way"
    detail = "指标 {measure} 不能按 {cut} 分组或筛选。请去掉其中一个再查。"
    detail_en = "{measure} cannot be grouped or filtered by {cut}. Leave one of the two out."


class BankWideOnly(Refusal):
    """A figure exists for the whole bank only, and the caller's grants cover less (context: ``measure``)."""

    code = "BANK_WIDE_ONLY"
    status = 403
    title = "只有全行的数字"
    title_en = "For the whole bank only"
    detail = "指标 {measure} 只能由管理全行的人员查看：时间币属于个人，不属于某个组织。请去掉这个指标。"
    detail_en = (
        "{measure} is for whoever is responsible for the whole bank: balances belong to no organisation. Leave it out."
    )


class DocumentTooLong(Refusal):
    """A PDF would have too many rows to be read on paper (context: ``rows``, ``most``)."""

    code = "DOCUMENT_TOO_LONG"
    status = 422
    title = "内容太多，不宜打印"
    title_en = "Too long for paper"
    detail = "共 {rows} 行，PDF 最多 {most} 行。请缩小筛选范围，或改用 XLSX、CSV。"
    detail_en = "{rows} rows; a PDF takes at most {most}. Narrow the filter, or take XLSX or CSV."


class DocumentTooWide(Refusal):
    """A PDF would have more columns than can be read side by side (context: ``columns``, ``most``)."""

    code = "DOCUMENT_TOO_WIDE"
    status = 422
    title = "列太多，不宜打印"
    title_en = "Too wide for paper"
    detail = "共 {columns} 列，PDF 最多 {most} 列。请把列的分组改粗一些（如按季度），或改用 XLSX、CSV。"
    detail_en = "{columns} columns; a PDF takes at most {most}. Group the columns more coarsely, or take XLSX or CSV."


class UnmaskForbidden(Refusal):
    """Full names are for administrators of what is asked for, with a reason."""

    code = "UNMASK_FORBIDDEN"
    status = 403
    title = "不能导出完整姓名"
    title_en = "Full names are not for you"
    detail = "只有管理员可以导出完整姓名，并且要写明理由。请改为导出隐去姓名的版本，或请管理员导出。"
    detail_en = (
        "Only administrators may export full names, with a reason. Export masked names, or ask an administrator."
    )


class ExportFileGone(Refusal):
    """The register knows an export whose file is not there any more, or has been changed (context: ``sha256``)."""

    code = "EXPORT_FILE_GONE"
    status = 410
    title = "导出的文件已不在"
    title_en = "The file is gone"
    detail = "登记还在，但文件已被移走或改动过（SHA-256 {sha256}）。请从备份找回，或重新导出。"
    detail_en = (
        "The register still has it, but the file was moved or changed (SHA-256 {sha256}). Restore it, or export anew."
    )
