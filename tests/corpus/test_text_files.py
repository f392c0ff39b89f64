"""The same two poems in the layouts, formats and encodings of the field, read alike by every command."""

import bz2
import gzip
import json
import lzma
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen import check
from poetgen.classify.predict import read_verse
from poetgen.corpus.decoding import decode_text
from poetgen.corpus.lost import show_lost
from poetgen.corpus.reading import ReadingReport
from poetgen.corpus.sources import read_poems
from poetgen.corpus.text_files import read_poem_file
from poetgen.corpus.typed_poems import TypedPoem, extract_verse, read_typed_poems
from poetgen.errors import CorpusError
from poetgen.script.convert import to_corpus

MOON = ("床前明月光", "疑是地上霜", "舉頭望明月", "低頭思故鄉")
DAWN = ("春眠不覺曉", "處處聞啼鳥", "夜來風雨聲", "花落知多少")
A, B = ("，".join(lines[:2]) + "。" + "，".join(lines[2:]) + "。" for lines in (MOON, DAWN))
A1, A2, B1, B2 = A[:12], A[12:], B[:12], B[12:]
TITLES, AUTHORS = ("靜夜思", "春曉"), ("李白", "孟浩然")


def rows(*blocks):
    return "\n".join("\n".join(block) if isinstance(block, tuple) else block for block in blocks)


def table(delimiter, *header):
    lines = [("靜夜思", "唐", "李白", A), ("春曉", "唐", "孟浩然", B)]
    return "\n".join(delimiter.join(line) for line in ([header] if header else []) + lines)


def objects(title, author, body, a=A, b=B):
    return [
        dict(zip((title, author, body), values, strict=True))
        for values in zip(TITLES, AUTHORS, (a, b), strict=True)
    ]


def as_json(value):
    return json.dumps(value, ensure_ascii=False)


def as_lines(values):
    return "\n".join(map(as_json, values))


