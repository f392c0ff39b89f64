"""`poetgen generate` as its users meet it."""

import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from poetgen.cli import poetgen
from poetgen.corpus.vocabulary import SPECIALS, Vocabulary
from poetgen.poem.poem import MARKS
from tests.processes import PATIENCE, end, read_until

HANZI = "月雲山水花春秋日風人天地紅後爲牀明光云后床胡夜湖海"


@pytest.fixture(scope="module")
def home(tmp_path_factory, make_checkpoint):
    """A workspace with one run."""
    home = tmp_path_factory.mktemp("home")
    counts = [0, 9, 9, 0, 300, 280, 20, *(500 // (place + 1) for place in range(len(HANZI)))]
    checkpoint = make_checkpoint(Vocabulary((*SPECIALS, *MARKS, *HANZI), counts, 1), spread=0.5)
    checkpoint.save(home / "checkpoints" / "run" / "best.safetensors")
    return home


@pytest.fixture
def invoke(home):
    """Run the command in the workspace: exit code, stdout, stderr."""

    def invoking(*arguments, typed=""):
        return CliRunner().invoke(
            poetgen, ["generate", "--home", str(home), "--checkpoint", "run", *arguments], input=typed
        )

    return invoking


def start(home, *arguments, environment=None, **settings):
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "poetgen", "generate", "--checkpoint", "run", *arguments],
        env=os.environ | {"POETGEN_HOME": str(home)} | (environment or {}),
        **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | settings,
    )


def test_a_poem_on_stdout_and_the_rest_on_stderr(invoke, home):
    result = invoke("月", "--max-length", "20")
    assert result.exit_code == 0
    rows = result.stdout.splitlines()
    assert len(rows) == 2
    assert rows[0].startswith("月")
    assert all(row[-1] in "。？" and row.count("，") == 1 for row in rows)
    seed, model = result.stderr.splitlines()
    assert model == "model: run"
    again = invoke("月", "--max-length", "20", "--seed", seed.removeprefix("seed: "))
    assert again.stdout == result.stdout
    assert again.stderr == model + "\n"


def test_several_prompts_give_one_poem_each_and_the_same_as_alone(invoke):
    together = invoke("日", "红", "山", "--seed", "4").stdout.split("\n\n")
    assert [poem[0] for poem in together] == list("日红山")
    assert together[1].strip() == invoke("红", "--seed", "4").stdout.strip()


def test_count_gives_each_prompt_as_many(invoke):
    poems = invoke("日", "山", "--seed", "4", "--count", "3").stdout.split("\n\n")
    assert [poem[0] for poem in poems] == list("日日日山山山")
    assert len(set(poems)) == 6


def test_json_has_one_object_a_line(invoke):
    result = invoke("红", "月", "--json", "--count", "2", "--seed", "9")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(record["prompt"], record["index"]) for record in records] == [
        ("红", 0),
        ("红", 1),
        ("月", 0),
        ("月", 1),
    ]
    assert list(records[0]) == [
        "prompt",
        "title",
        "poet",
        "index",
        "text",
        "lines",
        "form",
        "template",
        "rhyme_book",
        "rhyme_group",
        "tones",
        "script",
        "seed",
        "log_probability",
        "rank",
        "notes",
        "annotation",
    ]
    for record in records:
        assert record["text"].startswith(record["prompt"])
        assert "".join(record["lines"]) == "".join(char for char in record["text"] if char not in MARKS)
        assert record["seed"] == 9
        assert record["log_probability"] < 0
    assert [record["script"] for record in records] == ["simplified"] * 2 + ["traditional"] * 2


def test_vertical_is_the_same_poem_in_columns(invoke):
    record = json.loads(invoke("月", "--seed", "1", "--json").stdout)
    rows = invoke("月", "--seed", "1", "--vertical").stdout.splitlines()
    columns = ["".join(row[::2][k] for row in rows) for k in range(len(record["lines"]))]
    assert "".join(reversed(columns)) == record["text"]


def test_without_a_prompt_and_a_terminal_the_poem_begins_freely(invoke):
    assert invoke("--seed", "1").stdout.strip()
    assert len(invoke("--seed", "1", "--count", "3").stdout.split("\n\n")) == 3


def test_script(invoke, monkeypatch):
    assert invoke("红").stdout.startswith("红")
    assert invoke("红", "--script", "traditional").stdout.startswith("紅")
    assert invoke("紅", "--script", "simplified").stdout.startswith("红")
    assert json.loads(invoke("月", "--json").stdout)["script"] == "traditional"
    monkeypatch.setenv("POETGEN_SCRIPT", "simplified")
    assert json.loads(invoke("月", "--json").stdout)["script"] == "simplified"


