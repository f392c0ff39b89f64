"""Every message of the readers' commands has its Chinese, none is stale, and the commands speak it."""

import ast
import gettext
import json
import re
import string
import subprocess
import sys

import pytest
from click.testing import CliRunner

from poetgen.cli import poetgen
from poetgen.language import SIMPLIFIED_CHINESE, TRADITIONAL_CHINESE, in_script, language, tr
from tools import build_messages

WANTED = build_messages.collect()
KNOWN = build_messages.read(SIMPLIFIED_CHINESE)
IDS = [message.id for message in WANTED if message.id]
POEM = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"


def fields(text):
    """The names in braces, with how they are to be formatted."""
    return {(name, spec, conversion) for _, name, spec, conversion in string.Formatter().parse(text) if name}


def forms(message):
    return [message] if isinstance(message, str) else [*message]


def run(*arguments, **environment):
    return CliRunner().invoke(poetgen, arguments, env={"POETGEN_LANGUAGE": "zh"} | environment)


def test_every_message_is_translated_and_no_translation_is_stale():
    known = {message.id for message in KNOWN if message.id and all(forms(message.string))}
    assert set(IDS) - known == set(), "run: python tools/build_messages.py, and translate what is new"
    assert known - set(IDS) == set(), "run: python tools/build_messages.py"


@pytest.mark.parametrize("name", [SIMPLIFIED_CHINESE, TRADITIONAL_CHINESE])
def test_placeholders_agree(name):
    for message in build_messages.read(name):
        if message.id:
            wanted = set().union(*map(fields, forms(message.id)))
            found = [fields(text) for text in forms(message.string)]
            assert all(each <= wanted for each in found), message.id
            assert isinstance(message.id, tuple) or found == [wanted], message.id


@pytest.mark.parametrize("name", [SIMPLIFIED_CHINESE, TRADITIONAL_CHINESE])
def test_what_programs_read_is_what_is_written(name):
    with build_messages.path_of(name, "mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in build_messages.read(name):
        if message.id:
            single, *plural = forms(message.id)
            read = compiled.ngettext(single, plural[0], 2) if plural else compiled.gettext(single)
            assert read == forms(message.string)[0], "run: python tools/build_messages.py"


def test_that_of_taiwan_is_made_from_the_other():
    made = build_messages.to_taiwan(KNOWN)
    found = build_messages.read(TRADITIONAL_CHINESE)
    assert {one.id: forms(one.string) for one in made if one.id} == {
        one.id: forms(one.string) for one in found if one.id
    }


def test_placeholders_of_plain_text_stay_plain():
    assert not [one for one in IDS if isinstance(one, str) and one != one.rstrip("\n")]


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({"LC_ALL": "zh_CN.UTF-8"}, SIMPLIFIED_CHINESE),
        ({"LC_ALL": "zh_TW.UTF-8"}, TRADITIONAL_CHINESE),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_HK", "LANG": "en_US.UTF-8"}, TRADITIONAL_CHINESE),
        ({"LC_ALL": "", "LC_MESSAGES": "en_US", "LANG": "zh_CN"}, None),
        ({"LC_ALL": "C.UTF-8", "LANG": "zh_CN"}, None),
        ({"LC_ALL": "C.UTF-8", "POETGEN_LANGUAGE": "zh"}, SIMPLIFIED_CHINESE),
        ({"LC_ALL": "C.UTF-8", "POETGEN_LANGUAGE": "zh_TW"}, TRADITIONAL_CHINESE),
        ({"LC_ALL": "zh_CN.UTF-8", "POETGEN_LANGUAGE": "en"}, None),
    ],
)
def test_the_language_is_that_of_the_variable_else_of_messages(monkeypatch, environment, found):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "POETGEN_LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == found