NAMED = {
    "blocks": ("txt", rows("靜夜思", "李白", A1, A2, "", "春曉", "孟浩然", B)),
    "headings": ("txt", rows("靜夜思", "李白", A1, A2, "春曉", "孟浩然", B1, B2)),
    "unmarked": ("txt", rows("靜夜思", "李白", MOON, "", "春曉", "孟浩然", DAWN)),
    "unmarked headings": ("txt", rows("靜夜思", "李白", MOON, "春曉", "孟浩然", DAWN)),
    "headings apart": ("txt", rows("靜夜思", "李白", "", A1, A2, "", "春曉", "孟浩然", "", B)),
    "dynasties": ("txt", rows("靜夜思", "〔唐〕李白", A, "", "《春曉》 唐·孟浩然", B)),
    "labels": ("txt", rows("題目：靜夜思", "作者：李白", A, "", "题目：春曉", "作者：孟浩然", B)),
    "author and title": ("txt", rows("李白《靜夜思》", A, "", "孟浩然《春曉》", B)),
    "rulers": ("txt", rows("靜夜思", "李白", A, "-----", "春曉", "孟浩然", B)),
    "numbers": ("txt", rows("1、靜夜思", "李白", A, "", "2、春曉", "孟浩然", B)),
    "colons": ("txt", rows(f"靜夜思::李白::{A}", f"春曉::孟浩然::{B}")),
    "blanks": ("txt", rows(f"靜夜思 李白 {A}", f"春曉　孟浩然　{B}")),
    "quoted": ("txt", rows(f"《靜夜思》李白：{A}", f"《春曉》孟浩然：{B}")),
    "tabs": ("txt", table("\t")),
    "pipes": ("txt", table("|")),
    "csv": ("csv", table(",", "題目", "朝代", "作者", "內容")),
    "csv, simplified": ("csv", table(",", "题目", "朝代", "作者", "内容")),
    "csv, English": ("csv", table(",", "Title", "Dynasty", "Author", "Content")),
    "csv, no header": ("csv", table(",")),
    "csv, semicolons": ("csv", table(";", "題目", "朝代", "作者", "內容")),
    "csv as txt": ("txt", table(",", "題目", "朝代", "作者", "內容")),
    "csv, rows": ("csv", f'題目,作者,內容\n靜夜思,李白,"{A1}\n{A2}"\n春曉,孟浩然,"{rows(DAWN)}"\n'),
    "csv, marks of ASCII": (
        "csv",
        f"題目,作者,內容\n靜夜思,李白,{','.join(MOON)}\n春曉,孟浩然,{','.join(DAWN)}\n",
    ),
    "tsv": ("tsv", table("\t", "title", "dynasty", "author", "text")),
    "json": ("json", as_json(objects("title", "author", "paragraphs", [A1, A2], [B1, B2]))),
    "json, para": ("json", as_json(objects("title", "author", "para", [A1, A2], [B]))),
    "json, unmarked lines": ("json", as_json(objects("name", "poet", "lines", MOON, DAWN))),
    "json, 正文": ("json", as_json({"詩": objects("標題", "作者", "正文")})),
    "json, one text": ("json", as_json(objects("rhythmic", "author", "content", rows(A1, A2), rows(DAWN)))),
    "json, nested": (
        "json",
        as_json(
            {
                "title": "選",
                "content": [
                    {"title": "卷一", "content": objects("chapter", "author", "paragraphs", [A], [B])}
                ],
            }
        ),
    ),
    "json lines": ("jsonl", as_lines(objects("title", "author", "content"))),
    "json lines as json": ("json", as_lines(objects("title", "author", "诗"))),
    "json lines as txt": ("txt", as_lines(objects("title", "author", "body"))),
}
BAR_A, BAR_B = "|".join(MOON), "|".join(DAWN)
PAGE = (
    "<!DOCTYPE html><html><head><title>詩</title><style>p {}</style></head><body>"
    + "".join(
        f"<h2>{title}</h2><p>{author}</p><p>{body[:12]}<br/>{body[12:]}</p>"
        for title, author, body in zip(TITLES, AUTHORS, (A, B), strict=True)
    )
    + "</body></html>"
)
NAMED |= {
    "dynasty: author": ("txt", rows("靜夜思", "唐代：李白", A, "", "春曉", "唐 孟浩然", B)),
    "every label": (
        "txt",
        rows(
            "題目：靜夜思",
            "朝代：唐",
            "作者：李白",
            "內容：" + A,
            "",
            "題目：春曉",
            "作者：孟浩然",
            "正文：" + B,
        ),
    ),
    "boxed titles": ("txt", rows("【靜夜思】", "李白", A, "", "【春曉】孟浩然", B)),
    "wide bars": ("txt", rows(f"靜夜思｜李白｜{A}", f"春曉｜孟浩然｜{B}")),
    "notes": (
        "txt",
        rows(
            "靜夜思",
            "李白",
            A,
            "（註：床，井欄。）",
            "【註釋】疑：好像。",
            "",
            "春曉",
            "孟浩然",
            B,
            "譯文",
            "春天。",
        ),
    ),
    "address and date": (
        "txt",
        rows(
            "靜夜思",
            "李白",
            "2020-01-01",
            A,
            "來源：https://example.org/1",
            "",
            "春曉",
            "孟浩然",
            B,
            "www.example.org/2",
        ),
    ),
    "a translation": (
        "txt",
        rows(
            "靜夜思", "李白", A, "", "Moonlight before my bed", "Frost on the ground", "", "春曉", "孟浩然", B
        ),
    ),
    "sounds above": (
        "txt",
        rows(
            "靜夜思",
            "李白",
            *(row for line in MOON for row in ("yi er san si wu", line)),
            "",
            "春曉",
            "孟浩然",
            B,
        ),
    ),
    "markdown": (
        "md",
        rows(
            "# 唐詩選",
            "",
            "## 靜夜思",
            "**李白**",
            "",
            f"> {A1}  ",
            f"> {A2}",
            "",
            "## 春曉",
            "*孟浩然*",
            "",
            B,
        ),
    ),
    "markdown, a table": (
        "md",
        rows(
            "| 標題 | 作者 | 內容 |", "|---|:-:|---|", f"| 靜夜思 | 李白 | {A} |", f"| 春曉 | 孟浩然 | {B} |"
        ),
    ),
    "a page": ("html", PAGE),
    "a page, entities": ("txt", rows(f"靜夜思&nbsp;&nbsp;李白<br>{A}", "", f"春曉&emsp;孟浩然<br>{B}")),
    "xml": (
        "xml",
        "<poems>"
        + "".join(
            f"<poem><title>{t}</title><author>{a}</author><content>{b}</content></poem>"
            for t, a, b in zip(TITLES, AUTHORS, (A, B), strict=True)
        )
        + "</poems>",
    ),
    "csv of Excel": ("csv", "sep=;\r\n" + table(";", "題目", "朝代", "作者", "內容")),
    "csv, a column a line": (
        "csv",
        rows(
            "title,author,line1,line2,line3,line4",
            "靜夜思,李白," + ",".join(MOON),
            "春曉,孟浩然," + ",".join(DAWN),
        ),
    ),
    "csv, markup": (
        "csv",
        rows("題目,作者,內容", f"靜夜思,李白,{A1}<br>{A2}", f"春曉,孟浩然,<p>{B1}</p><p>{B2}</p>"),
    ),
    "json, names with joints": ("json", as_json(objects("poem_name", "authorName", "content"))),
    "json, a poet with a dynasty": (
        "json",
        as_json(
            [
                {**one, "author": {"name": one["author"], "dynasty": "唐"}}
                for one in objects("title", "author", "content")
            ]
        ),
    ),
    "json, numbers for ids": (
        "json",
        as_json([{"id": 3, **one} for one in objects("title", "author", "content")]),
    ),
    "json, by poet": (
        "json",
        as_json(
            {
                author: [{"title": title, "content": body}]
                for title, author, body in zip(TITLES, AUTHORS, (A, B), strict=True)
            }
        ),
    ),
    "json, by number": ("json", as_json(dict(zip("12", objects("title", "author", "content"), strict=True)))),
    "json, by place": (
        "json",
        as_json(
            [[title, "唐", author, body] for title, author, body in zip(TITLES, AUTHORS, (A, B), strict=True)]
        ),
    ),
    "json, couplets in lists": (
        "json",
        as_json(objects("title", "author", "paragraphs", [MOON[:2], MOON[2:]], [DAWN[:2], DAWN[2:]])),
    ),
    "json, lines as objects": (
        "json",
        as_json(
            objects("title", "author", "content", [{"text": A1}, {"text": A2}], [{"text": B1}, {"text": B2}])
        ),
    ),
    "json, bars": ("json", as_lines(objects("title", "author", "content", BAR_A, BAR_B))),
    "json, markup": (
        "json",
        as_json(objects("title", "author", "contents", f"{A1}<br />{A2}", f"<p>{B1}</p><p>{B2}</p>")),
    ),
    "json, one after another": (
        "json",
        "\n".join(
            json.dumps(one, ensure_ascii=False, indent=1) for one in objects("title", "author", "content")
        ),
    ),
    "json, a comma too many": (
        "json",
        "// 唐詩\n" + as_json(objects("title", "author", "content"))[:-1] + ",]",
    ),
    "signed below": ("txt", rows(A1, A2, "——李白《靜夜思》", "", B, "－－孟浩然《春曉》")),
    "signed apart": ("txt", rows(A1, A2, "", "——李白《靜夜思》", "", B, "", "——孟浩然《春曉》")),
    "signed behind": ("txt", rows(A + "——李白《靜夜思》", B + "[唐]孟浩然《春曉》")),
    "the poet below": ("txt", rows("靜夜思", A1, A2, "（李白）", "", "春曉", B, "　　　　孟浩然")),
    "labels in a row": ("txt", rows("题目：靜夜思 作者：李白", A, "", "题目：春曉　作者：孟浩然", B)),
    "sections": (
        "txt",
        rows("卷一", "", "No.1 靜夜思", "李白", A, "", "五言絕句", "", "002春曉", "孟浩然", B),
    ),
    "the poet in brackets": ("txt", rows("靜夜思（唐·李白）", A, "", "春曉（唐 孟浩然）", B)),
    "underlines": ("txt", rows("靜夜思_李白", A, "", "春曉_孟浩然", B)),
    "a wiki": ("txt", rows("== 靜夜思 ==", "[[李白]]", A, "", "== '''春曉''' ==", "[[孟浩然|孟浩然]]", B)),
    "a script": ("js", f"var poems = {as_json(objects('title', 'author', 'content'))};"),
    "a module": ("js", f"module.exports = {as_json(objects('title', 'author', 'content'))}"),
}
COUPLETS_A, COUPLETS_B = (tuple(f"{x}　{y}。" for x, y in (p[:2], p[2:])) for p in (MOON, DAWN))
WORDS_A, WORDS_B = (re.sub(r"(..)(...)([，。])", r"\1 \2\3", body) for body in (A, B))
NAMED |= {
    "wide blanks in couplets": ("txt", rows("靜夜思", "李白", COUPLETS_A, "", "春曉", "孟浩然", COUPLETS_B)),
    "words apart": ("txt", rows("靜夜思", "李白", WORDS_A, "", "春曉", "孟浩然", WORDS_B)),
    "strokes between rows": (
        "txt",
        rows(f"靜夜思 / 〔唐〕李白 / {A1} / {A2}", f"春曉／孟浩然／{B1}／{B2}／"),
    ),
    "strokes after a title": (
        "txt",
        rows(f"《靜夜思》李白：{'/'.join(MOON)}", f"《春曉》孟浩然：{' / '.join(DAWN)}"),
    ),
    "strokes between couplets": ("txt", rows("靜夜思/李白", f"{A1}/{A2}", "", "春曉/孟浩然", f"{B1} / {B2}")),
    "json, wide blanks": ("json", as_json(objects("title", "author", "content", COUPLETS_A, COUPLETS_B))),
    "json, strokes": ("json", as_json(objects("title", "author", "content", f"{A1}/{A2}", f"{B1} / {B2}"))),
}
NAMELESS = {
    "strokes between lines": ("txt", rows("/".join(MOON), " / ".join(DAWN))),
    "a page with sounds": (
        "html",
        f"<p>{A.replace('床', '<ruby>床<rp>(</rp><rt>chuáng</rt><rp>)</rp></ruby>')}</p><p>{B}</p>",
    ),
    "strings": ("txt", f'"{A}",\n"{B}",\n'),
    "fortunes": ("txt", rows(A1, A2, "%", B1, B2, "%")),
    "bars between lines": ("txt", rows(BAR_A, BAR_B)),
    "a list of Markdown": ("txt", rows("- " + A, "* " + B)),
    "signs before": ("txt", rows("🌙 " + A, "★ " + B)),
    "one a line": ("txt", rows(A, B)),
    "a line without its last mark": ("txt", rows(A[:-1], B[:-1])),
    "blank lines": ("txt", rows(A1, A2, "", B1, B2)),
    "unmarked blocks": ("txt", rows(MOON, "", DAWN)),
    "runs": ("txt", rows("".join(MOON), "".join(DAWN))),
    "blanks between lines": ("txt", rows(" ".join(MOON), " ".join(DAWN))),
    "tabs between lines": ("txt", rows("\t".join(MOON), "\t".join(DAWN))),
    "wide blanks between lines": ("txt", rows("　".join(MOON), "　".join(DAWN))),
    "characters apart": ("txt", rows("\t".join(map(" ".join, MOON)), "\t".join(map(" ".join, DAWN)))),
    "numbered": ("txt", rows("1. " + A, "2. " + B)),
    "numbered apart": ("txt", rows("（一）", A, "（二）", B)),
    "windows": ("txt", f"\ufeff{A}\r\n{B}\r\n"),
    "zero width": ("txt", f"\u200b{A[:3]}\u200b{A[3:]}\n\u200b\n{B}\ufeff"),
    "csv of one column": ("csv", rows("content", A, B)),
    "json of texts": ("json", as_json([A, B])),
    "json of lines": ("json", as_json([MOON, DAWN])),
    "json, an unknown key": ("json", as_json([{"c": A}, {"c": B}])),
}

