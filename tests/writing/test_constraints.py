"""Poems written by rules, from prompt to print, on a model with random weights whose characters can rhyme."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poetgen.corpus.line_index import LineIndex
from poetgen.corpus.vocabulary import SPECIALS, Vocabulary
from poetgen.errors import ConfigError, PromptError
from poetgen.poem.form import Form, form_of, parse_form
from poetgen.poem.poem import MARKS
from poetgen.script.opencc import to_simplified
from poetgen.verse.check import check_poem
from poetgen.verse.rhyme_books import LEVEL, OBLIQUE
from poetgen.verse.rhymes import RhymeTable
from poetgen.verse.tonal_rules import ToneOptions, judge_tones
from poetgen.writing.ranking import count_copied, count_forced, count_repeats, score
from poetgen.writing.writer import MOST_TOGETHER, Writer

HANZI = (
    "東風中空紅同翁陽光霜鄉長香望王床真人春新塵身神先天年前煙邊眠田支時詩知思爲枝遲雲後里深心陰"
    "月髮發闕歇越沒白日落水雪上照夜雨草木地下入客一萬里去不盡目色路看過重獨處鳥葉夏冬冷立秋"
)
KNOWN = dict.fromkeys(HANZI)
VOCABULARY = Vocabulary((*SPECIALS, *MARKS, *KNOWN), [9] * (len(KNOWN) + 7), 1)


@pytest.fixture(scope="module", params=["keep", "drop"])
def writer(make_checkpoint, request):
    """A writer whose model writes marks, and one whose model does not."""
    return Writer(make_checkpoint(VOCABULARY, spread=0.5, corpus={"punctuation": request.param}))


asked = st.fixed_dictionaries(
    {},
    optional={
        "form": st.sampled_from(["五絕", "七绝", "wulü", "七律", "五言排律5", "5x6", "7x5", "free"]),
        "rhyme": st.sampled_from(["auto", "off", "東", "阳", "月"]),
        "tones": st.sampled_from(["strict", "relaxed", "off"]),
        "first_line_rhymes": st.booleans(),
        "acrostic": st.sampled_from(["春夏秋冬", "春", "云中白日", "看"]),
        "no_repeat": st.booleans(),
        "best_of": st.integers(1, 3),
    },
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    asked=asked,
    prompt=st.none() | st.text(st.sampled_from("月白看中云后人长"), min_size=1, max_size=6),
    seed=st.integers(0, 99),
    temperature=st.floats(0, 9),
)
def test_what_is_asked_for_is_kept_or_refused(writer, asked, prompt, seed, temperature):
    try:
        poem = next(writer.write(prompt, seed=seed, temperature=temperature, script="traditional", **asked))
    except PromptError as error:
        assert str(error).count("\n") == 0
        assert asked or prompt
        return
    report = check_poem(poem.lines, strict=asked.get("tones") == "strict")
    hanzi = "".join(poem.lines)
    assert poem.text == "".join(line + mark for line, mark in zip(poem.lines, poem.marks, strict=True))
    if "form" in asked and asked["form"] != "free":
        assert form_of(poem.lines) == parse_form(asked["form"])
        assert poem.marks.replace("？", "。") == ("，。" * 9)[: len(poem.marks) - 1] + "。"
    if asked.get("rhyme", "off") != "off":
        assert report.rhymes_hold
        assert poem.rhyme_group
    if asked.get("tones", "off") != "off":
        assert report.tones_hold
        assert poem.template
    if "acrostic" in asked:
        heads = to_simplified("".join(line[0] for line in poem.lines))
        assert heads.startswith(to_simplified(asked["acrostic"]))
    if asked.get("no_repeat"):
        assert len(set(hanzi)) == len(hanzi)
    if prompt:
        assert to_simplified(hanzi).startswith(to_simplified(prompt))
    if not asked and not poem.notes and prompt is None:
        assert report.holds


def test_usual_poems_keep_the_rules_of_a_form(writer):
    table = RhymeTable.load()
    poems = list(writer.write(seed=5, count=30))
    assert {poem.form for poem in poems} <= {"五絕", "七絕", "五律", "七律"}
    assert len({poem.form for poem in poems}) > 1
    for poem in poems:
        report = check_poem(poem.lines)
        assert report.holds
        assert (report.template, report.rhyme_group) == (poem.template, poem.rhyme_group)
        for line, tones in zip(poem.lines, poem.tones, strict=True):
            may_be = [*map(table.tones, line[:-1]), {reading.tone for reading in table.readings(line[-1])}]
            assert all(tone in known for tone, known in zip(tones, may_be, strict=True))


def test_a_ranked_poem_does_not_depend_on_how_many_are_asked_for(writer):
    settings = {"seed": 3, "form": "五絕", "best_of": 3}
    many = list(writer.write("月", count=MOST_TOGETHER, **settings))
    assert many[:1] == list(writer.write("月", **settings))
    assert many[:4] == list(writer.write("月", count=4, **settings))


def test_the_best_of_several_is_the_one_that_scores_highest(writer):
    begun = next(writer.write("月上", seed=4, form="五絕")).lines
    begins = "".join(begun[:2]) + begun[2][0]  # of an opening that is drawn, its probability does not count
    best = next(writer.write(begins, seed=4, best_of=9, form="五絕"))
    few = [next(writer.write(begins, seed=4, best_of=n, form="五絕")) for n in range(2, 10)]
    scores = [poem.rank.score for poem in few]
    assert scores == sorted(scores)
    assert few[-1] == best
    assert best.rank.best_of == 9
    assert best.rank.score == pytest.approx(
        score(best.lines, best.log_probability, known=None, given=11), rel=1e-5
    )
    assert next(writer.write(begins, seed=4, form="五絕", best_of=1)).rank is None


def test_options_give_way_only_where_nothing_was_asked(writer):
    irregular = "人人人人"
    poem = next(writer.write(irregular, seed=1))
    assert poem.template
    assert poem.rhyme_group
    assert "that line keeps its tones, the others follow the template" in poem.notes[0]
    with pytest.raises(PromptError, match="--tones off would allow it"):
        writer.write(irregular, tones="relaxed")


@pytest.mark.parametrize(
    ("family", "forms"), [("绝句", {"五絕", "七絕"}), ("律詩", {"五律", "七律"}), ("五言", {"五絕", "五律"})]
)
def test_a_family_of_forms_is_drawn_from(tang, family, forms):
    assert {poem.form for poem in tang.write("月", form=family, count=12, seed=0, best_of=1)} == forms
    with pytest.raises(PromptError, match="no usual form begins as the prompt does"):
        tang.write("月月月，", form=family)


@pytest.mark.parametrize("form", ["五絕", "七絕", "五律", "七律"])
@pytest.mark.parametrize("prompt", ["人人人人", "不人人人", "清泉石泉", "月不不不"])
def test_a_wrong_tone_frees_its_line_alone(tang, prompt, form):
    for poem in tang.write(prompt, form=form, seed=5, best_of=1, count=3):
        # as the poem was written, not as the judge reads a poem that is broken anyway, by its senses
        ends = ["", *((LEVEL if k % 2 else OBLIQUE) for k in range(1, len(poem.tones)))]
        judged = judge_tones(ToneOptions([tuple(line) for line in poem.tones], ends))
        broken = {finding.line for finding in judged.findings if finding.name == "不合律"}
        assert broken <= {1}


def test_of_several_lines_as_few_as_can_be_are_freed(tang):
    poem = next(tang.write("光光光光光，疑是水中月。床前明月光", form="五律", seed=1, best_of=1))
    wrong = {finding.line for finding in check_poem(poem.corpus_lines).broken if finding.name == "不合律"}
    assert wrong <= {1, 2}
    assert poem.text.startswith("光光光光光，疑是水中月。床前明月光")


def test_a_prompt_that_asks_for_oblique_rhymes_gives_up_the_template(tang):
    poem = next(tang.write("空山不見人，但聞人語響。", seed=1, best_of=1))
    assert poem.template is None
    assert poem.rhyme_group == "養"
    assert "響 at place 5 of line 2 rhymes in 養" in poem.notes[0]
    assert poem.notes[0].endswith("written with --tones off")


def test_a_note_names_the_character_as_it_was_typed(tang):
    (note,) = next(tang.write("红红红红", form="七绝", seed=1, best_of=1)).notes
    assert note.startswith("红 at place 4 of line 1 is 平")


def test_a_prompt_of_no_form_is_written_freely(make_checkpoint):
    writer = Writer(make_checkpoint(VOCABULARY, spread=0.5))
    poem = next(writer.write("人人人人，月", seed=1))
    assert {len(line) for line in poem.lines} == {4}
    assert "without form" in poem.notes[0]
    with pytest.raises(PromptError, match="no usual form begins as the prompt"):
        writer.write("人人人人，月", rhyme="東")


def test_free_is_as_it_was(writer):
    by_name = [poem.text for poem in writer.write("月", form="free", seed=2, count=3)]
    assert by_name == [poem.text for poem in writer.write("月", tones="off", rhyme="off", seed=2, count=3)]
    assert next(writer.write("月", form="free", seed=2)).tones is None
    with pytest.raises(PromptError, match="--acrostic asks for one"):
        writer.write(form="free", acrostic="春")


def test_simplified_poems_keep_heads_and_prompt_as_typed(writer):
    poem = next(writer.write(acrostic="云里发后", seed=1))
    assert poem.script == "simplified"
    assert [line[0] for line in poem.lines] == list("云里发后")
    assert to_simplified(poem.text) == poem.text


def test_more_heads_make_longer_poems(writer):
    lengths = {n: len(next(writer.write(acrostic="春" * n, seed=1)).lines) for n in (1, 4, 5, 8, 9, 11)}
    assert lengths == {1: 4, 4: 4, 5: 8, 8: 8, 9: 10, 11: 12}


def test_max_length_chooses_among_forms(writer):
    assert {poem.form for poem in writer.write(seed=1, count=9, max_length=20)} == {"五絕"}
    assert next(writer.write(seed=1, form="七律")).form == "七律"
    assert len("".join(next(writer.write(seed=1, form="五言排律13", tones="off", rhyme="off")).lines)) == 130
    with pytest.raises(PromptError, match="56 hanzi and --max-length allows 40"):
        writer.write(form="七律", max_length=40)


def test_a_model_of_one_form_writes_that(make_checkpoint):
    writer = Writer(make_checkpoint(VOCABULARY, spread=0.5, corpus={"form": "七絕"}))
    assert {poem.form for poem in writer.write(seed=1, count=5)} == {"七絕"}


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"form": "五決"}, PromptError, "unknown form"),
        ({"rhyme": "囧"}, PromptError, "unknown rhyme group"),
        ({"rhyme": "咸"}, PromptError, "0 characters that rhyme in 咸"),
        ({"tones": "loose"}, PromptError, "loose"),
        ({"acrostic": "，"}, PromptError, "acrostic is empty"),
        ({"acrostic": "春夏秋冬春", "form": "五絕"}, PromptError, "5 characters and 五絕 4 lines"),
        ({"form": "5x6", "tones": "strict"}, PromptError, "no rules of tone"),
        ({"best_of": 0}, ConfigError, "best-of"),
        ({"best_of": 10**9}, ConfigError, "best-of"),
    ],
)
def test_bad_input_is_answered_in_a_sentence(writer, asked, error, said):
    with pytest.raises(error, match=said):
        writer.write("月", **asked)


def test_repeats_are_counted_as_readers_see_them():
    assert count_repeats(["明月明月", "春風"]) == 2
    assert count_repeats(["悠悠春風", "雨雨"]) == 0
    assert count_repeats(["悠悠春風", "悠"]) == 1


@pytest.mark.parametrize(
    ("line", "tones", "found"),
    [
        ("來去白雲間", "平仄仄平仄", 1),  # 間 as 仄 ends a line
        ("來去白雲間", "平仄仄平平", 0),
        ("間來去白雲", "仄平仄仄平", 0),  # the first place is free
        ("山路一重重", "平仄仄平仄", 1),  # one word in two tones
        ("山路一重重", "平仄仄平平", 0),
    ],
)
def test_a_character_forced_into_a_tone_it_hardly_has_is_counted(line, tones, found):
    other = ("驚飛向此行", "平平仄仄平")
    assert count_forced([line, other[0]], [tones, other[1]]) == found
    assert count_forced([line, other[0]], [tones, other[1]], given=5) == 0
    assert count_forced([other[0], line], [other[1], tones]) <= found  # a rhyme has readings of its own
    lines = [line, other[0]]
    free, judged = (score(lines, -50.0, known=None, tones=t) for t in (None, [tones, other[1]]))
    assert (judged < free) == bool(found)


def test_copied_lines_cost_but_not_the_prompts():
    known = LineIndex.of(["白日依山盡，黃河入海流。"])
    lines = ["白日依山盡", "黃河入海流", "欲窮千里目"]
    assert count_copied(lines, known) == 10
    assert count_copied(lines, known, given=5) == 5
    assert count_copied(lines, known, given=3) == 10
    assert count_copied(lines, None) == 0
    assert score(lines, -50.0, known=known) < score(lines, -50.0, known=None)
    assert score(["白白依山白"], -50.0, known=None) < score(["白日依山盡"], -50.0, known=None)


def test_forms_are_drawn_as_the_model_has_them(make_checkpoint):
    """A model that ends every line at five hanzi never writes seven in one, and the other way round."""
    for bias, length in ((50.0, 5), (-50.0, 7)):
        checkpoint = make_checkpoint(VOCABULARY, spread=0.1)
        checkpoint.weights["output.bias"][VOCABULARY.encode("，")] = bias
        poems = list(Writer(checkpoint).write(seed=1, count=12))
        assert {len(poem.lines[0]) for poem in poems} == {length}
        assert {len(poem.lines) for poem in poems} == {4, 8}


def test_feet_are_as_the_table_has_them(writer):
    table = RhymeTable.load()
    for poem in writer.write(seed=6, count=8, rhyme="陽", form="五絕", no_repeat=True):
        assert all("陽" in table.groups(line[-1]) for line in poem.lines[1::2])
        assert form_of(poem.lines) == Form(5, 4)
        assert np.isfinite(poem.log_probability)


def test_a_prompt_longer_than_all_usual_forms_is_written_freely(writer):
    prompt = "白日春風人" * 12
    poem = next(writer.write(prompt, seed=1))
    assert "".join(poem.lines).startswith(prompt)
    assert "without form" in poem.notes[0]