def test_what_was_read_otherwise_is_told(invoke):
    assert "云 read as 雲" in invoke("云").stderr
    assert "read as" not in invoke("红").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([""], "the prompt is empty"),
        (["  "], "the prompt is empty"),
        (["，。"], "begins with the mark"),
        (["moon"], "'m' is not a Chinese character; begin with Chinese characters, such as 月"),
        (["月", "moon"], "'m' is not a Chinese character"),
        (["🌕"], "is not a Chinese character"),
        (["月", "--avoid", "愁a"], "--avoid takes hanzi alone, not 'a'"),
        (["--last-line", "moonlight"], "--last-line takes hanzi alone, not 'm'"),
        (["--feet", "a月"], "--feet takes hanzi alone, not 'a'"),
        (["\udcff"], "not valid UTF-8"),
        (["月" * 10_000], "the prompt has 10000 hanzi and a poem at most 120"),
        (["月月月月月月月", "--max-length", "12"], "no room to complete a poem of 12 hanzi"),
        (["--temperature", "-1"], "temperature must be 0 or more, not -1.0"),
        (["--top-p", "2"], "top-p must be above 0"),
        (["--top-k", "-3"], "top-k must be 0"),
        (["--max-length", "3"], "max-length must be at least 10"),
        (["--checkpoint", "nowhere"], "no checkpoint at nowhere"),
        (["--", "-x"], "'-' is not a Chinese character"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_1(invoke, arguments, message):
    result = invoke(*arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    assert message in last
    assert "seed" not in result.stderr


@pytest.mark.parametrize(
    "arguments", [["--count", "0"], ["--seed", "-1"], ["--script", "latin"], ["--no-such"]]
)
def test_impossible_usage_is_exit_2(invoke, arguments):
    assert invoke(*arguments).exit_code == 2


def test_a_bad_script_setting_is_an_error(invoke, monkeypatch):
    monkeypatch.setenv("POETGEN_SCRIPT", "Klingon")
    result = invoke("月")
    assert result.exit_code == 1
    assert (
        "POETGEN_SCRIPT is 'Klingon'; set it to traditional, simplified, taiwan or hongkong" in result.stderr
    )


def test_interactive_asks_until_an_empty_line_and_survives_bad_prompts(invoke):
    result = invoke("--interactive", "--seed", "2", typed="月\nmoon\n红\n\n山\n")
    assert result.exit_code == 0
    assert [poem[0] for poem in result.stdout.split("\n\n")] == ["月", "红"]
    assert "Error: 'm' is not a Chinese character" in result.stderr


def test_interactive_ends_with_the_input(invoke):
    assert invoke("--interactive", "日", typed="月").stdout.count("\n\n") == 1


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "NO_COLOR": "1"},
    ],
)
def test_any_locale_prints_utf8(home, environment):
    process = start(home, "月".encode(), "--seed", "1", environment=environment)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert out.decode().startswith("月")
    assert b"\x1b" not in out + err


