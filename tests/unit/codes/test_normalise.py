"""What scanners, phones and people make of a code."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.codes.alphabet import ALPHABET
from timebank.codes.errors import TokenMalformed
from timebank.codes.normalise import MAX_SCANNED, barcode, normalise, pickup_number, typed_reference

CODE = "C170123ABCD3J4C80FSCPFJQ15YHDNJ6"
FULL_WIDTH = {ord(character): chr(ord(character) + 0xFEE0) for character in ALPHABET}

codes = st.text(ALPHABET, min_size=1, max_size=40)


@pytest.mark.parametrize(
    "scanned",
    [
        CODE,
        CODE.lower(),
        f"  {CODE}\r\n",
        f"　{CODE}\t",
        CODE.translate(FULL_WIDTH),
        CODE.lower().replace("0", "o").replace("1", "l"),
        CODE.replace("0", "O").replace("1", "I"),
        f"https://time.example.cn/q/{CODE}",
        f"HTTPS://TIME.EXAMPLE.CN/Q/{CODE}",
        f"http://127.0.0.1:8000/q/{CODE}\n",
        f"https%3A%2F%2Ftime.example.cn%2Fq%2F{CODE}",
        f"\x02{CODE}\x03\r",
        f"\ufeff{CODE}\x1d\n",
        f"https：、、time。example。cn、q、{CODE}",
        f"ＨＴＴＰＳ：／／ｔｉｍｅ｡ｅｘａｍｐｌｅ｡ｃｎ／ｑ／{CODE}\x7f",
        f"https://time—bank。cn/q/{CODE}",
    ],
)
def test_every_way_of_delivering_a_code_gives_the_code(scanned: str) -> None:
    """Case, width, look-alikes, blanks, links and one percent-encoding are undone."""
    assert normalise(scanned) == CODE


@pytest.mark.parametrize(
    "scanned",
    [
        "",
        " \n",
        "https://time.example.cn/q/",
        f"https://time.example.cn/x/{CODE}",
        f"https://time.example.cn/q/{CODE}?from=poster",
        f"https:///q/{CODE}",
        f"https://time.example.cn/a/q/{CODE}",
        f"https://time.example.cn/login?next=/q/{CODE}",
        f"ftp://time.example.cn/q/{CODE}",
        f"https%253A%252F%252Ftime.example.cn%252Fq%252F{CODE}",
        CODE[:8] + " " + CODE[8:],
        CODE[:-1] + "U",
        CODE[:-1] + "-",
        CODE[:-1] + "ı",
        CODE[:-1] + "ſ",
        CODE[:-1] + "\x00",
        CODE[:-1] + "%00",
        CODE[:-1] + "\ud800",
        "时间银行",
        "A" * (MAX_SCANNED + 1),
    ],
)
def test_what_holds_no_code_is_malformed(scanned: str) -> None:
    """Nothing is searched for inside a text, guessed, or percent-decoded twice."""
    with pytest.raises(TokenMalformed):
        normalise(scanned)


AROUND = ["", " ", "\r\n", "　", "\t", "\x02", "\x1d", "\x04\r", "\ufeff", "\xa0"]


@given(codes, st.sampled_from(AROUND), st.booleans(), st.booleans(), st.booleans())
def test_normalising_finds_the_code_under_any_dress(
    code: str, blank: str, lower: bool, full_width: bool, link: bool
) -> None:
    """All the ways of dressing a code combine."""
    dressed = code.lower() if lower else code
    dressed = f"https://host/q/{dressed}" if link else dressed
    if full_width:
        dressed = "".join(chr(ord(character) + 0xFEE0) for character in dressed)

    assert normalise(blank + dressed + blank) == code


@given(st.text(max_size=60) | st.text(ALPHABET + ALPHABET.lower() + "oOiIlL% /:", max_size=60))
def test_normalising_twice_changes_nothing(scanned: str) -> None:
    """The outcome is a code in the alphabet, and a code is its own outcome; or it is refused, never a crash."""
    try:
        code = normalise(scanned)
    except TokenMalformed:
        return

    assert set(code) <= set(ALPHABET)
    assert normalise(code) == code


@pytest.mark.parametrize(
    "typed", ["01234567", "0123 4567", "0123-4567", " ０１２３　４５６７\n", "o1234567", "Ol23－4567", "0I 23 45 67"]
)
def test_a_pickup_number_is_read_however_it_is_typed(typed: str) -> None:
    """Groups, full-width digits and look-alikes all give the eight digits."""
    assert pickup_number(typed) == "01234567"


@pytest.mark.parametrize(
    "typed", ["", "1234567", "123456789", "1234567A", "١٢٣٤٥٦٧٨", "1234567²", "ı2345678", CODE, " " * 600 + "12345678"]
)
def test_anything_else_is_no_pickup_number(typed: str) -> None:
    """Only eight plain digits are; a code that was scanned goes another way."""
    assert pickup_number(typed) is None


DRESSES = [str, lambda text: "".join(chr(ord(character) + 0xFEE0) for character in text)]


@given(
    st.from_regex(r"[0-9]{13}", fullmatch=True),
    st.sampled_from(AROUND),
    st.sampled_from(DRESSES),
    st.sampled_from(["", " ", "-", "－", "—", "　", "\t"]),
    st.integers(0, 13),
)
def test_a_barcode_is_read_however_it_is_delivered(
    digits: str, around: str, dress: Callable[[str], str], between: str, at: int
) -> None:
    """Control characters and line ends around it, full-width digits and grouping all give the thirteen digits."""
    dressed = dress(digits)

    assert barcode(around + dressed[:at] + between + dressed[at:] + around) == digits


@given(
    st.from_regex(r"[0-9]{8}", fullmatch=True),
    st.sampled_from(AROUND),
    st.sampled_from(DRESSES),
    st.sampled_from(["", " ", "-", "－", "—", "　", "\t"]),
    st.integers(0, 8),
)
def test_eight_digits_and_short_codes_survive_every_scanner(
    digits: str, around: str, dress: Callable[[str], str], between: str, at: int
) -> None:
    """The same for a pickup number and for the code that enrols a device."""
    scanned = around + dress(digits)[:at] + between + dress(digits)[at:] + around

    assert pickup_number(scanned) == typed_reference(scanned) == digits


@pytest.mark.parametrize("scanned", ["690123456789²", "6901234567٨92", "6901234567892x", "6901\x0034567892", "米"])
def test_what_is_no_digit_stays_in_a_barcode(scanned: str) -> None:
    """It is for the check digit to refuse; nothing is dropped or guessed."""
    assert barcode(scanned) == scanned


@given(st.text(max_size=MAX_SCANNED + 60))
def test_reading_a_barcode_twice_changes_nothing(scanned: str) -> None:
    """Whatever is delivered, reading it never fails, and what is too long is nothing."""
    once = barcode(scanned)

    assert barcode(once) == once
    assert once == "" or len(scanned) <= MAX_SCANNED


@given(st.from_regex(r"[0-9]{8}", fullmatch=True))
def test_a_pickup_number_is_its_own_reading(digits: str) -> None:
    """Reading twice changes nothing, leading zeros included."""
    assert pickup_number(digits) == digits
