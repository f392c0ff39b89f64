"""Written poems beside real ones, on a model with random weights."""

import pytest

from poetgen.errors import ConfigError, CorpusError
from poetgen.poem.form import FORMS
from poetgen.poem.poem import Poem
from poetgen.writing.writer import Writer
from poetgen.yardstick.figures import FIGURES
from poetgen.yardstick.written import TOGETHER, draw_real, measure_written, without_doubles

FREE = {"tones": "off", "rhyme": "off", "best_of": 2}


@pytest.fixture(scope="module")
def writer(prepared, make_checkpoint):
    return Writer(make_checkpoint(prepared.vocabulary))


def measure(writer, prepared, **asked):
    return measure_written(writer, prepared, **{"count": 3, "prompts": "山水", "settings": FREE} | asked)


def test_so_many_poems_of_each_form_are_written_and_measured(writer, prepared):
    told = []
    report = measure(writer, prepared, on_progress=lambda *done: told.append(done))
    assert list(report.pairs) == [*FORMS, TOGETHER]
    assert [pair.written["poems"] for pair in report.pairs.values()] == [3, 3, 3, 3, 12]
    assert [pair.real["poems"] for pair in report.pairs.values()] == [2, 2, 2, 2, 8]  # all there are
    assert report.pairs[TOGETHER].written["form"] == 1
    assert told == [(k, 12) for k in range(1, 13)]
    for pair in report.to_dict()["pairs"].values():
        assert set(pair["written"]) == set(pair["real"]) == {figure.name for figure in FIGURES}


def test_the_same_seed_gives_the_same_report(writer, prepared):
    assert measure(writer, prepared, seed=5) == measure(writer, prepared, seed=5)
    assert measure(writer, prepared, seed=5) != measure(writer, prepared, seed=6)


def test_real_poems_have_the_form_and_none_comes_twice(prepared, poems):
    found = draw_real(prepared, "train", "七律", 100, seed=1)
    assert {poem.shape for poem in found} == {(7, 8)}
    assert len({poem.lines for poem in found}) == len(found) == sum(p.shape == (7, 8) for p in poems[:44])
    twin = Poem("", "", (*poems[0].lines[:3], poems[4].lines[3]), poems[0].marks)
    assert list(without_doubles([poems[0], twin, poems[1]])) == [poems[0], poems[1]]


def test_what_cannot_be_is_refused(writer, prepared):
    with pytest.raises(ConfigError, match="form cannot be set here"):
        measure(writer, prepared, settings={"form": "七律"})
    with pytest.raises(CorpusError, match="no 五絕 among its fragments poems"):
        measure(writer, prepared, split="fragments")
