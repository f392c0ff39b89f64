import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from poetgen.cli import poetgen


def run(*words):
    return CliRunner().invoke(poetgen, ["prepare", *map(str, words)])


def test_the_fetched_corpus_is_prepared_and_reported(fetched):
    result = run("--home", fetched)
    assert result.exit_code == 0, result.output
    assert "whole poems    60" in result.stdout and "vocabulary" in result.stdout
    assert (
        "poet.tang.0.json[60]: no verse under any of its keys" in result.stderr
        and "run: poetgen train" in result.stderr
    )
    assert (fetched / "data" / "prepared" / "prepared.json").exists()


def test_json_is_the_report_and_nothing_else(fetched):
    result = run("--home", fetched, "--json", "--split", "8:2", "--limit", 30)
    report = json.loads(result.stdout)
    assert report["selection"]["kept"] == 30 and report["splits"]["test"]["poems"] == 0
    assert report == json.loads((fetched / "data" / "prepared" / "report.json").read_text(encoding="utf-8"))


def test_a_text_file_and_another_place(tmp_path, poems):
    source = tmp_path / "mine.txt"
    source.write_text("\n".join(p.text for p in poems), encoding="utf-8")
    result = run(
        source, "--out", tmp_path / "out", "--config", write_config(tmp_path), "--set", "corpus.limit=20"
    )
    assert result.exit_code == 0, result.output
    manifest = json.loads((tmp_path / "out" / "prepared.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["limit"] == 20 and manifest["settings"]["min_count"] == 3
    assert manifest["corpus"]["source"] == "mine.txt"


@pytest.mark.parametrize("kept", [".git", ".env"])
def test_a_folder_with_nothing_but_hidden_files_of_others_is_left_alone(tmp_path, poems, kept):
    source = tmp_path / "mine.txt"
    source.write_text("\n".join(p.text for p in poems), encoding="utf-8")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / kept).write_text("mine", encoding="utf-8")
    result = run(source, "--out", tmp_path / "d")
    assert result.exit_code == 1 and f"holds other files ({kept})" in result.stderr
    assert (tmp_path / "d" / kept).read_text(encoding="utf-8") == "mine"


def write_config(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("[corpus]\nmin_count = 3\nlimit = 40\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "run: poetgen fetch"),
        (("nowhere",), "no poems at nowhere"),
        (("--form", "十絕"), "unknown form '十絕'"),
        (("--limit", "-1"), "corpus.limit must be at least 0"),
        (("--min-count", "0"), "corpus.min_count must be at least 1"),
        (("--set", "corpus.mincount=2"), "did you mean"),
        (("--config", "nothing"), "no config 'nothing'"),
    ],
)
def test_bad_input_gets_one_sentence(tmp_path, words, said):
    result = run(*words, "--home", tmp_path)
    assert result.exit_code == 1 and said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1 and "Traceback" not in result.output


def test_strict_stops_at_the_first_fault_and_changes_nothing(fetched):
    assert run("--home", fetched).exit_code == 0
    before = (fetched / "data" / "prepared" / "prepared.json").read_bytes()
    result = run("--home", fetched, "--strict", "--limit", "5")
    assert result.exit_code == 1 and "poet.tang.0.json[60]" in result.stderr
    assert (fetched / "data" / "prepared" / "prepared.json").read_bytes() == before


def test_flags_have_the_last_word(fetched, tmp_path):
    config = tmp_path / "own.toml"
    config.write_text("[corpus]\nsupplement = true\nlimit = 9\n", encoding="utf-8")
    result = run("--home", fetched, "--config", config, "--no-supplement", "--limit", 8)
    assert result.exit_code == 0, result.output
    manifest = json.loads((fetched / "data" / "prepared" / "prepared.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["supplement"] is False and manifest["settings"]["limit"] == 8


def test_a_real_process_gives_the_table_to_a_pipe_under_a_c_locale(fetched):
    words = [sys.executable, "-m", "poetgen", "prepare", "--home", str(fetched)]
    result = subprocess.run(words, capture_output=True, env={**os.environ, "LC_ALL": "C"}, check=False)
    assert result.returncode == 0, result.stderr.decode()
    assert "五律" in result.stdout.decode() and "poet.tang.0.json[60]" in result.stderr.decode()


def test_killed_at_any_instant_it_leaves_the_old_folder_or_the_new(fetched):
    prepared = fetched / "data" / "prepared"
    words = [sys.executable, "-m", "poetgen", "prepare", "--home", str(fetched)]
    assert run("--home", fetched, "--limit", 20).exit_code == 0
    for delay in (0.08, 0.12, 0.16, 0.2):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.kill()
        process.wait()
        # killed between its two renames, the old folder waits beside its place
        place = prepared if prepared.exists() else prepared.with_name(".prepared.old")
        json.loads((place / "prepared.json").read_text(encoding="utf-8"))
    assert run("--home", fetched).exit_code == 0
    assert [path.name for path in sorted((fetched / "data").iterdir())] == ["corpus", "prepared"]


def test_prepared_elsewhere_it_says_how_to_train_and_measure_on_it(fetched, tmp_path):
    place = tmp_path / "else where"
    result = run("--home", fetched, "--out", place)
    [command] = re.findall(r"Next, run: poetgen (train .*)", result.stderr)
    small = [
        "--embedding-size",
        "4",
        "--hidden-size",
        "4",
        "--steps",
        "1",
        "--device",
        "cpu",
        "--run",
        "moon",
    ]
    trained = CliRunner().invoke(poetgen, [*shlex.split(command), *small])
    assert trained.exit_code == 0, trained.output
    [command] = re.findall(r"to measure it: poetgen (.*)", trained.stderr)
    measured = CliRunner().invoke(poetgen, shlex.split(command))
    assert measured.exit_code == 0 and str(place) in command, measured.output
    # the run knows where its poems lie
    again = CliRunner().invoke(poetgen, ["train", "--home", str(fetched), "--resume", "moon"])
    assert again.exit_code == 0, again.output
    assert not (fetched / "data" / "prepared").exists()
    nowhere = CliRunner().invoke(poetgen, ["train", "--home", str(fetched), "--data", str(tmp_path / "no")])
    assert nowhere.exit_code == 1 and "no prepared poems at" in nowhere.stderr


def test_a_vocabulary_that_was_taken_is_no_other_and_the_next_command_trains_its_model_on(
    fetched, tmp_path, make_checkpoint, prepared
):
    model, vocabulary = tmp_path / "the first.safetensors", prepared.vocabulary
    make_checkpoint(vocabulary).save(model)
    result = run("--home", fetched, "--vocabulary", model, "--out", tmp_path / "again")
    assert (
        f"{len(vocabulary):,} tokens, taken from {model}" in result.stdout
        and "built from train" not in result.stdout
    )
    [command] = re.findall(r"Next, run: poetgen (train .*)", result.stderr)
    assert f"--from '{model}'" in command
    trained = CliRunner().invoke(poetgen, [*shlex.split(command), "--steps", "1", "--device", "cpu"])
    assert trained.exit_code == 0, trained.output


@pytest.mark.parametrize(
    ("way", "kept", "longest"), [("drop", 40, 20), ("crop", 60, 24), ("crop-characters", 60, 26)]
)
def test_poems_that_are_too_long(tmp_path, way, kept, longest):
    characters = [chr(0x4E00 + k) for k in range(3000)]
    texts = []
    for k in range(40):
        line = characters[20 * k : 20 * k + 20]
        texts.append("".join("".join(line[j : j + 5]) + "，。，。"[j // 5] for j in (0, 5, 10, 15)))
    for k in range(20):
        line = characters[1000 + 48 * k : 1000 + 48 * k + 48]
        texts.append("".join("".join(line[j : j + 6]) + "，。"[j // 6 % 2] for j in range(0, 48, 6)))
    source = tmp_path / "mine.txt"
    source.write_text("\n".join(texts), encoding="utf-8")
    result = run(
        source, "--out", tmp_path / "out", "--max-length", 26, "--too-long", way, "--min-count", 1, "--json"
    )
    assert result.exit_code == 0, result.output
    selection = json.loads(result.stdout)["selection"]
    assert (selection["kept"], selection["max_length"], selection["cropped"]) == (kept, 60 - kept, kept - 40)
    written = [
        json.loads(row)["text"]
        for part in ("train", "validation", "test")
        for row in (tmp_path / "out" / f"{part}.poems.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert all(text.endswith("。") and any(full.startswith(text[:-1]) for full in texts) for text in written)
    assert max(len(text.replace("，", "").replace("。", "")) for text in written) == longest


def test_few_poems_are_answered_with_commands_that_do_better(tmp_path, poems):
    """What is advised is typed, until nothing is advised; and the released model is learned on from."""
    source = tmp_path / "mine.txt"
    source.write_text("\n\n".join(poem.text for poem in poems), encoding="utf-8")
    first = run(source, "--home", tmp_path).stderr
    assert re.search(
        r"\d of 60 poems validates?, too few to choose between models; --split 8:2 keeps about 12", first
    )
    (command,) = re.findall(r"to prepare them better: poetgen (.*)", first)
    assert "--split 8:2" in command
    again = CliRunner().invoke(poetgen, shlex.split(command))
    assert again.exit_code == 0
    assert "too few to choose" not in again.stderr
    assert "to prepare them better" not in again.stderr


def test_rare_characters_bring_the_released_model(tmp_path, poems):
    source = tmp_path / "mine.txt"
    rare = (chr(0x4E00 + k) for k in range(4000))  # no two poems share any
    rows = ["，".join("".join(next(rare) for _ in range(5)) for _ in range(4)) + "。" for _ in range(60)]
    source.write_text("\n\n".join(rows), encoding="utf-8")
    told = run(source, "--home", tmp_path, "--out", tmp_path / "own", "--min-count", 1).stderr
    assert "100% of the validation hanzi are <unknown>" in told
    (line,) = (line for line in told.splitlines() if line.startswith("or to learn on"))
    prepare, train = (shlex.split(part) for part in line.partition(": ")[2].split(" && "))
    assert CliRunner().invoke(poetgen, prepare[1:]).exit_code == 0
    assert train[:4] == ["poetgen", "train", "--from", "tang"]
    assert train[4:] == ["--data", str(tmp_path / "own"), "--home", str(tmp_path)]


def test_a_corpus_that_is_large_enough_is_advised_nothing(fetched):
    told = run("--home", fetched, "--split", "8:2", "--min-count", 1).stderr
    assert "too few" not in told and "prepare them better" not in told


def test_how_a_file_was_read_is_told_also_where_too_few_poems_are_left(tmp_path: Path) -> None:
    source = tmp_path / "poem.txt"
    source.write_text("靜夜思\n李白\n床前明月光，疑是地上霜。\n舉頭望明月，低頭思故鄉。\n", encoding="utf-8")
    result = run(source, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert f"{source}: 1 poem; 1 title, 1 author\n" in result.stderr


def test_every_command_that_reads_poems_warns_of_the_folder_of_rejects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rejects = tmp_path / "全唐诗" / "error"
    rejects.mkdir(parents=True)
    volume = rejects / "poet.tang.0.json"
    volume.write_text('[{"paragraphs": ["白日依山盡，黃河入海流。"]}]', encoding="utf-8")
    monkeypatch.chdir(rejects)
    for words in (
        ["prepare", "."],
        ["prepare", volume],
        ["evaluate", "--poems", "."],
        ["check", volume.name],
    ):
        result = CliRunner().invoke(poetgen, list(map(str, words)))
        assert f"warning: {rejects} holds what chinese-poetry rejected" in result.stderr, words
