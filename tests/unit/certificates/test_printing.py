"""The paper, as another program reads it: text, fonts, QR code, pages."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pypdfium2
import pypdfium2.raw
import pytest

from tests.factories.certificates import a_statement, an_entry, fonts_of
from tests.factories.documents import pdf_codes, pdf_setting, pdf_texts
from timebank.certificates.legible import refuse_missing
from timebank.certificates.printing import certificate_pdf
from timebank.certificates.rules import Entry, Names, Statement
from timebank.documents.emoji import without_pictures
from timebank.documents.errors import GlyphMissing
from timebank.documents.typefaces import typeface
from timebank.records.rules import Provenance

FACE = typeface()
ROOT = Path(__file__).parents[3]


def printed(statement: Statement) -> bytes:
    """Print with our own font."""
    return certificate_pdf(statement, FACE)


def plain(text: str) -> str:
    """Return text without blanks and line ends: where lines break says nothing."""
    return "".join(text.split())


def many(count: int) -> list[Entry]:
    """Return services on so many days."""
    return [an_entry(served_on=date(2026, 1, 1) + timedelta(days=day), service_minutes=61) for day in range(count)]


def boxes(file: bytes) -> Iterator[tuple[float, float, float, float]]:
    """Yield left, bottom, right and top of every text on the first page, in points."""
    document = pypdfium2.PdfDocument(file)
    try:
        for item in document[0].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT]):
            yield item.get_bounds()
    finally:
        document.close()


@pytest.mark.rule("R15")
def test_everything_that_the_law_asks_for_is_printed_and_can_be_copied() -> None:
    """Time, content and recording unit (民政部令第67号第十五条); number, date, people (民发〔2015〕149号)."""
    supplement = an_entry(provenance=Provenance.SUPPLEMENT, service_minutes=234, served_on=date(2026, 11, 5))
    first, second = pdf_texts(printed(a_statement(an_entry(), supplement)))
    text = plain(first)

    for said in (
        "志愿服务记录证明",
        "编号：2026-000012-K7Q2MX",
        "兹证明王秀英（志愿者编号1234567897，居民身份证330***********0021）",
        "自2026年11月2日至2026年11月5日，参加本单位组织的志愿服务2次，服务时长共5.9小时（359分钟）。",
        "服务内容：社区食堂帮厨。",
        "本人扫码12.0125",
        "补录13.9234",
        "记录单位：三色堇志愿服务队",
        "负责人：李建国",
        "经办人：陈桂花",
        "联系方式：0573-87000000",
        "出具日期：2026年12月2日",
        "账本第3次封存abababababababab",
        "（盖章处）",
        "第1页，共2页",
    ):
        assert said in text, said
    for said in (
        "附页：志愿服务明细",
        "2026-11-05社区食堂帮厨：为老人备餐、送餐。邻里中心补录234",
        "合计2次，5.9小时359",
    ):
        assert said in plain(second), said


def test_the_same_certificate_is_the_same_bytes() -> None:
    """Printed again in ten years, nothing has changed; another number gives another file."""
    entries = many(40)

    assert printed(a_statement(*entries)) == printed(a_statement(*entries))
    assert printed(a_statement(*entries)) != printed(a_statement(*entries, number="2026-000013-K7Q2MX"))


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_writes_the_same_bytes(seed: str) -> None:
    """Neither the order of a set nor a random id is in the file."""
    code = (
        "import hashlib; from tests.factories.certificates import a_statement, an_entry; "
        "from timebank.certificates.printing import certificate_pdf; from timebank.documents.typefaces import typeface; "
        "print(hashlib.sha256(certificate_pdf(a_statement(an_entry()), typeface())).hexdigest())"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.strip() == hashlib.sha256(printed(a_statement())).hexdigest()


def test_what_was_issued_in_the_first_layout_is_printed_in_it_for_good() -> None:
    """What stands where was taken down from the version that issued them; only the lines of later ones are broken otherwise."""
    first = an_entry(
        served_on=date(2025, 12, 13),
        activity_name="公益仓值守（2025年第12期）",
        content="上午8:30到12:00，整理货架、登记物品，合计3.5小时。",
        place="南关厢街道邻里中心1号楼2层",
    )
    second = an_entry(provenance=Provenance.SUPPLEMENT, service_minutes=3424)
    statement = a_statement(first, second, organisation_name="晨光志愿服务联合会")

    assert pdf_setting(certificate_pdf(statement, FACE, layout=1)) == (
        "153fa402b6338cf92a14d49cb5380000d07f9291825b626efe3ce0eb58401a5c"
    )
    assert pdf_setting(printed(statement)) != pdf_setting(certificate_pdf(statement, FACE, layout=1))


def test_no_line_ends_inside_a_number_or_begins_with_a_stop() -> None:
    """Whatever the length of the name before it: years, hours and numbers stand whole, with their units behind them."""
    place = "南关厢街道邻里中心1号楼2层308室"
    for length in range(2, 18, 3):
        entries = [
            an_entry(served_on=date(2025, 12, 13), place="东" * length + place, service_minutes=3424),
            an_entry(),
        ]
        first, second = pdf_texts(printed(a_statement(*entries, holder_name="秀" * length)))
        lines = first.split("\n") + second.split("\n")

        text = "\n".join(lines)
        for whole in (
            "2025 年",
            "12 月",
            "13 日",
            "2026 年",
            "2 次",
            "59.1 小时",
            "3549 分钟",
            "1234567897",
            "330***********0021",
        ):
            assert whole in first, (length, whole)
        assert all(whole in second for whole in ("2025-12-13", "1号", "2层", "308室")), length
        assert not [line for line in lines if line[:1] in set("，。、；：？！）》")], text
        assert not [line for line in lines if line.rstrip()[-1:] in set("（《")], text


def test_every_font_is_in_the_file() -> None:
    """A reader without Chinese fonts prints the same."""
    assert fonts_of(printed(a_statement())) == {"NotoSansSC-Regular": True}
    assert b"Helvetica" not in printed(a_statement())  # not even named: pdffonts lists what is named


def test_a_phone_reads_the_code_from_the_paper() -> None:
    """It leads to the page that verifies."""
    assert pdf_codes(printed(a_statement())) == ["https://time.example.cn/api/v1/verify/0123456789ABCDEFGHJKMNPQRS"]


@pytest.mark.parametrize("count", [1, 36, 37, 38, 300])
def test_every_record_stands_on_the_appendix_over_as_many_pages_as_it_takes(count: int) -> None:
    """Each page has the head of the table, its number and the certificate's; none is lost where a page ends."""
    _, *appendix = pdf_texts(printed(a_statement(*many(count))))
    rows = plain("".join(appendix))

    assert all((date(2026, 1, 1) + timedelta(days=day)).isoformat() + "社区" in rows for day in range(count))
    for page, text in enumerate(appendix, start=2):
        assert "编号：2026-000012-K7Q2MX" in text
        assert "活动与内容" in text
        assert f"第{page}页，共{len(appendix) + 1}页" in plain(text)
    assert f"合计{count}次" in plain(appendix[-1])