@pytest.mark.parametrize("environment", [{}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_broken_bytes_on_the_command_line(home, environment):
    process = start(home, b"\xe6\x9c", environment=environment)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert out == b""
    assert b"not valid UTF-8" in err
    assert b"Traceback" not in err


def test_a_reader_that_leaves_is_no_reason_to_complain(home):
    with start(home, "--count", "400", "--seed", "1") as process:
        assert process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert b"Error" not in said
    assert b"Traceback" not in said


def test_writing_does_not_import_torch(home):
    script = (
        "import sys; from poetgen.cli import poetgen;"
        "poetgen(['generate', '红', '--seed', '1', '--checkpoint', 'run'], standalone_mode=False);"
        "print([name for name in ('torch', 'git', 'matplotlib', 'tqdm') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"POETGEN_HOME": str(home), "PYTHONUTF8": "1"},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().splitlines()[-1] == "[]"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_at_a_terminal_it_asks_and_control_c_ends_quietly(home):
    ours, theirs = pty.openpty()
    process = start(home, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    rest = b""
    try:
        read_until(ours, "empty line ends): ")
        os.write(ours, "月\n".encode())
        assert "，" in read_until(ours, "empty line ends): ")
        for seconds in (2, 4, 8, PATIENCE):  # a Ctrl-C just as readline begins to wait is heard with the next
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                break
        assert process.returncode == 130
        with suppress(OSError):  # the other side is closed, and may have had nothing more to say
            rest = os.read(ours, 4096)
    finally:
        end(process)
        os.close(ours)
    assert b"Traceback" not in rest
    assert b"Abort" not in rest


def test_the_model_is_told_by_name_where_it_is_not_the_released_one(home, invoke):
    given = Path(home) / "checkpoints" / "run"
    for words in (["--checkpoint", str(given)], ["--checkpoint", "newest"], ["--interactive"]):
        assert "model: run\n" in invoke("月", *words).stderr
    assert f"model: run ({given / 'best.safetensors'})\n" in invoke("月", "--verbose").stderr
    assert invoke("月", "--checkpoint", "tang", "--seed", "1").stderr == ""
    assert "model: tang (" in invoke("月", "--checkpoint", "tang", "--verbose").stderr


def test_an_error_is_told_alone(invoke):
    for words in (["moon"], ["--poets"], ["月", "--rhyme", "x"], ["--checkpoint", "nowhere"]):
        result = invoke(*words, "--verbose")
        assert result.exit_code == 1
        assert len(result.stderr.splitlines()) == 1


def test_rules_are_kept_and_told_in_json(invoke):
    result = invoke("--acrostic", "春花秋月", "--form", "五絕", "--best-of", "3", "--seed", "1", "--json")
    record = json.loads(result.stdout)
    assert [line[0] for line in record["lines"]] == list("春花秋月")
    assert {len(line) for line in record["lines"]} == {5}
    assert record["form"] == "五絕"
    assert record["rank"]["best_of"] == 3
    assert record["rank"]["candidate"] in range(3)
    assert len(record["tones"]) == 4


def test_free_verse_tells_no_rules(invoke):
    record = json.loads(invoke("月", "--form", "free", "--best-of", 1, "--json").stdout)
    assert record["template"] is record["rhyme_group"] is record["tones"] is record["rank"] is None


def test_what_gives_way_is_told_and_what_was_asked_is_refused(invoke):
    soft = invoke("明明明明", "--seed", "1")
    assert soft.exit_code == 0
    assert "that line keeps its tones" in soft.stderr
    hard = invoke("明明明明", "--tones", "relaxed")
    assert hard.exit_code == 1
    assert hard.stdout == ""
    assert "--tones off would allow it" in hard.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--form", "七七"], "unknown form"),
        (["--rhyme", "口"], "unknown rhyme group"),
        (["--form", "五絕", "--acrostic", "春花秋月春"], "5 characters"),
        (["--form", "free", "--no-repeat"], "--no-repeat asks for one"),
        (["--acrostic", "abc"], "--acrostic takes hanzi alone"),
    ],
)
def test_rules_that_cannot_be_are_answered_in_a_sentence(invoke, arguments, said):
    result = invoke("月", *arguments)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments", [["--tones", "loose"], ["--best-of", "0"], ["--first-line-rhymes", "perhaps"]]
)
def test_choices_that_are_none_are_usage_errors(invoke, arguments):
    assert invoke("月", *arguments).exit_code == 2


def test_annotated_has_tones_and_rhyme_under_each_line(invoke):
    record = json.loads(invoke("月", "--seed", "1", "--json").stdout)
    rows = invoke("月", "--seed", "1", "--annotate").stdout.splitlines()
    assert "".join(rows[::2]) == record["text"]
    for line, tones, told in zip(record["lines"], record["tones"], rows[1::2], strict=True):
        assert len(told.split("\u3000")[0]) == len(line)
        assert told[: len(line)].replace("入", "仄") == tones or "中" in told


def test_simplified_poems_are_annotated_in_simplified(invoke):
    told = invoke("红", "--seed", "1", "--annotate").stdout
    assert "韵" in told
    assert "韻" not in told


def test_pictures_beside_the_poems(invoke, tmp_path):
    result = invoke("月", "--seed", "1", "--count", "2", "--picture", str(tmp_path / "poem.svg"))
    assert {path.name for path in tmp_path.iterdir()} == {"poem.svg", "poem-2.svg"}
    assert f"picture: {tmp_path / 'poem-2.svg'}" in result.stderr
    second = result.stdout.split("\n\n")[1].translate(str.maketrans("", "", "，。？\n"))
    title = (tmp_path / "poem-2.svg").read_text(encoding="utf-8").split("</title>")[0]
    assert second in title.replace("\n", "")


def test_a_picture_of_another_kind_is_refused_before_anything_is_written(invoke, tmp_path):
    result = invoke("月", "--picture", str(tmp_path / "poem.gif"))
    assert result.exit_code == 1
    assert result.stderr == "Error: a picture cannot be written as 'poem.gif'; end its name in .png or .svg\n"
    assert not result.stdout


def test_a_line_is_rewritten_and_the_rest_kept(invoke, tmp_path):
    poem = invoke("月", "--seed", "2", "--form", "五絕").stdout
    (tmp_path / "poem.txt").write_text(poem, encoding="utf-8")
    kept = ("--keep", str(tmp_path / "poem.txt"), "--rewrite", "3", "--seed", "2")
    result = invoke(*kept)
    assert result.exit_code == 0
    before, after = poem.splitlines(), result.stdout.splitlines()
    assert before[0] == after[0]
    assert before[1].split("，")[1] == after[1].split("，")[1]
    assert before[1] != after[1]
    assert invoke("--keep", "-", "--rewrite", "3", "--seed", "2", typed=poem).stdout == result.stdout
    assert invoke("風", *kept).stdout.splitlines()[1].startswith("風")
    record = json.loads(invoke(*kept, "--json").stdout)
    assert record["lines"][2] == after[1].split("，")[0]
    both = json.loads(invoke(*kept, "--rewrite", "4", "--json").stdout)["lines"]
    assert both[2] == record["lines"][2] and both[3] not in result.stdout
    assert "seed:" in invoke(*kept[:4]).stderr
    (tmp_path / "poem.txt").write_text(poem, encoding="gb18030")  # read as every command reads text files
    assert invoke(*kept).stdout == result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rewrite", "3"], "--keep and --rewrite go together: --keep poem.txt --rewrite 3"),
        (["--keep", "-"], "--keep and --rewrite go together"),
        (["--keep", "-", "--rewrite", "2", "--form", "五絕"], "--form does not go with --rewrite: the lines"),
        (["--keep", "-", "--rewrite", "2", "月", "山"], "2 beginnings are given; give one"),
        (["--keep", "-", "--rewrite", "2", "--rewrite", "1", "月"], "a PROMPT begins one rewritten line"),
    ],
)
def test_rewriting_what_cannot_be_is_a_question_of_usage(invoke, arguments, message):
    result = invoke(*arguments, typed="月落烏啼霜滿天")
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_poem_to_keep_that_is_not_there(invoke):
    result = invoke("--keep", "nowhere.txt", "--rewrite", "2")
    assert result.exit_code == 1
    assert "Error: there is no nowhere.txt; check the name" in result.stderr


