"""What is wrong with a value, said in both languages: marshmallow's own messages are English.

Our own checks say both already (``须为整数。 Must be a whole number.``), and stay as they are.
"""

import re

_CHINESE = (
    (r"Missing data for required field\.", "必须填写。"),
    (r"Field may not be null\.", "不能为空。"),
    (r"Unknown field\.", "没有这一项，请核对名称。"),
    (r"Invalid (?:input )?type\.|Not a valid mapping type\.", "格式不对，须为 {{…}}。"),
    (r"Invalid (?:value|input)\.|String does not match expected pattern\.", "格式不对，请核对。"),
    (r"Must be one of: (.*)\.", "只能填其中之一：{0}。"),
    (r"Not a valid UUID\.", "编号不对，请核对。"),
    (r"Not a valid date\.", "日期不对，请写成 2026-03-05。"),
    (r"Not a valid (?:aware |naive )?(?:datetime|time)\.", "时间不对，请连同时区写成 2026-03-05T08:30:00+08:00。"),
    (r"Not a valid boolean\.", "须为 true 或 false。"),
    (r"Not a valid integer\.", "须为整数。"),
    (r"Not a valid number\.|Special numeric values .*", "须为数字。"),
    (r"Not a valid list\.", "须为列表 […]。"),
    (r"Not a valid delimited list\.", "须用逗号分开。"),
    (r"Not a valid (?:utf-8 )?string\.", "须为文字。"),
    (r"Number too large\.", "数字太大。"),
    (r"Must be greater than or equal to (.+) and less than or equal to (.+)\.", "须在 {0} 到 {1} 之间。"),
    (r"Must be greater than or equal to (.+)\.", "不能小于 {0}。"),
    (r"Must be less than or equal to (.+)\.", "不能大于 {0}。"),
    (r"Must be greater than (.+) and less than or equal to (.+)\.", "须大于 {0}，不大于 {1}。"),
    (r"Must be greater than (.+)\.", "须大于 {0}。"),
    (r"Length must be between (.+) and (.+)\.", "须有 {0} 到 {1} 个字（列表为 {0} 到 {1} 项）。"),
    (r"Length must be (.+)\.", "须有 {0} 个字（列表为 {0} 项）。"),
    (r"Longer than maximum length (.+)\.", "最多 {0} 个字（列表为 {0} 项）。"),
    (r"Shorter than minimum length (.+)\.", "至少 {0} 个字（列表为 {0} 项）。"),
)
_KNOWN = [(re.compile(pattern, re.DOTALL), told) for pattern, told in _CHINESE]


def in_both_languages(text: str) -> str:
    """Return a message about a value with its Chinese before it; one that is not marshmallow's own as it is."""
    for pattern, told in _KNOWN:
        if found := pattern.fullmatch(text):
            return f"{told.format(*found.groups())} {text}"
    return text