TOLD_BY_NAME = {
    "csv of one column",
    "json, a comma too many",
}  # without a file's name they are lines of verse


def read(path):
    reading = ReadingReport()
    poems = list(read_poem_file(path.read_bytes(), path.name, reading))
    return poems, reading


@pytest.mark.parametrize("kind", [*NAMED, *NAMELESS])
def test_every_command_reads_the_two_poems(tmp_path, kind):
    suffix, text = {**NAMED, **NAMELESS}[kind]
    path = tmp_path / f"poems.{suffix}"
    path.write_bytes(text.encode())
    raw, reading = read(path)
    assert reading.poems == 2 and not reading.faults, str(reading)
    if kind in NAMED:
        assert [poem.title for poem in raw] == list(TITLES)
        assert [poem.author for poem in raw] == list(AUTHORS)
        assert (reading.titles, reading.authors) == (2, 2)
    else:
        assert not any(poem.title or poem.author for poem in raw)
    prepared, report = read_poems(path)  # as prepare and evaluate do
    assert [poem.lines for poem in prepared] == [MOON, DAWN]
    assert {poem.marks for poem in prepared} == {"，，，。" if "ASCII" in kind else "，。，。"}
    judged = list(extract_verse(iter(raw), reading))  # as check does
    assert [poem.lines for poem in judged if isinstance(poem, TypedPoem)] == [MOON, DAWN]
    if kind not in TOLD_BY_NAME and "no header" not in kind:
        typed = list(read_typed_poems(text))  # as poetgen.check and Writer.rewrite do
        assert [poem.lines for poem in typed if isinstance(poem, TypedPoem)] == [MOON, DAWN]
    told = [read_verse(poem) for poem in raw]  # as classify predict does, in the corpus' characters
    assert [re.sub("[，。]", "", body) for body in told] == [to_corpus("".join(p)).text for p in (MOON, DAWN)]
    assert str(report.reading).startswith("2 poems")
    left_out = {"notes": 3, "address and date": 3, "a translation": 2, "sounds above": 4, "sections": 2}
    assert reading.left_out == left_out.get(kind, reading.left_out if kind.startswith("markdown") else 0)