def test_the_longest_names_leave_the_code_and_the_seal_alone() -> None:
    """Sixty characters of a name, a hundred and twenty of an organisation: nothing is printed over anything."""
    names = Names(
        holder_name="长" * 60,
        document="居民身份证 330***********0021",
        volunteer_no="1234567897",
        person_in_charge="长" * 60,
        handler="长" * 60,
        contact="长" * 120,
        salt="",
    )
    entries = [an_entry(activity_name=f"{number}" + "长" * 119, place="长" * 120) for number in range(12)]
    file = printed(a_statement(*entries, names=names, organisation_name="长" * 120))
    foot = (297 - 228) / 25.4 * 72

    assert [box for box in boxes(file) if box[1] < foot - 1 < box[3] - 1] == []
    assert max(box[2] for box in boxes(file)) <= 198 / 25.4 * 72
    assert len(pdf_codes(file)) == 1


def test_what_nobody_has_entered_is_left_open_for_the_pen() -> None:
    """A volunteer has a right to a certificate whether the office has filled in its form or not."""
    names = Names(
        holder_name="王秀英",
        document=None,
        volunteer_no="1234567897",
        person_in_charge=None,
        handler=None,
        contact=None,
        salt="",
    )
    text = plain(pdf_texts(printed(a_statement(names=names, seal_n=None, seal_hash=None)))[0])

    assert "（志愿者编号1234567897）" in text
    assert "特此证明。" in text
    assert "负责人：＿＿＿＿＿＿＿＿" in text
    assert "出具时账本尚未封存" in text


