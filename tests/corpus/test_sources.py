import json
import os
import sys

import pytest

from poetgen.corpus.sources import read_poems, source_files
from poetgen.errors import CorpusError

GOOD = {
    "author": "王之渙",
    "title": "登鸛雀樓",
    "paragraphs": ["白日依山盡，黃河入海流。", "欲窮千里目，更上一層樓。"],
    "id": "a",
}


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), encoding="utf-8"
    )
    return path


def volume(path, number, *records):
    return write(path / "全唐诗" / f"poet.tang.{number}.json", list(records))


def test_volumes_are_read_in_numeric_order_and_the_supplement_only_when_asked(tmp_path):
    for number in (10000, 0, 9000, 50000):
        volume(tmp_path, number, {**GOOD, "id": str(number)})
    volume(tmp_path / "全唐诗" / "error", 0, {**GOOD, "id": "error"})
    write(tmp_path / "全唐诗" / "authors.tang.json", [{"name": "王之渙"}])
    write(tmp_path / "全唐诗" / "唐诗三百首.json", [{**GOOD, "id": "again"}])
    write(tmp_path / "全唐诗" / "poet.song.0.json", [{**GOOD, "id": "song"}])
    write(tmp_path / "fetched.json", {})
    core, _ = read_poems(tmp_path, supplement=False)
    everything, _ = read_poems(tmp_path)
    assert [poem.id for poem in core] == ["0", "9000", "10000"]
    assert [poem.id for poem in everything] == ["0", "9000", "10000", "50000"]


def test_any_folder_of_json_a_single_file_and_text_are_read(tmp_path):
    write(tmp_path / "mine" / "b.json", [{**GOOD, "id": "b"}])
    one = write(tmp_path / "mine" / "a.json", GOOD)
    text = write(tmp_path / "mine.txt", "".join(GOOD["paragraphs"]) + "\n")
    assert [poem.id for poem in read_poems(tmp_path / "mine")[0]] == ["a", "b"]
    assert read_poems(one)[0][0].text == read_poems(text)[0][0].text == "".join(GOOD["paragraphs"])


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("text", "not an object but a text"),
        (7, "not an object but a number"),
        ({"title": "無"}, "no verse under any of its keys (title)"),
        ({"paragraphs": [[["白日依山盡"]]]}, "paragraphs is neither a text nor a list of texts"),
        ({"paragraphs": [None]}, "paragraphs is neither a text nor a list of texts"),
        ({**GOOD, "author": True}, "author is not a text"),
        ({**GOOD, "id": {"x": 1}}, "id is not a text"),
        ({**GOOD, "title": "\ud800"}, "half a character (a lone surrogate)"),
        ({**GOOD, "paragraphs": ["白\udfff日"]}, "half a character (a lone surrogate)"),
    ],
)
def test_a_bad_record_is_named_with_file_and_index_and_the_rest_is_read(tmp_path, bad, said):
    path = tmp_path / "a.json"
    path.write_text(json.dumps([GOOD, bad, {**GOOD, "id": "b"}]), encoding="utf-8")
    poems, report = read_poems(path)
    assert [poem.id for poem in poems] == ["a", "b"]
    assert report.reading.faults == [f"a.json[1]: {said}"]
    with pytest.raises(CorpusError, match=r"a\.json\[1\].*--strict"):
        read_poems(path, strict=True)


@pytest.mark.parametrize("text", ["[{", "[" * 100_000, "\x00"])
def test_broken_json_is_named_and_skipped(tmp_path, text):
    write(tmp_path / "below" / "a.json", text)
    write(tmp_path / "b.json", [GOOD])
    poems, report = read_poems(tmp_path)
    assert len(poems) == 1 and len(report.reading.faults) == 1
    assert report.reading.faults[0].startswith("below/a.json: broken JSON")


def test_a_file_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(bytes(range(128, 256)) * 9)
    with pytest.raises(CorpusError, match="not UTF-8"):
        read_poems(path)


def test_missing_author_title_and_id_are_no_fault(tmp_path):
    poems, report = read_poems(
        write(tmp_path / "a.json", [{"paragraphs": GOOD["paragraphs"], "title": None}])
    )
    assert (poems[0].author, poems[0].title, poems[0].id) == ("", "", "") and not report.reading.faults


@pytest.mark.parametrize("content", ["[]", "{", "[1, 2]"])
def test_nothing_readable_at_all_is_an_error(tmp_path, content):
    with pytest.raises(CorpusError, match="no poems can be read"):
        read_poems(write(tmp_path / "a.json", content))


def test_nowhere_and_an_empty_folder_say_what_to_run(tmp_path):
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(CorpusError, match="run: poetgen fetch"):
            source_files(path, supplement=True)


def test_files_of_other_corpora_are_read_in_numeric_order_too(tmp_path):
    for name in ("poet.song.10000.json", "poet.song.9000.json", "Poet.Song.0.JSON"):
        write(tmp_path / name, [{**GOOD, "id": name}])
    (tmp_path / "folder.json").mkdir()
    found = [poem.id for poem in read_poems(tmp_path)[0]]
    assert found[-2:] == ["poet.song.9000.json", "poet.song.10000.json"] and len(found) == 3


def test_text_files_of_a_folder_are_read_when_it_has_no_json(tmp_path):
    write(tmp_path / "a.txt", "".join(GOOD["paragraphs"]))
    assert len(read_poems(tmp_path)[0]) == 1


def test_volumes_of_the_supplement_alone_ask_for_the_flag(tmp_path):
    volume(tmp_path, 50000, GOOD)
    assert len(read_poems(tmp_path)[0]) == 1
    with pytest.raises(CorpusError, match="take them with --supplement"):
        read_poems(tmp_path, supplement=False)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
def test_a_file_name_that_is_not_utf8_can_be_named(tmp_path):
    path = tmp_path / os.fsdecode(b"\xff.json")
    path.write_text("{", encoding="utf-8")
    write(tmp_path / "good.json", [GOOD])
    _, report = read_poems(tmp_path)
    assert report.reading.faults[0].startswith("\\udcff.json: broken JSON")
    assert "\n" not in report.reading.faults[0] and report.reading.faults[0].encode()