def test_the_python_interface_reads_one_poem_as_a_file_is_read():
    text = rows("靜夜思", "李白", A1, A2)
    lines = [line.text for line in check(text).lines]
    assert lines == to_corpus("\n".join(MOON)).text.split("\n")
    assert read_verse(text) == to_corpus(A).text


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16-LE"),
        ("gb18030", "GB18030"),
        ("gbk", "GB18030"),
        ("big5", "BIG5HKSCS"),
    ],
)
def test_encodings_of_before_unicode_are_told_apart(tmp_path, encoding, name):
    path = tmp_path / "poems.txt"
    path.write_bytes(NAMED["blocks"][1].encode(encoding))
    raw, reading = read(path)
    assert [poem.body for poem in raw] == [A, B]
    assert list(reading.encodings) == [name]
    assert ("read as" in str(reading)) == (name != "UTF-8")


@pytest.mark.parametrize("data", [b"PK\x03\x04\xff\xfe\x00", bytes(range(128, 256)) * 4, b"\xff" * 100])
def test_what_is_no_text_is_refused(data):
    with pytest.raises(CorpusError, match=r"poems.txt is (not|a file of kind)"):
        decode_text(data, "poems.txt")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (A.replace("月光", "?光"), A.replace("月光", "□光")),
        (A.replace("月光", "？光"), A.replace("月光", "□光")),
        (A.replace("月光", "??"), A.replace("月光", "□□")),
        (A.replace("故鄉", "故?"), A.replace("故鄉", "故□")),
        (A.replace("月光", "\ufffd光"), A.replace("月光", "□光")),
        (A.replace("月光", "（缺）光"), A.replace("月光", "□光")),
        (A.replace("月光", "(闕)光"), A.replace("月光", "□光")),
        (A.replace("月光", "〔原缺二字〕"), A.replace("月光", "□□")),
        (A.replace("月光", "月光（一作花）"), A.replace("月光", "月光（一作花）")),
        (B[:-1] + "？", B[:-1] + "？"),
        (
            B.replace("，", ",").replace("。", ".")[:-1] + "?",
            B.replace("，", ",").replace("。", ".")[:-1] + "?",
        ),
        (
            "松下問童子？言師採藥去。只在此山中，雲深不知處。",
            "松下問童子？言師採藥去。只在此山中，雲深不知處。",
        ),
        ("君不見？黃河之水天上來。奔流到海不復回。", "君不見？黃河之水天上來。奔流到海不復回。"),
    ],
)
def test_a_question_mark_that_ends_no_line_is_a_lost_character(typed, read):
    assert show_lost(typed) == read


