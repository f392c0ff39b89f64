"""Poems of another collection: what joins training, and what never does."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.config import Config
from poetgen.corpus.added import drop_held_out
from poetgen.corpus.dataset import SPLITS, Dataset
from poetgen.corpus.prepare import PrepareReport, prepare_corpus
from poetgen.errors import CorpusError
from poetgen.poem.poem import Poem


def poem_of(*lines: str) -> Poem:
    return Poem("", "", lines, "，。" * (len(lines) // 2))


HELD_OUT = [poem_of("白日依山盡", "黃河入海流"), poem_of("明月松間", "清泉石上", "竹喧歸浣", "蓮動漁舟")]


@pytest.mark.parametrize(
    ("added", "stays"),
    [
        (poem_of("白日依山盡", "一二三四五"), False),
        (poem_of("白日依山", "黃河入海"), True),  # a line counts as a whole
        (poem_of("明月松間", "一二三四", "五六七八", "九十百千"), True),  # one short line comes by chance
        (poem_of("明月松間", "清泉石上", "竹喧歸浣", "九十百千"), False),
        (poem_of("九十百千", "五六七八"), True),
    ],
)
def test_a_poem_that_tells_of_a_held_out_one_is_left_out(added: Poem, stays: bool) -> None:
    assert drop_held_out([added], HELD_OUT) == ([added] if stays else [])


@given(
    st.lists(
        st.lists(st.sampled_from(["山川異域風", "日月同天寄", "諸佛子", "結來緣"]), min_size=1), max_size=6
    )
)
def test_no_line_of_five_hanzi_is_seen_on_both_sides(lines: list[list[str]]) -> None:
    poems = [poem_of(*own) for own in lines]
    held_out = poems[:2]
    kept = drop_held_out(poems[2:], held_out)
    seen = {line for poem in held_out for line in poem.lines if len(line) >= 5}
    assert not any(line in seen for poem in kept for line in poem.lines)


@pytest.fixture
def both(tmp_path: Path, poems: list[Poem]) -> Path:
    """Forty poems of Tang, and of Song twenty, another time one that is in Tang, and one with a rare character."""
    folder = tmp_path / "both"
    folder.mkdir()
    rare = Poem("", "", ("日月山川" + "龘" * 6,) * 4, "，。，。", "rare")
    song = [*poems[40:], rare, *poems[:40]]
    for name, part in (("tang", poems[:40]), ("song", song)):
        records = [
            {"author": p.author, "title": p.title, "id": f"{name}-{p.id}", "paragraphs": [p.text]}
            for p in part
        ]
        (folder / f"poet.{name}.0.json").write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    return folder


def prepare(source: Path, out: Path, **settings: object) -> tuple[PrepareReport, Dataset]:
    config = Config().replace({f"corpus.{key}": value for key, value in settings.items()}).corpus
    return prepare_corpus(source, out, config), Dataset.open(out)


def test_held_out_poems_are_those_of_before_and_their_twins_are_dropped(both: Path, tmp_path: Path) -> None:
    _, alone = prepare(both, tmp_path / "alone", split="8:1:1", min_count=1)
    report, dataset = prepare(both, tmp_path / "joined", split="8:1:1", min_count=1, also="song")
    for name in ("validation", "test"):
        assert texts(dataset, name) == texts(alone, name)
    held_out = len(dataset.split("validation")) + len(dataset.split("test"))
    assert held_out > 0
    assert report.added is not None
    assert report.added["shared with held-out poems"] == held_out
    assert report.added["kept"] == 61 - held_out
    assert len(dataset.split("train")) == len(alone.split("train")) + 61 - held_out
    assert not set(texts(dataset, "train")) & {p for n in ("validation", "test") for p in texts(dataset, n)}


def texts(dataset: Dataset, name: str) -> list[str]:
    poems = dataset.split(name)
    return [dataset.vocabulary.decode(poems[k].tolist()) for k in range(len(poems))]


def test_a_character_that_only_added_poems_have_is_known_from_so_many_on(both: Path, tmp_path: Path) -> None:
    for needed, known in ((24, True), (25, False)):  # four lines of six
        _, dataset = prepare(both, tmp_path / str(needed), min_count=1, also="song", also_min_count=needed)
        assert ("龘" in dataset.vocabulary) == known


def test_conditions_are_stored_for_every_split(both: Path, tmp_path: Path) -> None:
    _, dataset = prepare(both, tmp_path / "out", also="song")
    for name in SPLITS:
        poems = dataset.split(name)
        assert poems.conditions is not None and len(poems.conditions.forms) == len(poems)
    assert (tmp_path / "out" / "conditions.json").exists()


def test_a_source_without_the_collection_says_how_to_get_it(tmp_path: Path, poems: list[Poem]) -> None:
    source = tmp_path / "mine.txt"
    source.write_text("\n".join(poem.text for poem in poems), encoding="utf-8")
    with pytest.raises(CorpusError, match="fetch --collection all"):
        prepare(source, tmp_path / "out", also="song")


def test_volumes_that_are_read_already_are_not_added_too(both: Path, tmp_path: Path) -> None:
    for volume in both.rglob("poet.tang.*.json"):
        volume.unlink()
    read: list[object] = []
    config = Config().replace({"corpus.also": "song"}).corpus
    with pytest.raises(CorpusError, match=r"volumes of song alone.* poetgen fetch --collection tang"):
        prepare_corpus(both, tmp_path / "out", config, on_read=read.append)
    assert not read
    _, dataset = prepare(both, tmp_path / "out")
    assert len(dataset.split("train"))


def test_a_known_vocabulary_is_taken_over(both: Path, tmp_path: Path) -> None:
    _, first = prepare(both, tmp_path / "first", also="song", min_count=1)
    assert first.conditions is not None
    config = Config().replace({"corpus.min_count": 30}).corpus
    prepare_corpus(both, tmp_path / "second", config, known=(first.vocabulary, first.conditions))
    second = Dataset.open(tmp_path / "second")
    assert second.vocabulary == first.vocabulary and second.conditions == first.conditions
