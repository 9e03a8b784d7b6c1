"""Where lines of Chinese text end, measured in characters: a full one is two wide, a Latin one is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.documents.line_breaking import broken, broken_after_any

NOT_FIRST, NOT_LAST = "，。、；：？！）》」”’…—％", "（《「“‘￥"
# What stands on papers, in any order; nothing in it is wider than eight that cannot be broken.
_PAPERS = st.lists(
    st.sampled_from(
        [
            "王秀英",
            "（3546 分钟）。",
            "0755123456。",
            "https://bank.example/v",
            "《办法》，",
            "￥12.50元",
            "第 3 页",
            "好…",
            " ",
        ]
    ),
    max_size=12,
).map("".join)
_ANY = st.text(st.sampled_from("王秀英服务年小时 " + NOT_FIRST + NOT_LAST + "0123456789.,:-/%ABcé*　"), max_size=60)


def wide(text: str) -> float:
    """Return how many columns a text takes."""
    return sum(1.0 if character < "\u2000" else 2.0 for character in text)


def lines(text: str, width: float = 16) -> list[str]:
    """Break a text into lines of eight Chinese characters, or of another width."""
    return broken(text, width=width, measure=wide)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("自2025年12月至2026年", ["自2025年12月至", "2026年"]),
        ("服务时长共计 59.1 小时整", ["服务时长共计", "59.1 小时整"]),
        ("详见本文的第 3 页内容", ["详见本文的", "第 3 页内容"]),
        ("志愿服务时间为8:30到12:00", ["志愿服务时间为", "8:30到12:00"]),
        ("号码330**********0021", ["号码33", "0**********0021"]),
        ("请到公益仓来找Wang Li", ["请到公益仓来找", "Wang Li"]),
        ("到达时请先扫一扫，再来", ["到达时请先扫一", "扫，再来"]),
        ("根据试行办法之《办法》", ["根据试行办法之", "《办法》"]),
        ("志愿服务满百分之50%的", ["志愿服务满百分之", "50%的"]),
        ("物品价值共计为￥12.50元", ["物品价值共计为", "￥12.50元"]),
        ("我们志愿者总共 3 万人次", ["我们志愿者总共", "3 万人次"]),
        ("今天值班的姓名王**好", ["今天值班的姓名", "王**好"]),
        ("他说了很多的话……好吧", ["他说了很多的", "话……好吧"]),
        ("　　兹证明王秀英女士参加", ["　　兹证明王秀英", "女士参加"]),
        ("甲\n\n乙\t丙", ["甲", "", "乙 丙"]),
        ("", [""]),
    ],
)
def test_what_belongs_together_stays_together(text: str, expected: list[str]) -> None:
    """A number with its unit, a time of day, a Latin word, a mark with what it closes or opens; the longest is broken all the same."""
    assert lines(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0755123456。", ["075512345", "6。"]),
        ("（3546 分钟）。", ["（3546", "分钟）。"]),
        ("共￥123456元。", ["共￥123456", "元。"]),
        ("好！！！！！！", ["好！！！！", "！！"]),
    ],
)
def test_what_is_wider_than_a_line_keeps_its_marks(text: str, expected: list[str]) -> None:
    """A number leaves its unit before it is broken itself, and a stop leaves what it follows only where stops alone fill a line."""
    assert lines(text, 10) == expected


@given(_PAPERS, st.integers(min_value=8, max_value=24))
def test_no_line_begins_with_a_stop_or_ends_with_an_opening_bracket(text: str, width: int) -> None:
    """However narrow the column of an appendix is."""
    found = lines(text, width)

    assert max(map(wide, found)) <= width
    assert not [line for line in found[1:] if line[:1] in set(NOT_FIRST + "./")]
    assert not [line for line in found[:-1] if line[-1:] in set(NOT_LAST)]


@given(_ANY, st.integers(min_value=30, max_value=50))
def test_no_character_is_lost_and_none_stands_beyond_the_edge(text: str, width: int) -> None:
    """Only blanks at the ends of lines go."""
    found = lines(text, width)

    assert "".join("".join(found).split()) == "".join(text.split())
    assert max(map(wide, found)) <= width
    assert found[1:] == [line.lstrip() for line in found[1:]]


def test_papers_of_before_are_broken_as_they_were() -> None:
    """Anywhere, with one stop beyond the edge: what was printed once is printed so again."""
    assert broken_after_any("我们服务自2025年起，到", width=16, measure=wide) == ["我们服务自2025年", "起，到"]
    assert broken_after_any("我们服务自12025年，到", width=16, measure=wide) == ["我们服务自12025", "年，到"]
    assert broken_after_any("我们的服务时间长，到", width=16, measure=wide) == ["我们的服务时间长，", "到"]