@given(st.lists(st.text("月山水風花", min_size=5, max_size=5), min_size=2, max_size=8), st.data())
def test_question_marks_at_the_ends_of_lines_stay(lines, data):
    body = "".join(line + data.draw(st.sampled_from("，。？")) for line in lines)
    assert show_lost(body) == body


def test_a_broken_line_of_json_lines_is_named_and_the_others_are_read(tmp_path):
    path = tmp_path / "poems.jsonl"
    path.write_text(as_lines(objects("title", "author", "content")) + '\n{"content":\n', encoding="utf-8")
    poems, reading = read(path)
    assert len(poems) == 2
    assert reading.faults[0].startswith("poems.jsonl[2]: broken JSON")


def test_the_reading_says_where_the_verse_stood(tmp_path):
    path = tmp_path / "poems.csv"
    path.write_text(NAMED["csv"][1], encoding="utf-8")
    assert str(read(path)[1]) == "2 poems; column 內容; 2 titles, 2 authors"
    path.write_text(NAMED["json lines"][1], encoding="utf-8")
    assert str(read(path)[1]) == "2 poems; key content; 2 titles, 2 authors"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (gzip.compress(A.encode(), mtime=0), "gzip"),
        (bz2.compress(A.encode()), "bzip2"),
        (lzma.compress(A.encode()), "xz"),
        (b"PK\x03\x04" + A.encode(), "zip, docx or xlsx"),
        (b"%PDF-1.7 " + A.encode(), "PDF"),
        (b"\x89PNG\r\n", "PNG"),
    ],
    ids=lambda value: value if isinstance(value, str) else "data",
)
def test_a_packed_file_is_called_what_it_is(data, kind):
    with pytest.raises(CorpusError, match=f"^poems.txt is a file of kind {kind} and not text; unpack it"):
        decode_text(data, "poems.txt")


