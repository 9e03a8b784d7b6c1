"""Issuing codes and reading them back."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.codes.alphabet import ALPHABET, encode
from timebank.codes.book import CodeBook
from timebank.codes.errors import TokenExpired, TokenFromFuture, TokenInvalid, TokenMalformed
from timebank.codes.layouts import LAYOUTS, Card, Code, Kind, Member, Pickup, Poster, Rotating, Timed
from timebank.codes.normalise import normalise
from timebank.codes.signing import key_id

KEY, OLD, OLDEST = (bytes([seed]) * 32 for seed in (1, 2, 3))
BOOK = CodeBook((KEY, OLD))
POINT = "0123ABCD"
NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)

references = st.text(ALPHABET, min_size=8, max_size=8)
serials = st.integers(0, 32**3 - 1)
steps = st.integers(0, 32**6 - 1)
codes: st.SearchStrategy[Code] = st.one_of(
    st.builds(Rotating, references, steps),
    st.builds(Poster, references, serials),
    st.builds(Member, references, steps),
    st.builds(Card, references, serials),
    st.builds(Pickup, st.text(ALPHABET, min_size=10, max_size=10)),
)


def when_shown(code: Code) -> datetime:
    """Return an instant at which ``code`` is timely."""
    return code.starts_at if isinstance(code, Timed) else NOON


@given(codes)
def test_what_is_issued_is_read_back(code: Code) -> None:
    """Kind, reference, step and serial survive, in the length of the layout."""
    text = BOOK.issue(code)

    assert len(text) == code.length()
    assert BOOK.read(text, now=when_shown(code)) == code


def test_each_verb_issues_its_kind() -> None:
    """The book's five verbs name five different codes."""
    texts = [
        BOOK.rotating(point=POINT, at=NOON),
        BOOK.poster(point=POINT, serial=7),
        BOOK.member(member=POINT, at=NOON),
        BOOK.card(member=POINT, serial=7),
        BOOK.pickup(redemption="0123456789"),
    ]

    assert [BOOK.read(text, now=NOON) for text in texts] == [
        Rotating.at(POINT, NOON),
        Poster(POINT, 7),
        Member.at(POINT, NOON),
        Card(POINT, 7),
        Pickup("0123456789"),
    ]


@pytest.mark.parametrize(
    ("code", "label", "body", "text"),
    [
        (
            Rotating.at(POINT, NOON),
            "rotating",
            POINT + encode(int(NOON.timestamp()) // 15, 6),
            "C1E0123ABCD3J4F20TYSTZANZMRTRKK2",
        ),
        (Poster(POINT, 7), "poster", POINT + "007", "S1E0123ABCD007Q8SPFM40WFH183N"),
        (
            Member.at(POINT, NOON),
            "member",
            POINT + encode(int(NOON.timestamp()) // 30, 6),
            "M1E0123ABCD1S27H0S4ZYBD29FHGJJTN",
        ),
        (Card(POINT, 7), "card", POINT + "007", "V1E0123ABCD007MGTVAKGY3G97RFH"),
        (Pickup("0123456789"), "pickup", "0123456789", "P1E0123456789A55TV53X1T91NZY"),
    ],
)
def test_a_code_is_built_as_the_design_says(code: Code, label: str, body: str, text: str) -> None:
    """Kind, version, key id, body, and the top 75 bits of an HMAC: printed codes must outlive every refactoring."""
    crockford = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET)
    signed = code.kind + "1" + ALPHABET[hashlib.sha256(KEY).digest()[0] >> 3] + body
    mac = hmac.digest(KEY, f"timebank/code/{label}|{signed}".encode(), "sha256")

    assert BOOK.issue(code) == text == signed + base64.b32encode(mac).decode()[:15].translate(crockford)


@given(codes, st.data())
def test_every_single_change_is_refused(code: Code, data: st.DataObject) -> None:
    """Another letter anywhere, in head, body or MAC, makes it no code of ours, at any time."""
    text = BOOK.issue(code)
    position = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from(ALPHABET.replace(text[position], "")))
    changed = text[:position] + letter + text[position + 1 :]

    with pytest.raises((TokenInvalid, TokenMalformed)):
        BOOK.read(changed, now=when_shown(code))


@given(codes, st.data(), st.characters())
def test_any_character_in_place_of_another_is_refused(code: Code, data: st.DataObject, character: str) -> None:
    """Whatever Unicode offers, only what normalises to the same code is the same code."""
    text = BOOK.issue(code)
    position = data.draw(st.integers(0, len(text) - 1))
    changed = text[:position] + character + text[position + 1 :]

    try:
        read = BOOK.read(changed, now=when_shown(code))
    except (TokenInvalid, TokenMalformed):
        return
    assert (read, normalise(changed)) == (code, text)


@given(codes, st.data())
def test_a_code_with_a_letter_more_or_less_is_malformed(code: Code, data: st.DataObject) -> None:
    """What was not read to its end is told apart from what is forged: the advice differs."""
    text = BOOK.issue(code)
    longer = text + data.draw(st.sampled_from(ALPHABET))

    for wrong in (text[:-1], longer):
        with pytest.raises(TokenMalformed):
            BOOK.read(wrong, now=when_shown(code))


@pytest.mark.parametrize("letter", ["C", "Z"])
@pytest.mark.parametrize("length", [1, 27, 30, 31, 33])
def test_a_length_that_no_code_has_is_malformed(length: int, letter: str) -> None:
    """Whether or not the first letter is a kind's."""
    with pytest.raises(TokenMalformed):
        BOOK.read(letter * length, now=NOON)


