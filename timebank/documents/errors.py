"""What a file cannot hold."""

from timebank.errors import Refusal


class SheetTooLarge(Refusal):
    """A worksheet would cut something off (rows, a text, the digits of a number); better no file than a wrong one."""

    code = "SHEET_TOO_LARGE"
    status = 422
    title = "表格过大"
    title_en = "Too large for a sheet"
    detail = "内容超出 Excel 表格的上限（{max_rows} 行）。请缩小筛选范围，或改用 CSV 导出。"
    detail_en = "This is more than an Excel sheet can hold ({max_rows} rows). Narrow the filter, or export as CSV."
