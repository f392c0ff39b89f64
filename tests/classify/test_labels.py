"""Labelled texts from poems and files, chosen and held out."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.classify.label_files import read_labels
from poetgen.classify.labels import Labelled, choose_texts, label_poems
from poetgen.classify.split import PARTS, as_poem, stratified_group_split
from poetgen.corpus.dataset import Dataset
from poetgen.corpus.near_duplicates import cluster_near_duplicates
from poetgen.errors import ConfigError, CorpusError
from poetgen.poem.form import FORMS

ROWS = [("明月，幾時有？\n把酒", "詞"), ('說 "好"', "白話"), ("x" * 400_000, "長"), ("春眠", "1")]


def test_poems_by_poet_and_by_form(prepared: Dataset) -> None:
    poets, forms = label_poems(prepared, "poet"), label_poems(prepared, "form")
    assert len(poets) == len(forms) == 60
    assert {text.label for text in poets} == {f"詩人{k}" for k in range(5)}
    assert Counter(text.label for text in forms) == dict.fromkeys(FORMS, 15)
    assert len({text.key for text in poets}) == 60


def test_a_row_longer_than_its_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ragged.csv"
    path.write_text("text,label\n今天,甲\n明天,后天,乙\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"ragged\.csv line 3 has more fields than the header"):
        read_labels(path)


def test_csv_json_and_tsv_say_the_same_and_fields_may_be_of_any_length(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    for name, delimiter in (("a.csv", ","), ("a.tsv", "\t")):
        with (tmp_path / name).open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerows([("text", "label", "more"), *((*row, "") for row in ROWS)])
    records: list[dict[str, Any]] = [{"text": text, "label": label} for text, label in ROWS]
    records[-1]["label"] = 1
    (tmp_path / "a.json").write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    expected = [Labelled(text, label) for text, label in ROWS]
    for name in ("a.csv", "a.tsv", "a.json", "a.jsonl"):
        assert read_labels(tmp_path / name) == expected, name
    assert csv.field_size_limit() == limit


def test_columns_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sentence,topic\n今天下雨,天气\n", encoding="utf-8")
    assert read_labels(path, text_column="sentence", label_column="topic") == [Labelled("今天下雨", "天气")]
    with pytest.raises(CorpusError, match=r"line 2 has no 'text' \(there is: sentence, topic\)"):
        read_labels(path)


BAD: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.csv", b"", "is empty"),
    "header alone": ("a.csv", b"text,label\n", "has no labelled texts"),
    "not UTF-8": ("a.csv", b"text,label\n\xff\xff,\x80\n", "is not UTF-8"),
    "short row": ("a.csv", b"text,label\nab\n", "line 2 has no text or no label"),
    "no label": ("a.csv", b"text,label\nab,\n", "line 2 has no text or no label"),
    "no end of quote": ("a.csv", b'text,label\n"ab,c\n', "is not readable CSV"),
    "broken JSON": ("a.json", b"[{", "is not readable JSON"),
    "no list": ("a.json", b'{"text": "a"}', "record 1 has no 'label'"),
    "no object": ("a.json", b"[1]", "record 1 is not an object"),
    "no key": ("a.json", b'[{"text": "a"}]', "record 1 has no 'label'"),
    "no text": ("a.json", b'[{"text": ["a"], "label": "b"}]', "record 1 has no text or no label"),
    "half a character": ("a.json", b'[{"text": "\\ud800", "label": "b"}]', "holds half a character"),
}


@pytest.mark.parametrize(("name", "content", "told"), BAD.values(), ids=BAD)
def test_what_is_no_label_file_is_told_in_a_sentence(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=told) as caught:
        read_labels(tmp_path / name)
    assert "\n" not in str(caught.value)
    with pytest.raises(CorpusError, match="no labelled texts at"):
        read_labels(tmp_path / "none.csv")


BOTH = "text under 內容, label under 標籤"
READ = {
    "tabs, no header": (
        "a.txt",
        "今天下雨\t天气\n新书出版\t文化\n明天放晴\t天气\n",
        "no header; column 1 taken for text",
    ),
    "label first": (
        "a.csv",
        "天气,今天下雨\n文化,新书出版\n天气,明天放晴\n",
        "no header; column 2 taken for text",
    ),
    "semicolons": ("a.csv", "text;label\n今天下雨;天气\n新书出版;文化\n明天放晴;天气\n", "text under text"),
    "names in Chinese": (
        "a.csv",
        "標籤,內容\n天气,今天下雨\n文化,新书出版\n天气,明天放晴\n",
        "text under 內容, label under 標籤",
    ),
    "tabs in a csv": (
        "a.csv",
        "Text\tLabel\n今天下雨\t天气\n新书出版\t文化\n明天放晴\t天气\n",
        "text under Text",
    ),
    "fastText": (
        "a.txt",
        "__label__天气 今天下雨\n__label__文化 新书出版\n\n__label__天气 明天放晴\n",
        "__label__ before each label",
    ),
    "json lines as json": (
        "a.json",
        "\n".join(
            f'{{"content": "{text}", "category": "{label}"}}'
            for text, label in (("今天下雨", "天气"), ("新书出版", "文化"), ("明天放晴", "天气"))
        ),
        "text under content, label under category",
    ),
}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize(("name", "content", "how"), READ.values(), ids=READ)
def test_labels_as_people_have_them(tmp_path: Path, name: str, content: str, how: str, encoding: str) -> None:
    (tmp_path / name).write_bytes(content.encode(encoding))
    told: list[str] = []
    texts = read_labels(tmp_path / name, tell=told.append)
    assert [(text.text, text.label) for text in texts] == [
        ("今天下雨", "天气"),
        ("新书出版", "文化"),
        ("明天放晴", "天气"),
    ]
    assert len(told) == 1 and f"3 texts; {how}" in told[0]


# ---- choosing ----

MANY = [Labelled(f"{label}{k}", label) for label, n in (("甲", 9), ("乙", 5), ("丙", 3)) for k in range(n)]


def test_the_most_frequent_in_equal_measure_whatever_the_order() -> None:
    assert Counter(text.label for text in choose_texts(MANY)) == {"甲": 9, "乙": 5, "丙": 3}
    assert Counter(text.label for text in choose_texts(MANY, classes=2)) == {"甲": 9, "乙": 5}
    equal = choose_texts(MANY, classes=2, equal=True)
    assert Counter(text.label for text in equal) == {"甲": 5, "乙": 5}
    assert set(choose_texts(MANY[::-1], classes=2, equal=True)) == set(equal)


def test_a_label_seen_once_and_too_few_labels() -> None:
    once = [*MANY, Labelled("獨", "丁")]
    with pytest.raises(CorpusError, match=r"'丁' is seen once.*--set classify.classes=3"):
        choose_texts(once)
    assert len(choose_texts(once, classes=3)) == len(MANY)
    for texts, classes, told in ((MANY, 4, "4 are to be classified"), (MANY[:9], 0, "all texts have")):
        with pytest.raises(ConfigError, match=told):
            choose_texts(texts, classes=classes)


# ---- holding out ----

VERSE = st.lists(
    st.tuples(
        st.lists(st.sampled_from("春夏秋冬日月山水風花"), min_size=1, max_size=4), st.sampled_from("甲乙丙")
    ),
    min_size=6,
    max_size=40,
)


@given(VERSE)
def test_clusters_stay_whole_and_nothing_is_lost(rows: list[tuple[list[str], str]]) -> None:
    texts = [Labelled("，".join(line * 5 for line in lines), label) for lines, label in rows]
    try:
        parts = stratified_group_split(texts, "8:1:1")
    except CorpusError:
        return  # a label whose texts are all alike
    assert sorted(k for numbers in parts.values() for k in numbers) == list(range(len(texts)))
    part_of = {k: part for part, numbers in parts.items() for k in numbers}
    for k, root in enumerate(cluster_near_duplicates([as_poem(text) for text in texts])):
        assert part_of[k] == part_of[root]


def test_every_label_has_its_share_of_every_part(sentences: list[Labelled]) -> None:
    parts = stratified_group_split(sentences, "8:1:1")
    for part, share in zip(PARTS, (24, 3, 3), strict=True):
        assert Counter(sentences[k].label for k in parts[part]) == dict.fromkeys(
            ("天气", "足球", "厨房"), share
        )
    few = [text for text in sentences if text.text[-4] == "第"][:9]
    assert all(
        len({few[k].label for k in numbers}) == 3
        for numbers in stratified_group_split(few, "96:2:2").values()
    )


def test_one_poem_under_one_label_cannot_be_held_out() -> None:
    alike = [Labelled("春眠不覺曉，處處聞啼鳥。", "孟浩然")] * 5
    others = [Labelled(f"{char * 5}，{char * 6}。", "王維") for char in "日月山水風花"]
    with pytest.raises(CorpusError, match="'孟浩然' are near duplicates"):
        stratified_group_split([*alike, *others], "8:1:1")
