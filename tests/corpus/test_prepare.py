import hashlib
import json

import numpy as np
import pytest

from poetgen.config import Config, CorpusConfig
from poetgen.corpus.dataset import SPLITS, Dataset
from poetgen.corpus.prepare import prepare_corpus
from poetgen.errors import CorpusError
from poetgen.poem.form import FORMS, Form, parse_forms
from poetgen.poem.poem import MARKS


@pytest.fixture(scope="module")
def source(tmp_path_factory, poems):
    """Sixty poems, one of them twice, a fragment, a lacuna and a note."""
    folder = tmp_path_factory.mktemp("source")
    records = [
        {"author": p.author, "title": p.title, "id": p.id, "paragraphs": [p.text]} for p in (*poems, poems[3])
    ]
    records[-1]["id"] = "twin"
    records += [
        {"paragraphs": ["日月山川，風花雪雲。"], "id": "fragment"},
        {"paragraphs": ["日月□川，風花雪雲。" * 3], "id": "lacuna"},
        {"paragraphs": ["江水明清（一作靜），春秋白青。" * 3], "id": "note"},
    ]
    (folder / "poems.json").write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    return folder


def prepare(source, out, **settings):
    config = Config().replace({f"corpus.{key}": value for key, value in settings.items()}).corpus
    report = prepare_corpus(source, out, config)
    return report, Dataset.open(out)


def texts(folder, split):
    encoded = folder.split(split)
    return [folder.vocabulary.decode(encoded[k].tolist()) for k in range(len(encoded))]


def bytes_of(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_every_usable_poem_is_in_exactly_one_split_as_it_was(source, tmp_path):
    report, folder = prepare(source, tmp_path / "out", min_count=1, split="8:1:1")
    found = [text.removesuffix("<end>") for name in SPLITS for text in texts(folder, name)]
    # validation and test may hold characters that train lacks
    assert len(found) == 63
    assert report.selection == {
        "form": 0,
        "min_length": 0,
        "max_length": 0,
        "limit": 0,
        "cropped": 0,
        "fragments": 1,
        "kept": 62,
    }
    assert texts(folder, "fragments") == ["日月山川，風花雪雲。<end>"]
    assert {name: size["poems"] for name, size in report.splits.items()} == {
        name: len(folder.split(name)) for name in SPLITS
    }
    assert sum(size["tokens"] for size in report.splits.values()) == sum(len(text) for text in found) + len(
        found
    ) - 8 * sum(text.count("<unknown>") for text in found)


def test_same_input_same_bytes_and_no_trace_of_where(source, tmp_path):
    prepare(source, tmp_path / "one")
    prepare(source, tmp_path / "elsewhere" / "two")
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "elsewhere" / "two")
    assert not any(str(tmp_path).encode() in path.read_bytes() for path in (tmp_path / "one").iterdir())


def test_twins_are_never_parted(source, tmp_path):
    _, folder = prepare(source, tmp_path / "out", split="8:1:1")
    homes = [
        name
        for name in SPLITS
        for line in (folder.path / f"{name}.poems.jsonl").read_text(encoding="utf-8").splitlines()
        if json.loads(line)["id"] in ("twin", "poem-003")
    ]
    assert len(homes) == 2 and len(set(homes)) == 1


def test_the_vocabulary_is_train_s_alone(source, tmp_path):
    _, folder = prepare(source, tmp_path / "out", min_count=1, split="8:1:1")
    seen = "".join(texts(folder, "train")).replace("<end>", "")
    assert set(folder.vocabulary.tokens[7:]) == set(seen) - set(MARKS)


@pytest.mark.parametrize(
    ("settings", "law"),
    [
        ({"form": "五絕"}, lambda p: [len(line) for line in p] == [5] * 4),
        ({"form": "七律"}, lambda p: [len(line) for line in p] == [7] * 8),
        ({"form": "5x8"}, lambda p: [len(line) for line in p] == [5] * 8),
        ({"min_length": 29}, lambda p: sum(map(len, p)) >= 29),
        ({"max_length": 39}, lambda p: sum(map(len, p)) <= 39),
    ],
)
def test_selection_drops_and_never_cuts(source, tmp_path, settings, law):
    _, folder = prepare(source, tmp_path / "out", min_count=1, **settings)
    everything = {poem for name in SPLITS for poem in bodies(prepare(source, tmp_path / "all")[1], name)}
    chosen = [poem for name in SPLITS for poem in bodies(folder, name)]
    assert chosen and all(poem in everything for poem in chosen)
    assert all(law(poem.replace("。", "，").rstrip("，").split("，")) for poem in chosen)