@pytest.mark.parametrize("field", ["holder_name", "organisation_name"])
@pytest.mark.parametrize("text", ["王𬳽", "王秀英🌸"])
def test_a_name_with_a_hole_is_refused(field: str, text: str) -> None:
    """A rare character, and a flower too: names are printed as they are, or not at all."""
    statement = a_statement(**{field: text})
    for write in (lambda: refuse_missing(statement, FACE), lambda: printed(statement)):
        with pytest.raises(GlyphMissing):
            write()


def test_a_flower_behind_an_activity_is_left_out_and_a_rare_letter_is_not() -> None:
    """Emoji say nothing about a service; a letter does."""
    flowery = an_entry(activity_name="慰问👵🏻❤️老人", content="💪一起加油", place="🏠")
    with pytest.raises(GlyphMissing):
        refuse_missing(a_statement(flowery), FACE)  # of the place nothing would be left

    statement = a_statement(an_entry(activity_name="慰问👵🏻❤️老人", content="💪一起加油", place="🏠邻里中心"))
    refuse_missing(statement, FACE)
    assert "慰问老人：一起加油邻里中心" in plain(pdf_texts(printed(statement))[1])
    assert without_pictures("王𬳽", FACE) == "王𬳽"
    with pytest.raises(GlyphMissing):
        refuse_missing(a_statement(an_entry(activity_name="王𬳽")), FACE)


def test_what_passes_for_a_number_can_be_printed() -> None:
    """Blanks of every sort, also where a name or a contact has several lines: else a number is used up for no paper."""
    told = "电话 0573-87000000\n地址\u2003西山路\t2 号\u20283 楼"
    for names in (
        replace(a_statement().names, contact=told),
        replace(a_statement().names, holder_name="王\u2009秀英\n"),
    ):
        statement = a_statement(names=names, organisation_name="三色堇\n志愿服务队")
        refuse_missing(statement, FACE)
        text = plain(pdf_texts(printed(statement))[0])
        assert "记录单位：三色堇志愿服务队" in text
        assert ("地址西山路2号3楼" in text) is (names.contact == told)


def test_only_what_is_printed_of_a_description_is_looked_at() -> None:
    """The appendix has its beginning: a rare letter far behind it keeps nobody from their certificate."""
    far = a_statement(an_entry(content="为老人备餐、送餐。" * 9 + "与𠮷田老师"))
    refuse_missing(far, FACE)
    assert "备餐" in plain(pdf_texts(printed(far))[1])

    with pytest.raises(GlyphMissing):
        refuse_missing(a_statement(an_entry(content="与𠮷田老师" + "为老人备餐、送餐。" * 9)), FACE)


def test_a_second_font_prints_a_rare_name() -> None:
    """What TIMEBANK_FONT_PATH names is asked for what ours lacks."""
    import reportlab

    both = typeface(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf")
    statement = a_statement(holder_name="Ängström")
    with pytest.raises(GlyphMissing):
        refuse_missing(statement, FACE)

    refuse_missing(statement, both)
    file = certificate_pdf(statement, both)
    assert "Ängström" in pdf_texts(file)[0]
    assert set(fonts_of(file).values()) == {True}
