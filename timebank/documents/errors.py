"""What a file cannot hold."""

from timebank.errors import Refusal


class SheetTooLarge(Refusal):
    """A worksheet would cut something off (rows, a text, the digits of a number); better no file than a wrong one."""

    code = "SHEET_TOO_LARGE"
    status = 422
    title = "表格过大"
    title_en = "Too large for a sheet"
    detail = "内容超出 Excel 表格的上限（最多 {max_rows} 行，文字和数字的长度、文件的大小也有限）。请缩小筛选范围，或改用 CSV 导出。"
    detail_en = (
        "This is more than an Excel sheet can hold ({max_rows} rows at most; texts, digits and size have limits, too). "
        "Narrow the filter, or export as CSV."
    )


class GlyphMissing(Refusal):
    """No font at hand can print a character (context: ``characters`` as code points); better no page than a hole."""

    code = "GLYPH_MISSING"
    status = 422
    title = "有字无法打印"
    title_en = "A character cannot be printed"
    detail = "有生僻字（{characters}）不在打印字体里，没有生成文件。请管理员用 TIMEBANK_FONT_PATH 配置含有该字的字体。"
    detail_en = (
        "Rare characters ({characters}) are in no font at hand, and nothing was printed with a hole in it. "
        "Ask the operator to set TIMEBANK_FONT_PATH to a TrueType font that has them."
    )
