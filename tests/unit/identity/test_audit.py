"""What is left out of the reasons that are kept for good."""

import pytest

from timebank.identity.audit import without_numbers


@pytest.mark.rule("R36")
@pytest.mark.parametrize(
    "number",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "138.0013.8000",
        "138－0013－8000",
        "１３８００１３８０００",
        "138·0013·8000",
        "138–0013–8000",
        "138_0013_8000",
        "138\u30000013\u30008000",
        "33048119550308001X",
        "330481 19550308 001x",
        "0573-87001234",
    ],
)
def test_a_long_number_is_left_out_however_it_is_written(number: str) -> None:
    """A telephone, a document: what is kept can never be changed."""
    assert without_numbers(f"本人来电{number}，核对过") == "本人来电…，核对过"


@pytest.mark.parametrize("text", ["看过急救证 12 号", "3 月 5 日 9:00–11:30", "第 2 场，共 120 分钟", "2026.3.5"])
def test_short_numbers_stay(text: str) -> None:
    """A time of day, a count, a certificate's short number say why something was done."""
    assert without_numbers(text) == text
