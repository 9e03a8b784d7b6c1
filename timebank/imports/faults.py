"""What is wrong with a line: where, a stable code, and a sentence in Chinese and English that says what to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """Why a line cannot be imported."""

    MISSING = "MISSING"
    FORMULA = "FORMULA"
    ERROR_VALUE = "ERROR_VALUE"
    MERGED = "MERGED"
    NOT_TEXT = "NOT_TEXT"
    HIDDEN_CHARACTERS = "HIDDEN_CHARACTERS"
    TOO_LONG = "TOO_LONG"
    EXTRA_CELLS = "EXTRA_CELLS"
    DIGITS_LOST = "DIGITS_LOST"
    NOT_A_DATE = "NOT_A_DATE"
    NOT_A_TIME = "NOT_A_TIME"
    NOT_A_DURATION = "NOT_A_DURATION"
    DATE_IN_FUTURE = "DATE_IN_FUTURE"
    DATE_TOO_EARLY = "DATE_TOO_EARLY"
    BIRTH_IMPOSSIBLE = "BIRTH_IMPOSSIBLE"
    DOCUMENT_SHAPE = "DOCUMENT_SHAPE"
    DOCUMENT_CHECK_DIGIT = "DOCUMENT_CHECK_DIGIT"
    DOCUMENT_IMPOSSIBLE = "DOCUMENT_IMPOSSIBLE"
    DOCUMENT_BIRTH = "DOCUMENT_BIRTH"
    DOCUMENT_DIFFERS = "DOCUMENT_DIFFERS"
    PHONE_SHAPE = "PHONE_SHAPE"
    SEX_UNKNOWN = "SEX_UNKNOWN"
    TOO_MANY = "TOO_MANY"
    CATEGORY_UNKNOWN = "CATEGORY_UNKNOWN"
    ORGANISATION_MISSING = "ORGANISATION_MISSING"
    ORGANISATION_UNKNOWN = "ORGANISATION_UNKNOWN"
    AREA_UNKNOWN = "AREA_UNKNOWN"
    NOT_IDENTIFIABLE = "NOT_IDENTIFIABLE"
    CONTRADICTS_LINE = "CONTRADICTS_LINE"
    AMBIGUOUS = "AMBIGUOUS"
    NAME_DIFFERS = "NAME_DIFFERS"
    BIRTH_DIFFERS = "BIRTH_DIFFERS"
    NUMBER_DIFFERS = "NUMBER_DIFFERS"
    PERSON_NOT_ACTIVE = "PERSON_NOT_ACTIVE"
    PERSON_UNKNOWN = "PERSON_UNKNOWN"
    HAS_LEFT = "HAS_LEFT"
    ACTIVITY_DIFFERS = "ACTIVITY_DIFFERS"
    ACTIVITY_UNKNOWN = "ACTIVITY_UNKNOWN"
    ENDS_BEFORE_IT_STARTS = "ENDS_BEFORE_IT_STARTS"
    LONGER_THAN_A_DAY = "LONGER_THAN_A_DAY"
    STARTS_ANOTHER_DAY = "STARTS_ANOTHER_DAY"
    MORE_THAN_THE_TIMES = "MORE_THAN_THE_TIMES"
    OVERLAPS_LINE = "OVERLAPS_LINE"
    OVERLAPS_RECORD = "OVERLAPS_RECORD"
    DAY_TOO_FULL = "DAY_TOO_FULL"
    RECORDED_OTHERWISE = "RECORDED_OTHERWISE"
    OWN_SERVICE = "OWN_SERVICE"
    RELATIVES_SERVICE = "RELATIVES_SERVICE"


_WHY: dict[Code, tuple[str, str]] = {
    Code.MISSING: ("这一格必须填写", "This cell must be filled"),
    Code.FORMULA: (
        "这一格是公式，结果因软件而异；请复制后“粘贴为数值”",
        "A formula, whose result depends on the program; paste it as a value",
    ),
    Code.ERROR_VALUE: ("这一格是错误值", "The cell holds an error"),
    Code.MERGED: (
        "这一格和别的格合并了，看不出写的是什么；请取消合并，逐格填写",
        "Merged with other cells: what it says is a guess; unmerge it and fill each cell",
    ),
    Code.NOT_TEXT: ("这一格应为文字", "The cell should hold text"),
    Code.HIDDEN_CHARACTERS: (
        "含有看不见的控制字符或改变书写方向的字符，请重新输入",
        "Control characters or marks that turn the direction of writing; type it anew",
    ),
    Code.TOO_LONG: ("超过 {most} 个字", "More than {most} characters"),
    Code.EXTRA_CELLS: (
        "这一行的格子比表头多，可能多了分隔符",
        "More cells than the header has; perhaps a stray separator",
    ),
    Code.DIGITS_LOST: (
        "号码被表格软件当作数字，后面的位数已丢失；请把该列设为文本后重新输入",
        "The spreadsheet took the number for a figure and lost digits; make the column text and type it anew",
    ),
    Code.NOT_A_DATE: ("不是日期，请写成 2026-03-05", "Not a date; write 2026-03-05"),
    Code.NOT_A_TIME: ("不是时间，请写成 08:30", "Not a time of day; write 08:30"),
    Code.NOT_A_DURATION: ("不是时长，或超过 24 小时", "Not a length of time, or more than 24 hours"),
    Code.DATE_IN_FUTURE: ("在将来，不能导入", "It lies in the future"),
    Code.DATE_TOO_EARLY: ("早于 {earliest}，请核对", "Before {earliest}; check it"),
    Code.BIRTH_IMPOSSIBLE: ("出生日期不可能，请核对", "Nobody was born then; check it"),
    Code.DOCUMENT_SHAPE: ("不是 18 位身份证号码", "Not an identity number of 18 characters"),
    Code.DOCUMENT_CHECK_DIGIT: (
        "身份证号码的校验码不对，请逐位核对（GB 11643）",
        "The check character is wrong; compare it digit by digit (GB 11643)",
    ),
    Code.DOCUMENT_IMPOSSIBLE: (
        "没有这样的身份证号码：地区代码或其中的出生日期不存在，请逐位核对",
        "No such identity number: its region or its birth date cannot be; compare it digit by digit",
    ),
    Code.DOCUMENT_BIRTH: (
        "身份证号码里的出生日期与出生日期一列不一致",
        "The birth date in the number is another than in its column",
    ),
    Code.DOCUMENT_DIFFERS: (
        "此人已登记另一个证件号码；更换请带证件办理",
        "This person is on record with another document number; show the new document to staff",
    ),
    Code.PHONE_SHAPE: ("不是电话号码", "Not a telephone number"),
    Code.SEX_UNKNOWN: ("请写男或女；没有说明的留空", "Write 男 or 女; leave empty what was not said"),
    Code.TOO_MANY: ("超过 {most} 项；各项用顿号分开", "More than {most}; they are separated by 、"),
    Code.CATEGORY_UNKNOWN: ("没有这个服务类别；可选：{categories}", "No such category; there are: {categories}"),
    Code.ORGANISATION_MISSING: ("没有写明组织", "No organisation is named"),
    Code.ORGANISATION_UNKNOWN: ("没有这个组织，或不归您管理", "No such organisation, or outside your scope"),
    Code.AREA_UNKNOWN: ("没有这个区域，或不归您管理", "No such area, or outside your scope"),
    Code.NOT_IDENTIFIABLE: (
        "编号、证件号码、手机号至少填一项，否则下次导入无法认出是同一人",
        "Give a number, a document number or a telephone: by the name alone nobody is known again",
    ),
    Code.CONTRADICTS_LINE: (
        "与第 {other} 行是同一人，但{what}不同；请核对两行",
        "The same person as in line {other}, with another {what}; compare the two",
    ),
    Code.AMBIGUOUS: (
        "按编号、证件、手机会对应到不同的人或活动，无法判断",
        "Number, document and telephone lead to different people or activities",
    ),
    Code.NAME_DIFFERS: ("编号或证件登记的是另一个姓名", "The number or document is on record under another name"),
    Code.BIRTH_DIFFERS: ("此人登记的出生日期不同", "This person is on record with another birth date"),
    Code.NUMBER_DIFFERS: ("此人在本组织登记的编号不同", "This person has another number in this organisation"),
    Code.PERSON_NOT_ACTIVE: ("此人的账户已冻结或注销", "The account of this person is frozen or closed"),
    Code.PERSON_UNKNOWN: ("没有这个编号的志愿者；请先导入名册", "Nobody has this number; import the roster first"),
    Code.HAS_LEFT: (
        "此人已退出该组织，名册不能替本人重新加入；请本人申请",
        "This person has left the organisation; a roster does not bring them back, they ask themselves",
    ),
    Code.ACTIVITY_DIFFERS: (
        "已有同名活动，但内容不同；请在活动中修改，导入不会覆盖",
        "An activity of this name says something else; change it there, an import overwrites nothing",
    ),
    Code.ACTIVITY_UNKNOWN: ("该组织没有这个活动；请先导入活动", "No such activity; import the activities first"),
    Code.ENDS_BEFORE_IT_STARTS: ("签退不晚于签到", "It does not end after it starts"),
    Code.LONGER_THAN_A_DAY: ("超过 24 小时", "More than 24 hours"),
    Code.STARTS_ANOTHER_DAY: ("签到不在服务日期这一天", "It does not start on the day of service"),
    Code.MORE_THAN_THE_TIMES: (
        "时长多于签到到签退的时间（{span} 分钟）",
        "More than lies between the two times ({span} minutes)",
    ),
    Code.OVERLAPS_LINE: (
        "与第 {other} 行时间重叠：同一人不能同时在两处",
        "Overlaps line {other}: nobody serves twice at once",
    ),
    Code.OVERLAPS_RECORD: (
        "与已有的服务记录（{from_local} 至 {until_local}）时间重叠",
        "Overlaps what is on record ({from_local} to {until_local})",
    ),
    Code.DAY_TOO_FULL: (
        "这一天共 {minutes} 分钟，超过 {most} 分钟，不合常理",
        "{minutes} minutes on this day, more than {most}: not plausible",
    ),
    Code.RECORDED_OTHERWISE: (
        "这段服务已有记录，时长是 {recorded} 分钟；要更改请走更正",
        "On record already with {recorded} minutes; ask for a correction to change it",
    ),
    Code.OWN_SERVICE: ("不能导入自己的服务时长，请由同事导入", "Nobody imports their own hours; a colleague does"),
    Code.RELATIVES_SERVICE: (
        "不能导入亲属的服务时长，请由同事导入",
        "Nobody imports a relative's hours; a colleague does",
    ),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one line; ``column`` is the heading in the file, empty for the line as a whole."""

    line: int
    column: str
    code: Code
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def reason(self, *, english: bool = False) -> str:
        """Return the sentence. It never repeats what the cell holds."""
        return _WHY[self.code][english].format_map(self.numbers)


class CellFault(Exception):
    """Raised by whoever reads a cell."""

    def __init__(self, code: Code, **numbers: Any) -> None:
        super().__init__(code)
        self.code = code
        self.numbers = numbers