def prompts_of(result):
    """The first character of every poem that was printed."""
    return [poem[0] for poem in result.stdout.split("\n\n")]


def test_prompts_come_from_standard_input_one_a_line(invoke):
    assert prompts_of(invoke("--max-length", "20", typed="月\n\n日 風\n")) == ["月", "日"]
    assert prompts_of(invoke("雲", "-", "山", "--max-length", "20", typed="月\n日")) == [
        "雲",
        "月",
        "日",
        "山",
    ]
    assert prompts_of(invoke("--max-length", "20", typed="\ufeff月\r\n")) == ["月"]
    assert invoke("-", typed="moon\n").exit_code == 1
    assert len(prompts_of(invoke("--max-length", "20", typed="\n"))) == 1  # none to read: the model begins


def test_prompts_are_not_read_where_the_model_is_to_begin(invoke):
    assert prompts_of(invoke("--acrostic", "春", "--form", "5x4", typed="月\n")) == ["春"]


def test_short_names_of_count_and_file(invoke, tmp_path):
    path = tmp_path / "poems.txt"
    written = invoke("月", "日", "-n", 2, "-o", str(path), "--seed", 1)
    printed = invoke("月", "日", "--count", 2, "--seed", 1)
    assert written.stdout == ""
    assert path.read_text(encoding="utf-8") == printed.stdout
    assert f"written: {path}" in written.stderr
    rows = invoke("月", "--json", "-n", 2, "--out", str(path), "--seed", 1)
    assert [json.loads(row)["index"] for row in path.read_text(encoding="utf-8").splitlines()] == [0, 1]
    assert rows.exit_code == 0


def test_a_file_that_cannot_be_written_is_said_in_a_sentence(invoke, tmp_path):
    (tmp_path / "file").touch()
    result = invoke("月", "-o", str(tmp_path / "file" / "poems.txt"))
    assert result.exit_code == 1
    assert "file" in result.stderr
    assert "Traceback" not in result.stderr
    assert invoke("--interactive", "-o", str(tmp_path / "x.txt")).exit_code == 2


def test_a_note_is_said_once_and_names_its_prompt_among_several(invoke):
    alone = invoke("明明明明", "-n", 3, "--form", "五絕")  # a note names the form of its poem
    assert alone.stderr.count("that line keeps its tones") == 1
    assert "明明明明: 明 at place" not in alone.stderr
    several = invoke("明明明明", "月", "明明明明", "--form", "五絕")
    assert several.stderr.count("明明明明: 明 at place 4 of line 1 is 平") == 1
    refused = invoke("月", "moon")
    assert "Error: moon: 'm' is not a Chinese character" in refused.stderr


def test_a_family_of_forms_has_no_room_for_a_longer_acrostic(invoke):
    assert (
        "9 characters and 五律 8 lines" in invoke("--form", "律诗", "--acrostic", "月日月日月日月日月").stderr
    )