def bodies(folder, split):
    lines = (folder.path / f"{split}.poems.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def test_limit_takes_the_first_poems(source, tmp_path, poems):
    _, folder = prepare(source, tmp_path / "out", limit=10)
    assert sorted(p for name in SPLITS for p in bodies(folder, name)) == sorted(p.text for p in poems[:10])


def test_dropped_marks_are_no_tokens(source, tmp_path):
    _, folder = prepare(source, tmp_path / "out", punctuation="drop")
    assert not any(mark in text for name in SPLITS for mark in MARKS for text in texts(folder, name))
    size = folder.manifest["splits"]["train"]
    assert size["tokens"] == size["hanzi"] + size["poems"] == len(folder.split("train").ids)


def test_ids_are_small_integers_that_can_be_memory_mapped(source, tmp_path):
    _, folder = prepare(source, tmp_path / "out")
    train = folder.split("train")
    assert train.ids.dtype == np.uint16 and isinstance(train.ids, np.memmap)


def test_a_hand_count_of_five_poems(tmp_path):
    path = tmp_path / "five.txt"
    path.write_text(
        "日月山川花，風花雪雲月。江水明清白，春秋白青明。\n"  # 20 hanzi, 4 marks
        "日月山川花，風花雪雲月。江水明清白，春秋白青明？\n"
        "高遠古今人心客，夢酒詩琴鶴松竹。梅蘭天地東西南，北來去歸行坐看。\n"  # 28 hanzi
        "日月。\n"  # a fragment: 2 hanzi
        "□□。\n",  # a lacuna
        encoding="utf-8",
    )
    report, _ = prepare(path, tmp_path / "out", min_count=1)
    assert report.cleaning.records == 5 and report.cleaning.kept == 4
    whole = [size for name, size in report.splits.items() if name != "fragments"]
    assert sum(size["hanzi"] for size in whole) == 20 + 20 + 28
    assert sum(size["tokens"] for size in whole) == 25 + 25 + 33
    assert report.splits["fragments"]["tokens"] == 4


def test_an_old_prepared_folder_survives_a_failure(source, tmp_path, monkeypatch):
    prepare(source, tmp_path / "out")
    before = bytes_of(tmp_path / "out")

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(CorpusError, match="No space left on device"):
        prepare_corpus(source, tmp_path / "out", CorpusConfig(limit=20))
    assert bytes_of(tmp_path / "out") == before


def test_a_new_one_takes_the_place_of_the_old(source, tmp_path):
    prepare(source, tmp_path / "out")
    _, folder = prepare(source, tmp_path / "out", limit=20)
    assert sum(len(folder.split(name)) for name in SPLITS) == 20
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["五絕", "五绝", "五言絕句", "wǔjué", "5x4"])
def test_every_name_of_a_form_selects_the_same_poems(source, tmp_path, name):
    report, _ = prepare(source, tmp_path / "out", form=name)
    assert report.forms == {"五絕": report.selection["kept"]}
    settings = json.loads((tmp_path / "out" / "prepared.json").read_text(encoding="utf-8"))["settings"]
    assert settings["form"] == "五絕"


@pytest.mark.parametrize(
    ("name", "kept"), [("jueju", "絕句"), ("律诗", "律詩"), ("五言", "五言"), ("qiyan", "七言")]
)
def test_a_family_of_forms_selects_those_of_each(source, tmp_path, name, kept):
    report, folder = prepare(source, tmp_path / "out", form=name)
    assert report.forms and {Form(*FORMS[form]) for form in report.forms} <= set(parse_forms(kept))
    assert folder.settings()["corpus.form"] == kept


def test_a_form_cuts_verse_without_marks_as_check_cuts_it(tmp_path):
    hanzi = [chr(0x4E00 + k) for k in range(240)]
    text = "\n\n".join("".join(hanzi[k : k + 60]) for k in range(0, 240, 60))
    (tmp_path / "long.txt").write_text(text, encoding="utf-8")
    config = CorpusConfig(form="五言排律六韻", min_count=1)
    report = prepare_corpus(tmp_path / "long.txt", tmp_path / "out", config)
    assert report.forms == {"5x12": 4}


@pytest.mark.parametrize("settings", [{"min_length": 1000}, {"form": "6x6"}, {"limit": 1}])
def test_a_selection_that_leaves_nothing_to_split_is_refused(source, tmp_path, settings):
    with pytest.raises(CorpusError, match=r"left of .* after cleaning and selection"):
        prepare(source, tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


def test_a_corpus_of_one_poem_s_variants_cannot_be_validated_on(tmp_path):
    path = tmp_path / "one.txt"
    path.write_text("日月山川花，風花雪雲月。江水明清白，春秋白青明。\n" * 3, encoding="utf-8")
    with pytest.raises(CorpusError, match="near duplicates of one another"):
        prepare(path, tmp_path / "out")


def test_a_folder_of_the_user_s_own_is_never_replaced(source, tmp_path):
    (tmp_path / "thesis.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(CorpusError, match="holds other files"):
        prepare(source, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_fetched_corpus_is_named_by_url_and_commit(tmp_path, poems):
    def write(name, value):
        (tmp_path / "corpus" / name).write_text(json.dumps(value), encoding="utf-8")

    (tmp_path / "corpus").mkdir()
    write("poet.tang.0.json", [{"paragraphs": [poem.text]} for poem in poems])
    assert prepare(tmp_path / "corpus", tmp_path / "out")[1].manifest["corpus"].keys() == {
        "source",
        "sha256",
        "selection",
    }
    write("fetched.json", {"url": "file:///here", "commit": "abc", "revision": None, "files": {}})
    found = prepare(tmp_path / "corpus", tmp_path / "out")[1].manifest["corpus"]
    assert (found["url"], found["commit"]) == ("file:///here", "abc")
    assert found["selection"] == "全唐詩, core volumes"
    # a manifest that cannot be read names nothing, and hinders nothing
    (tmp_path / "corpus" / "fetched.json").write_text("{", encoding="utf-8")
    assert "commit" not in prepare(tmp_path / "corpus", tmp_path / "out")[1].manifest["corpus"]


@pytest.mark.parametrize("count", [2, 5, 50])
def test_the_smallest_corpora_can_be_trained_and_validated_on(tmp_path, poems, count):
    path = tmp_path / "few.txt"
    path.write_text("\n".join(poem.text for poem in poems[:count]), encoding="utf-8")
    _, folder = prepare(path, tmp_path / "out")
    assert len(folder.split("train")) >= 1 <= len(folder.split("validation"))
