"""`poetgen check`, from the command line: any way to give a poem, any script, and kind words for what is none."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from poetgen.cli import check as command
from poetgen.cli import poem_arguments, poetgen
from poetgen.cli.check_report import report_lines
from poetgen.verse.annotation import mark_entering
from poetgen.verse.check import check_poem

REGULAR = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"
SIMPLIFIED = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
IRREGULAR = "牀前看月光，疑是地上霜。舉頭望山月，低頭思故鄉。"
MARKS = str.maketrans("", "", "，。")


def run(*arguments, text=None, **options):
    return CliRunner().invoke(poetgen, ["check", *map(str, arguments)], input=text, **options)


def reports(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_regular_poem():
    result = run(REGULAR)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.splitlines()[:6] == [
        "五絕 · 仄起首句不入韻 · 尤韻 (平水韻) · keeps every rule",
        "",
        "  白日依山盡  入入平平仄  軫",
        "  黃河入海流  平平入仄平  尤韻",
        "  欲窮千里目  入平平仄入  屋",
        "  更上一層樓  仄仄入平平  尤韻",
    ]
    assert result.stdout.splitlines()[6] == "  (入 仄 of the entering tone)"
    assert "✓ free of 出韻 重韻" in result.stdout
    assert "✗" not in result.stdout


def test_each_broken_rule_with_place_and_reason():
    result = run(IRREGULAR)
    assert result.exit_code == 0
    for said in (
        "breaks 3 rules: 不合律 失對 失粘",
        "舉頭望山月  仄平仄平入  月     ✗ 失粘",
        "· 特拗首仄  仄平仄平仄 for 平平平仄仄",
        "✗ 失對  opposition",
        "line 4, 頭: the 2nd is 平, the same as in line 3",
        "✗ 失粘  adhesion",
        "· 重字",
    ):
        assert said in result.stdout


def test_strict_is_an_exit_code():
    assert run("--strict", REGULAR).exit_code == 0
    broken = run("--strict", IRREGULAR)
    assert broken.exit_code == 1
    assert broken.stdout == run(IRREGULAR).stdout


def test_tones_may_be_held_to_every_place():
    assert run("--strict", "--tones", "strict", REGULAR).exit_code == 1
    perfect = "紫府仙人號寶燈，雲漿未飲結成冰。如何雪月交光夜，更在瑤臺十二層。"
    result = run("--strict", "--tones", "strict", perfect)
    assert result.exit_code == 0
    assert "follows its template at every position" in result.stdout


def test_every_way_to_give_a_poem(tmp_path):
    file = tmp_path / "登鸛雀樓"
    file.write_text(REGULAR, encoding="utf-8")
    ways = [
        run(REGULAR),
        run(file),
        run("-", text=REGULAR),
        run(text=REGULAR),
        run(REGULAR.translate(MARKS)),
        run("--form", "wujue", REGULAR.translate(MARKS)),
    ]
    assert all(way.exit_code == 0 for way in ways)
    texts = [way.stdout.replace("不合體 ", "") for way in ways]
    assert set(texts) == {texts[0]}


def test_a_simplified_poem_is_answered_in_its_script():
    result = run(SIMPLIFIED)
    assert "  黄河入海流  平平入仄平  尤韵" in result.stdout
    assert "五绝 · 仄起首句不入韵 · 尤韵" in result.stdout
    (simplified,), (traditional,) = reports(run("--json", SIMPLIFIED)), reports(run("--json", REGULAR))
    assert simplified["lines"] == traditional["lines"]
    assert (simplified["script"], traditional["script"]) == ("simplified", "traditional")
    assert simplified["typed"][0] == "白日依山尽"


def test_words_that_keep_their_spelling_keep_it_under_every_colour():
    for styled in (False, True):
        result = run("吴楚东南坼，乾坤日夜浮。长安着千里，乾坤一草亭。", color=styled)
        line = click.unstyle(result.stdout).splitlines()[3]
        assert line.startswith("  乾坤日夜浮")


def test_what_was_read_otherwise_than_spelled_is_told():
    result = run("千里黄云白日曛，北风吹雁雪纷纷。莫愁前路无知己，天下谁人不识君。")
    assert "云 read as 雲" in result.stderr


def test_several_poems_in_a_file(tmp_path):
    file = tmp_path / "poems.txt"
    file.write_text(f"登鸛雀樓\n{REGULAR}\n\n{IRREGULAR}\n", encoding="utf-8")
    result = run(file)
    assert result.stdout.startswith("登鸛雀樓\n五絕 · 仄起首句不入韻")
    assert result.stdout.count("五絕") == 2
    read, judged = result.stderr.splitlines()
    assert read == f"{file}: 2 poems; blank lines between poems; 1 title, no authors"
    assert judged == "2 poems: 1 keep every rule, 1 do not"
    two = run("白日依山盡", "黃河入海流").stderr.splitlines()[-1]
    assert two == "2 poems: 0 keep every rule, 0 do not, 2 have no rules to judge"
    first, second = reports(run("--json", file))
    assert (first["title"], first["row"], first["holds"]) == ("登鸛雀樓", 1, True)
    assert (second["title"], second["row"], second["holds"]) == ("", 4, False)


def test_json_has_all_there_is():
    (report,) = reports(run("--json", IRREGULAR))
    assert (report["form"], report["shape"], report["rhyme_group"]) == ("五絕", [5, 4], "陽")
    assert (report["rhymes_hold"], report["tones_hold"], report["template"]) == (True, False, None)
    (fault,) = next(rule for rule in report["rules"] if rule["name"] == "失粘")["findings"]
    assert (fault["line"], fault["position"]) == (3, 2)
    assert report["lines"][3] == {
        "text": "低頭思故鄉",
        "tones": "平平平仄平",
        "groups": ["陽"],
        "rhymes": True,
    }


def test_a_free_shape_is_judged_for_rhyme():
    result = run(IRREGULAR + "舉頭望山月，低頭思月光。")
    assert "5x6 · 陽韻 (平水韻) · keeps the rules of rhyme" in result.stdout
    assert "not judged: 首句出韻 (this form leaves its first line free)" in result.stdout
    assert "(5x6 has no rules of tone)" in result.stdout


def test_lines_of_different_lengths_are_a_poem_too():
    result = run("前不見古人，後不見來者。念天地之悠悠，獨愴然而涕下。")
    assert result.exit_code == 0
    assert "雜言 · " in result.stdout
    assert "  前不見古人\u3000  " in result.stdout


def test_the_form_asked_for():
    result = run("--form", "七绝", "--strict", REGULAR)
    assert result.exit_code == 1
    assert "a poem of the form 五絕, not 七絕" in result.stdout


def test_the_book_alone():
    poem = "千山鳥飛盡，萬里日光新。孤舟蓑笠去，獨釣五湖論。"  # 論 is in 真 by the evidence alone
    assert reports(run("--json", poem))[0]["rhymes_hold"]
    assert not reports(run("--json", "--book", poem))[0]["rhymes_hold"]


def test_colour_only_repeats_what_is_said(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = run(IRREGULAR, color=True).stdout
    assert "\x1b[" in coloured
    assert click.unstyle(coloured) == run(IRREGULAR).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert run(IRREGULAR, color=True).stdout == click.unstyle(coloured)


def fault(*arguments, **options):
    result = run(*arguments, **options)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (bytes(range(128)), "holds no hanzi"),
        (b"PK\x03\x04\xff\xfe\x00", "is a file of kind zip, docx or xlsx and not text; unpack it"),
        (b"Shall I compare thee\n\nto a summer's day?", "holds no hanzi"),
        ("白日依山盡，黃河入x流。".encode(), "'x' is not a hanzi"),
        (("月" * 4000).encode(), "runs on for 4,000 hanzi"),
    ],
    ids=["empty", "blank", "mark", "ascii", "zip", "english", "letter", "endless"],
)
def test_a_file_that_is_no_poem_is_told_in_a_sentence(tmp_path, content, said):
    file = tmp_path / "poem.txt"
    file.write_bytes(content)
    assert said in fault(file)
    assert said in fault("-", text=content)


def test_other_mistakes_too(tmp_path, monkeypatch):
    assert "is a folder" in fault(tmp_path)
    assert "neither a file nor Chinese text" in fault("poem")
    assert "neither a file nor Chinese text" in fault("靜夜思.txt")
    assert "is empty" in fault("")
    assert "unknown form" in fault("--form", "sonnet", REGULAR)
    monkeypatch.setattr(poem_arguments, "MOST_BYTES", 8)
    assert "larger than" in fault("-", text=REGULAR)


def test_a_bad_poem_among_good_ones_is_told_and_the_others_judged(tmp_path):
    result = run("-", text=f"{REGULAR}\n\nmoon\n\n{REGULAR}")
    assert result.exit_code == 1
    assert result.stdout.count("keeps every rule") == 2
    assert (
        result.stderr.splitlines()[0] == "Error: row 3: no hanzi in 'moon'; give a poem in Chinese characters"
    )


def test_many_bad_poems_are_counted():
    result = run("-", text=f"{REGULAR}" + "\n\nmoon" * 30)
    assert result.exit_code == 1
    assert result.stderr.count("Error: ") == command.MOST_FAULTS + 1
    assert result.stderr.endswith("Error: 10 more poems cannot be read\n")


def test_without_a_poem_at_a_terminal_it_says_what_to_give(monkeypatch):
    monkeypatch.setattr(poem_arguments.sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    with pytest.raises(click.UsageError, match="give a poem as text, a file, or - for standard input"):
        list(poem_arguments._texts(()))


@given(st.text(max_size=40))
def test_any_text_is_judged_or_told(text):
    result = run("-", text=text)
    assert result.exit_code in (0, 1)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert (result.exit_code == 1) == ("Error: " in result.stderr)


@given(st.lists(st.text("月山水風花一不去來", min_size=1, max_size=9), min_size=1, max_size=9))
def test_every_verdict_shows_every_line_and_every_fault(lines):
    report = check_poem(lines)
    text = click.unstyle("\n".join(report_lines(report)))
    assert all(
        f"  {line.text}" in text and "".join(map(mark_entering, line.text, line.tones)) in text
        for line in report.lines
    )
    assert all(f"✗ {found.name}" in text for found in report.broken)
    assert all(f"· {found.name}" in text for found in report.notes)


def test_a_process_of_its_own(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "poetgen", "check", "-", "--strict"],
        input=IRREGULAR.encode(),
        capture_output=True,
        check=False,
        env={"PYTHONPATH": str(Path(poem_arguments.__file__).parents[2]), "LC_ALL": "C", "PATH": ""},
    )
    assert done.returncode == 1
    assert "失粘" in done.stdout.decode()
    assert "\x1b[" not in done.stdout.decode()
    assert done.stderr == b""


def test_two_texts_are_never_one_poem():
    couplet = REGULAR[:12]
    result = run(couplet, REGULAR, "--json")
    assert [len(report["lines"]) for report in reports(result)] == [2, 4]
    lines = REGULAR.translate(str.maketrans("，。", "  ")).split()
    result = run(*lines)
    assert result.exit_code == 0
    assert "quote a poem that has blanks between its lines" in result.stderr
    assert result.stdout.count("has no rules to judge") == 4


def test_signs_are_explained_once():
    result = run("白日依山盡，黃河入海流。欲窮千里囧，更上一層樓。", REGULAR)
    assert result.stdout.count("(入 仄 of the entering tone") == 1
    assert "? tone unknown" in result.stdout


def test_the_script_of_the_verdict_may_be_asked_for():
    poem = "為君持酒勸斜陽，且向花間留晚照。"
    assert "為君持酒勸斜陽" in CliRunner().invoke(poetgen, ["check", poem]).stdout
    result = CliRunner().invoke(poetgen, ["check", poem, "--script", "simplified"])
    assert "为君持酒劝斜阳" in result.stdout and "啸韵" in result.stdout
    assert (
        json.loads(CliRunner().invoke(poetgen, ["check", poem, "--script", "taiwan", "--json"]).stdout)[
            "script"
        ]
        == "taiwan"
    )


def test_the_rhyme_book_is_named_and_goes_not_with_another_as_printed():
    poem = "死去元知萬事空，但悲不見九州同。王師北定中原日，家祭無忘告乃翁。"
    assert "東韻 (平水韻)" in CliRunner().invoke(poetgen, ["check", poem]).stdout
    assert "第一部 (詞林正韻)" in CliRunner().invoke(poetgen, ["check", poem, "--rhyme-book", "cilin"]).stdout
    result = CliRunner().invoke(poetgen, ["check", poem, "--rhyme-book", "新韻", "--book"])
    assert result.exit_code == 2