@given(
    st.binary(max_size=60) | st.text("月山，。\t\n,;|{}[]\"'0一《》：:<>&#*=%/a", max_size=60).map(str.encode)
)
def test_any_bytes_are_poems_or_an_error_in_a_sentence(data):
    for name in ("a.txt", "a.json", "a.jsonl", "a.csv", "a.tsv"):
        reading = ReadingReport()
        try:
            poems = list(read_poem_file(data, name, reading))
        except CorpusError as error:
            assert "\n" not in str(error)
        else:
            assert reading.poems == len(poems)
            assert "\n" not in str(reading)


def test_rows_that_are_no_verse_are_counted_and_told(tmp_path):
    path = tmp_path / "poems.txt"
    path.write_text(NAMED["notes"][1], encoding="utf-8")
    assert str(read(path)[1]).endswith("; 3 rows that are not verse left out")
    path.write_text(A + "\n來源：https://example.org\n", encoding="utf-8")
    assert str(read(path)[1]).endswith("; 1 row that is not verse left out")


def test_parts_below_one_title_share_it(tmp_path):
    path = tmp_path / "poems.txt"
    path.write_text(rows("絕句二首", "杜甫", "其一", A, "其二", B), encoding="utf-8")
    assert [(poem.title, poem.author) for poem in read(path)[0]] == [
        ("絕句二首 其一", "杜甫"),
        ("絕句二首 其二", "杜甫"),
    ]


@pytest.mark.parametrize(
    "title", ["月", "日", "何處？", "登鸛雀樓！", "浣溪沙【其一】", "感懷（元好問）", "秋興（並序）", "宋玉"]
)
def test_no_title_is_taken_for_a_date_a_dynasty_or_verse(tmp_path, title):
    path = tmp_path / "poems.txt"
    path.write_text(rows(title, "李白", A1, A2, "", "春曉", "孟浩然", B), encoding="utf-8")
    poems = read(path)[0]
    assert [poem.body for poem in poems] == [A, B]
    assert (poems[0].title, poems[0].author) == (title, "李白")


@pytest.mark.parametrize(
    "part",
    [
        "<head>",
        "<!--",
        "<a",
        "# ",
        "- ",
        "**a",
        "|---",
        "[a](",
        "&amp",
        "-",
        " ",
        "注释：",
        "{",
        '{"a":',
        "1/2|",
        "''",
        "[[a",
        "== ",
    ],
)
def test_a_long_row_of_markup_is_quick(part):
    for name in ("a.txt", "a.json", "a.csv"):
        list(read_poem_file((A + part * (2**17 // len(part))).encode(), name, ReadingReport()))


NAMES = st.sampled_from(
    ["title", "author", "content", "paragraphs", "id", "name", "李白", "1", "靜夜思", "data"]
)
VALUES = st.sampled_from([A, B, "月", "", None, True, 3, 1.5, "唐", BAR_A, "<p>月</p>", "\ud800"])


@given(
    st.recursive(
        VALUES,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_json_is_poems_or_faults_in_a_sentence(value):
    reading = ReadingReport()
    poems = list(read_poem_file(json.dumps(value).encode(), "a.json", reading))
    assert all(
        isinstance(text, str) for poem in poems for text in (poem.title, poem.author, poem.body, poem.id)
    )
    assert all(fault and "\n" not in fault for fault in reading.faults)


@pytest.mark.parametrize("depth", [10, 400, 100_000])
def test_json_in_json_without_end_is_a_fault(depth):
    reading = ReadingReport()
    text = '{"content":[' * depth + f'"{A}"' + "]}" * depth
    assert len(list(read_poem_file(text.encode(), "a.json", reading))) + len(reading.faults) == 1


def test_of_one_plain_poem_there_is_nothing_to_say_and_of_two_there_is():
    assert ReadingReport(poems=1).is_plain
    assert not ReadingReport(poems=2).is_plain
