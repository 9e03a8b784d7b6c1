"""What is refused of a file as a whole; what is wrong with its lines stands in ``faults``."""

from timebank.errors import Refusal


class ImportTooLarge(Refusal):
    """The file has more bytes than are read, or unpacks to more."""

    code = "IMPORT_TOO_LARGE"
    status = 413
    title = "导入文件过大"
    title_en = "Import too large"
    detail = "导入文件不能超过 {max_mebibytes} MB，解压后也不能过大。请分成几个文件导入。"
    detail_en = "A file to import has at most {max_mebibytes} MiB, and must not unpack to much more. Split it."


class ImportTooLong(Refusal):
    """The file has more lines than are imported in one transaction."""

    code = "IMPORT_TOO_LONG"
    status = 422
    title = "导入行数过多"
    title_en = "Too many lines"
    detail = "一个文件最多 {max_lines} 行。请分成几个文件导入。"
    detail_en = "A file has at most {max_lines} lines. Split it."


class ImportTypeRefused(Refusal):
    """The file is neither CSV nor XLSX."""

    code = "IMPORT_TYPE_REFUSED"
    status = 415
    title = "导入文件类型不支持"
    title_en = "Not a file to import"
    detail = "只能导入 CSV 和 XLSX。旧的 XLS 请用表格软件另存为 XLSX。"
    detail_en = "CSV and XLSX can be imported. Save an old XLS as XLSX first."


class ImportUnreadable(Refusal):
    """The file is damaged, of an unknown encoding, or counts days in a way that cannot be told for sure."""

    code = "IMPORT_UNREADABLE"
    status = 422
    title = "导入文件无法读取"
    title_en = "Import unreadable"
    detail = "文件已损坏、加密，或编码无法识别（第 {line} 行）。请用表格软件重新另存为 XLSX 或 UTF-8 的 CSV。"
    detail_en = "The file is damaged, encrypted or of an unknown encoding (line {line}). Save it anew as XLSX or CSV."


class ImportHeaderUnknown(Refusal):
    """No line among the first few names the columns of a layout, each once."""

    code = "IMPORT_HEADER_UNKNOWN"
    status = 422
    title = "表头无法识别"
    title_en = "Header unknown"
    detail = "没有找到表头。缺少或重复的列：{missing}。请对照模板改好表头。"
    detail_en = "There is no header. Missing or repeated columns: {missing}. Compare it with the template."


class ImportLayoutUnknown(Refusal):
    """There is no such layout for what is imported."""

    code = "IMPORT_LAYOUT_UNKNOWN"
    status = 422
    title = "没有这种版式"
    title_en = "Layout unknown"
    detail = "没有这种版式。可用的版式：{layouts}。"
    detail_en = "There is no such layout. There are: {layouts}."


class OrganisationNeeded(Refusal):
    """The layout has no column for the organisation, and nobody has said which one it is."""

    code = "IMPORT_ORGANISATION_NEEDED"
    status = 422
    title = "请指明组织"
    title_en = "Organisation needed"
    detail = "这种版式没有“组织”一列，请指明是哪个组织的。"
    detail_en = "This layout has no column for the organisation. Say whose file it is."


class ImportHasFaults(Refusal):
    """Some lines have faults; nothing has been imported."""

    code = "IMPORT_HAS_FAULTS"
    status = 422
    title = "文件有错误，没有导入"
    title_en = "The file has faults"
    detail = "共有 {faults} 处错误，一行也没有导入。请按 errors 逐行改正后再导入。"
    detail_en = "There are {faults} faults and nothing was imported. Correct them as listed and import again."


class ImportTwinned(Refusal):
    """Somebody else imported the same at the same time; a second look finds what they have made."""

    code = "IMPORT_TWINNED"
    status = 409
    title = "正在导入相同的内容"
    title_en = "Imported at the same time"
    detail = "同一时间有人导入了相同的内容。请再试一次，已导入的不会重复。"
    detail_en = "The same was being imported by somebody else. Try again: nothing comes in twice."
    retryable = True
    constraints = ("pk_import_number", "uq_import_number_organisation_id_person_id", "pk_import_contact")