def test_a_message_is_english_unless_chinese_is_read(monkeypatch):
    assert tr("{count:,} poems", count=1234) == "1,234 poems"
    monkeypatch.setenv("POETGEN_LANGUAGE", "zh")
    assert tr("{count:,} poems", count=1234) == "1,234 首诗"
    with in_script(is_simplified=False):
        assert tr("holds no hanzi") == "裡沒有漢字"
    assert tr("nobody has said this") == "nobody has said this"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--help"], "按格律检查诗。"),
        (["generate", "--help"], "藏头：各句的第一个字"),
        (["generate", "--help"], "例："),
        (["check", "--help"], "逐条检查诗的格律"),
        (["rhyme", "--help"], "按韵书列出与 HANZI 同韵的字"),
        (["tone", "--help"], "显示这份说明"),
        (["check", POEM], "· 合律"),
        (["check", POEM], "(入 仄声中的入声)"),
        (["rhyme", "红"], "红 平 上平声一东（平水韵），同韵 "),
        (["tone", "中"], "（少用）"),
        (["tone", "x"], "'x' 里没有汉字；请查一个字，如“月”"),
        (["check", "不在此处.txt"], "不在此处.txt 既不是文件，也不是中文"),
        (["generate", "月", "--form", "词"], "没有 '词' 这种体裁"),
        (["generate", "月", "--nope"], "没有 '--nope' 这个选项"),
        (["generate", "月", "--count", "x"], "的值无效：'x' 不是整数"),
        (["generate", "月", "--count", "0"], "至少 1，现为 0"),
        (
            ["generate", "月", "--tones", "relax"],
            "'relax' 不在可选之列；是不是“relaxed”？可选：strict、relaxed、off",
        ),
        (["generate", "月", "--form", "五决"], "是不是“五绝、五律、五言”？可选：五绝、七绝、"),
        (["generate", "月", "--rhyme-book", "x"], "可选 平水韵、词林正韵 或 新韵（"),
        (["generate", "月", "--poet", "刘禹"], "是不是“刘禹锡、"),
        (["generate", "月、"], "读作“月”"),
        (["generate", "--keep", "不在此处.txt", "--rewrite", "3"], "找不到 不在此处.txt；请检查文件名"),
        (["generate", "--help"], "poetgen generate 山 --form 五律 --rhyme 东"),
        (["generate", "--help"], "--rhyme-book 平水韵|词林正韵|新韵"),
        (["tone", "月", "日"], "多出了参数（日）"),
        (["chekc"], "是不是要用：check？"),
    ],
)
def test_commands_speak_chinese(arguments, said):
    assert said in run(*arguments).output


def test_a_verdict_is_in_the_script_of_its_poem():
    assert "合律" in run("check", "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。").output
    assert "押韻的句子不足兩句" in run("check", "白日依山盡，黃河入海流。").output


def test_keys_of_json_stay_english():
    english, chinese = (run("check", POEM, "--json", POETGEN_LANGUAGE=name).output for name in ("en", "zh"))
    assert json.loads(english).keys() == json.loads(chinese).keys()


def test_help_is_whole_again_in_english_after_chinese():
    first = run("generate", "--help", POETGEN_LANGUAGE="en").output
    assert run("generate", "--help").output != first
    assert run("generate", "--help", POETGEN_LANGUAGE="en").output == first


def test_nothing_is_read_for_english():
    code = "from poetgen.cli import poetgen; poetgen(['tone', '月'], standalone_mode=False)\n"
    code += "from poetgen.language import _catalogue; print(_catalogue.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0"


ERRORS = {"PromptError", "ConfigError", "CheckpointError", "CorpusError", "PoetgenError", "UsageError"}
READERS = re.compile(
    r"(verse|writing|poem|script|picture)/|checkpoint|corpus/(typed|text_files|decoding|reading)|"
    r"cli/(generate|check|check_report|rhyme|tone|lookup|repl|rewriting|poem_printer|options|reading|__init__)\.py"
)


def plain_words(node):
    """The letters of a text that stands in the code, what is put into it left out."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(plain_words, node.values))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_no_error_and_no_note_of_these_commands_bypasses_the_catalogue():
    for path in build_messages.PACKAGE.rglob("*.py"):
        if READERS.match(path.relative_to(build_messages.PACKAGE).as_posix()):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(
                    node.func, "attr", getattr(node.func, "id", "")
                ) in (
                    *ERRORS,
                    "echo",
                    "Finding",
                    "find",
                ):
                    loose = [
                        text for text in map(plain_words, node.args) if re.search("[a-z]{3,}( |$)", text)
                    ]
                    assert not loose, f"{path.name}:{node.lineno}: write tr({loose[0]!r})"