@pytest.mark.parametrize("length", [28, 29, 32])
def test_a_first_letter_that_is_no_kind_is_invalid(length: int) -> None:
    """It has the shape of a code, of a kind that we do not issue."""
    with pytest.raises(TokenInvalid):
        BOOK.read("Z" * length, now=NOON)


def test_an_unknown_version_is_invalid_even_if_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A future layout is not read by today's rules."""
    with monkeypatch.context() as patch:
        patch.setattr("timebank.codes.book.VERSION", "2")
        text = BOOK.poster(point=POINT, serial=1)

    with pytest.raises(TokenInvalid):
        BOOK.read(text, now=NOON)


@given(codes)
def test_a_genuine_code_of_a_kind_that_was_not_asked_for_is_invalid(code: Code) -> None:
    """A pickup code opens no attendance, and a poster pays for nothing."""
    others = tuple(kind for kind in Kind if kind is not code.kind)
    text = BOOK.issue(code)

    with pytest.raises(TokenInvalid):
        BOOK.read(text, now=when_shown(code), kinds=others)
    assert BOOK.read(text, now=when_shown(code), kinds=(code.kind,)) == code


def test_kinds_are_signed_under_labels_of_their_own() -> None:
    """The MAC of one kind, put under the letter of another, does not pass."""
    rotating = BOOK.rotating(point=POINT, at=NOON)
    text = "M" + rotating[1:]

    with pytest.raises(TokenInvalid):
        BOOK.read(text, now=NOON)


@pytest.mark.parametrize(("kind", "seconds"), [(Kind.ROTATING, 15), (Kind.MEMBER, 30)])
def test_the_current_and_the_previous_step_are_taken(kind: Kind, seconds: int) -> None:
    """From the first instant of its step to the last of the next one, a code counts; neither before nor after."""
    layout = LAYOUTS[kind.value]
    assert issubclass(layout, Timed)
    code = layout.at(POINT, NOON)
    text = BOOK.issue(code)
    end = NOON + timedelta(seconds=2 * seconds)
    tick = timedelta(microseconds=1)

    assert BOOK.read(text, now=NOON) == BOOK.read(text, now=end - tick) == code
    with pytest.raises(TokenFromFuture):
        BOOK.read(text, now=NOON - tick)
    with pytest.raises(TokenExpired):
        BOOK.read(text, now=end)


def test_an_expired_code_says_since_when() -> None:
    """The instant goes into the context, in UTC."""
    text = BOOK.rotating(point=POINT, at=NOON)

    with pytest.raises(TokenExpired) as refusal:
        BOOK.read(text, now=NOON + timedelta(minutes=2))
    assert refusal.value.context == {"expired_at": "2026-11-21T12:00:30Z"}


def test_a_batch_takes_older_steps_as_late_as_it_says() -> None:
    """An offline scan counts for as long as the caller allows, and even then not before its step."""
    text = BOOK.rotating(point=POINT, at=NOON)
    day = timedelta(hours=24)
    limit = NOON + timedelta(seconds=30) + day

    assert BOOK.read(text, now=limit - timedelta(microseconds=1), late=day) == Rotating.at(POINT, NOON)
    with pytest.raises(TokenExpired):
        BOOK.read(text, now=limit, late=day)
    assert BOOK.read(text, now=NOON + 4000 * day, late=timedelta.max) == Rotating.at(POINT, NOON)
    with pytest.raises(TokenFromFuture):
        BOOK.read(text, now=NOON - timedelta(seconds=1), late=timedelta.max)


@given(codes)
def test_the_key_before_the_newest_still_verifies(code: Code) -> None:
    """After one rotation every code is still good, after two it is not."""
    text = CodeBook((OLD, OLDEST)).issue(code)

    assert CodeBook((KEY, OLD)).read(text, now=when_shown(code)) == code
    with pytest.raises(TokenInvalid):
        CodeBook((b"4" * 32, KEY)).read(text, now=when_shown(code))


def test_a_third_key_no_longer_counts() -> None:
    """Two keys live at a time, however many are listed."""
    text = CodeBook((OLDEST,)).poster(point=POINT, serial=1)

    with pytest.raises(TokenInvalid):
        CodeBook((KEY, OLD, OLDEST)).read(text, now=NOON)


def test_two_keys_with_the_same_id_both_verify() -> None:
    """The id is only a hint of five bits; a clash locks nobody out."""
    twin = next(
        key
        for key in (number.to_bytes(32, "big") for number in range(1, 500))
        if key_id(key) == key_id(KEY) and key != KEY
    )
    text = CodeBook((twin,)).poster(point=POINT, serial=1)

    assert CodeBook((KEY, twin)).read(text, now=NOON) == Poster(POINT, 1)


def test_a_key_keeps_its_id_wherever_it_stands() -> None:
    """Rotation puts a key second; what it signed must still find it."""
    assert BOOK.poster(point=POINT, serial=1)[2] == key_id(KEY)
    assert len({key_id(number.to_bytes(32, "big")) for number in range(500)}) == 32


def test_a_book_without_a_key_is_a_fault_of_the_program() -> None:
    """Nothing is ever signed with an empty key."""
    with pytest.raises(ValueError, match="no key"):
        CodeBook(())


def test_a_code_is_read_out_of_its_link() -> None:
    """The book normalises by itself."""
    text = BOOK.poster(point=POINT, serial=1)

    assert BOOK.read(f"https://time.example.cn/q/{text.lower()}\n", now=NOON) == Poster(POINT, 1)


@given(st.text(max_size=80) | st.text(ALPHABET, min_size=28, max_size=32))
def test_garbage_is_refused_and_never_crashes(scanned: str) -> None:
    """Whatever is scanned ends in one of the two refusals."""
    with pytest.raises((TokenMalformed, TokenInvalid)):
        BOOK.read(scanned, now=NOON)
