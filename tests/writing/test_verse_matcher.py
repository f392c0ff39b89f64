"""The masks held to the judge, which knows nothing of them: what they lead to keeps every rule asked for, and
what keeps every rule they let through."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from poetgen.corpus.vocabulary import SPECIALS, Vocabulary
from poetgen.errors import PromptError
from poetgen.poem.form import Form, form_of, parse_form
from poetgen.poem.places import GivenTexts
from poetgen.poem.poem import MARKS
from poetgen.verse.check import check_poem
from poetgen.verse.prosody import EITHER, GROUP_BITS, LEVEL_GROUPS, TokenProsody, places
from poetgen.verse.rhyme_books import GROUPS
from poetgen.verse.rhymes import RhymeTable
from poetgen.writing.beginning import begin
from poetgen.writing.constraints import Constraints
from poetgen.writing.verse_matcher import VerseGrammar, VerseMatcher

# Five level rhymes and an oblique one, characters of two tones (看 過 望 中 思 爲 長), and 囧, which no table has.
LEVELS = "東風中空紅同翁陽光霜鄉長香望王床真人春新塵身神先天年前煙邊眠田支時詩知思爲枝遲"
OBLIQUES = "月髮發闕歇越沒白日落水雪上照夜雨草木地下入客一萬里去不盡目色路看過重獨獻處鳥葉"
UNKNOWN = "囧"
VOCABULARY = Vocabulary(
    (*SPECIALS, *MARKS, *dict.fromkeys(LEVELS + OBLIQUES), UNKNOWN),
    [9] * (len(dict.fromkeys(LEVELS + OBLIQUES)) + 1 + len(SPECIALS + tuple(MARKS))),
    1,
)
PROSODY = TokenProsody(VOCABULARY)
FORMS = [
    parse_form(name) for name in ("五絕", "七絕", "五律", "七律", "五言排律5", "5x6", "4x4", "7x5", "6x2")
]
CLASSICS = [
    "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。",
    "朝辭白帝彩雲間，千里江陵一日還。兩岸猿聲啼不住，輕舟已過萬重山。",
    "國破山河在，城春草木深。感時花濺淚，恨別鳥驚心。烽火連三月，家書抵萬金。白頭搔更短，渾欲不勝簪。",
    "紅豆生南國，春來發幾枝。願君多采擷，此物最相思。",
    "空山新雨後，天氣晚來秋。明月松間照，清泉石上流。竹喧歸浣女，蓮動下漁舟。隨意春芳歇，王孫自可留。",
    "寒雨連江夜入吳，平明送客楚山孤。洛陽親友如相問，一片冰心在玉壺。",
]


def made(form, tones="off", rhyme="off", *, prosody=PROSODY, keeps_marks=True, **settings):
    """The grammar of a form and what is asked of it."""
    texts = {name: settings.pop(name) for name in GivenTexts._fields if name in settings}
    constraints = Constraints(form, tones, rhyme, given=GivenTexts(**texts), **settings)
    return VerseGrammar(form, constraints, prosody, keeps_marks=keeps_marks)


def written(matcher, rng):
    """Fill a poem up, choosing blindly among what is allowed; its lines without marks."""
    vocabulary = matcher.grammar.prosody.vocabulary
    while True:
        allowed = np.flatnonzero(matcher.allowed())
        assert len(allowed), "a dead end"
        number = int(rng.choice(allowed))
        if number == vocabulary.end:
            break
        matcher.accept(number)
        assert matcher.can_complete
    hanzi, length = vocabulary.decode(matcher.ids), matcher.grammar.form.line_length
    return [hanzi[k : k + length] for k in range(0, len(hanzi), length)]


rules = st.builds(
    dict,
    form=st.sampled_from(FORMS),
    tones=st.sampled_from(["strict", "relaxed", "off"]),
    rhyme=st.sampled_from(["auto", "東", "陽", "月", "咸", "off"]),
    first_line_rhymes=st.sampled_from([None, True, False]),
    acrostic=st.text(st.sampled_from("春風天白中看囧"), max_size=5),
    no_repeat=st.booleans(),
)


USUAL = {"form": FORMS[0], "rhyme": "auto", "first_line_rhymes": None, "acrostic": "", "no_repeat": False}


def asked(**settings):
    """The grammar of these constraints; those that contradict each other are passed over."""
    try:
        return made(**settings)
    except PromptError:
        assume(False)


@given(
    settings=rules, prompt=st.text(st.sampled_from("月白看中望囧人長"), max_size=5), seed=st.integers(0, 99)
)
@example(USUAL | {"tones": "strict", "first_line_rhymes": True}, "中中囧囧囧", 0)
@example(USUAL | {"tones": "strict", "rhyme": "off"}, "中中月囧望", 1)
def test_every_poem_keeps_every_rule(settings, prompt, seed):
    grammar = asked(**settings)
    try:
        matcher = begin(grammar, prompt)
    except PromptError:
        return
    given, form = grammar.constraints, grammar.form
    lines = written(matcher, np.random.default_rng(seed))
    report = check_poem(lines, forms=[form], strict=given.tones == "strict")
    assert form_of(lines) == form
    assert "".join(lines).startswith(prompt)
    assert all(line.startswith(head) for line, head in zip(lines, given.given.acrostic, strict=False))
    if given.has_rhyme:
        assert report.rhymes_hold
        feet = [RhymeTable.load().groups(line[-1]) for line in lines]
        assert all(matcher.scansion().rhyme_group in groups or not groups for groups in feet[1::2])
        assert given.rhyme in ("auto", matcher.scansion().rhyme_group)
    if given.has_tones:
        assert report.tones_hold
        assert report.strictness == "strict" or given.tones == "relaxed"
    if given.has_tones and given.has_rhyme:
        assert report.holds
        assert (matcher.scansion().template, matcher.scansion().rhyme_group) == (
            report.template,
            report.rhyme_group,
        )
        if given.first_line_rhymes is not None:
            assert ("不入韻" in report.template) != given.first_line_rhymes
    if given.no_repeat:
        assert len(set("".join(lines))) == form.line_length * form.line_count


rhymes = st.lists(st.sampled_from("中空紅同翁陽光看思囧"), min_size=2, max_size=3, unique=True).map("".join)


@given(
    rules=st.sampled_from([("strict", "auto"), ("relaxed", "auto"), ("relaxed", "off"), ("off", "auto")]),
    feet=rhymes,
    last_line=st.sampled_from(["", "夜雨上人", "白日天東"]),
    start=st.sampled_from(["", "春□天", "□東", "白日□中看，□月"]),
    no_repeat=st.booleans(),
    seed=st.integers(0, 99),
)
@example(("off", "auto"), "囧看", "", "白日□中看，□月", False, 0)  # the first line seems to rhyme with itself
def test_what_is_given_stands_in_its_places_and_the_rules_are_kept(
    rules, feet, last_line, start, no_repeat, seed
):
    tones, rhyme = rules
    texts = {"feet": feet, "last_line": last_line and last_line + feet[-1], "start": start}
    grammar = asked(form=Form(5, 4), tones=tones, rhyme=rhyme, no_repeat=no_repeat, **texts)
    try:
        matcher = begin(grammar, start.split("□")[0])
    except PromptError:
        return
    lines = written(matcher, np.random.default_rng(seed))
    assert all(
        lines[line][column] == hanzi
        for (line, column), hanzi in GivenTexts(**texts).places(Form(5, 4)).items()
    )
    report = check_poem(lines, forms=[Form(5, 4)], strict=tones == "strict")
    assert report.rhymes_hold or rhyme == "off"
    assert report.tones_hold or tones == "off"
    assert not no_repeat or len(set("".join(lines))) == 20


@given(settings=rules, seed=st.integers(0, 99), steps=st.integers(0, 70))
def test_a_mask_is_exactly_what_leaves_a_state(settings, seed, steps):
    """Of readable characters; no_repeat, feet of a level rhyme in any group, and line 2 where line 1 is not to
    rhyme, forbid more than they must."""
    grammar = asked(**settings | {"no_repeat": False})
    matcher, rng = VerseMatcher(grammar), np.random.default_rng(seed)

    def is_open():
        is_narrowed = matcher.line == 1 and grammar.constraints.first_line_rhymes is False
        is_judged = (grammar.constraints.has_rhyme and not is_narrowed) or not matcher.at_line_end
        return is_judged and matcher.column < grammar.form.line_length and matcher.given is None

    hanzi = steps % grammar.form.hanzi  # and on to the next place that a mask leaves open
    while not matcher.is_complete and (len(matcher.ids) < hanzi or not is_open()):
        matcher.accept(int(rng.choice(np.flatnonzero(matcher.allowed()))))
    assume(not matcher.is_complete)
    mask, leaves_a_state = matcher.allowed(), np.zeros(len(VOCABULARY), bool)
    readable = range(VOCABULARY.first_hanzi, len(VOCABULARY) - 1)
    for number in readable:
        after = matcher.fork()
        after.accept(number)
        is_new = not (grammar.constraints.has_rhyme and matcher.at_line_end and number in matcher._rhymed)
        leaves_a_state[number] = after.can_complete and is_new
    np.testing.assert_array_equal(mask[list(readable)], leaves_a_state[list(readable)])


@pytest.mark.parametrize("poem", CLASSICS)
@pytest.mark.parametrize("mode", ["relaxed", "strict"])
def test_what_the_judge_passes_can_be_written_and_nothing_else(poem, mode):
    """Real poems, and the same with each character in turn taken from elsewhere in the poem."""
    table, grammar = RhymeTable.load(), grammar_for(poem, mode)
    hanzi, length = "".join(char for char in poem if char not in MARKS), grammar.form.line_length
    for place in range(len(hanzi)):
        for other in {hanzi[place], *hanzi[::5]}:
            changed = hanzi[:place] + other + hanzi[place + 1 :]
            lines = [changed[k : k + length] for k in range(0, len(changed), length)]
            report = check_poem(lines, strict=mode == "strict")
            if any("where poems read it" in note.reason for note in report.notes):
                continue  # the judge asks the neighbours in which sense a character stands, the writer does not
            # the judge is laxer in three things: a first line that rhymes in a neighbouring group, one that could
            # rhyme but is read with its other tone, and readings that poems seldom use
            borrows = {"鄰韻", "異讀"} & {note.name for note in report.notes}
            could = report.rhyme_group in table.groups(lines[0][-1]) and "不入韻" in (report.template or "")
            assert can_be_written(grammar, lines) == (report.holds and not borrows and not could), lines


def can_be_written(grammar, lines):
    marked = "".join(line + "，。"[k % 2] for k, line in enumerate(lines))
    try:
        return begin(grammar, marked).is_complete
    except PromptError:
        return False


def grammar_for(poem, mode="relaxed"):
    """A grammar of the poem's form and characters, all groups large enough."""
    known = dict.fromkeys(char for char in poem if char not in MARKS)
    prosody = TokenProsody(Vocabulary((*SPECIALS, *MARKS, *known), [9] * (len(known) + 7), 0))
    prosody.__dict__["sizes"] = [99] * len(prosody.sizes)
    return made(Form(poem.index("，"), sum(map(poem.count, MARKS))), mode, "auto", prosody=prosody)


@pytest.mark.parametrize("poem", CLASSICS)
def test_real_poems_can_be_written(poem):
    """The law above would hold of a verse that refuses everything."""
    assert begin(grammar_for(poem), poem).is_complete


def test_unknown_characters_come_from_the_prompt_alone():
    number = VOCABULARY.encode(UNKNOWN)[0]
    grammar = made(Form(5, 4), "relaxed", "auto")
    matcher, rng = begin(grammar, UNKNOWN), np.random.default_rng(0)
    while not matcher.is_complete:
        assert not matcher.allowed()[number]
        matcher.accept(int(rng.choice(np.flatnonzero(matcher.allowed()))))
    assert matcher.ids[0] == number


def test_a_fork_goes_on_apart():
    matcher = begin(made(Form(5, 4), "relaxed", "auto", no_repeat=True), "白日")
    before = matcher.allowed().copy()
    other = matcher.fork()
    other.accept(int(np.flatnonzero(other.allowed())[0]))
    np.testing.assert_array_equal(matcher.allowed(), before)
    assert len(matcher.ids) + 1 == len(other.ids)


def test_without_marks_lines_follow_each_other():
    grammar = made(Form(5, 4), "relaxed", "auto", acrostic="春風", keeps_marks=False)
    lines = written(begin(grammar, "春人"), np.random.default_rng(1))
    assert check_poem(lines, forms=[Form(5, 4)]).holds
    assert lines[1][0] == "風"


def test_marks_are_those_of_the_form():
    matcher, rng = VerseMatcher(made(Form(3, 5))), np.random.default_rng(0)
    marks = []
    while not matcher.is_complete:
        mask = matcher.allowed()
        if matcher.column == 3:
            marks.append(VOCABULARY.decode(np.flatnonzero(mask)))
        matcher.accept(int(rng.choice(np.flatnonzero(mask))))
    assert marks == ["，", "。？", "，", "。？", "。？"]


@pytest.mark.parametrize(
    ("prompt", "settings", "said"),
    [
        ("白日白", {"no_repeat": True}, ("白 at place 3 of line 1", "second time", "--no-repeat")),
        ("白日依", {"acrostic": "春"}, ("白 at place 1 of line 1", "--acrostic asks for 春")),
        ("白日人中東", {}, ("東 at place 5 of line 1 is 平", "have 仄", "--tones off")),
        ("白人", {"tones": "strict"}, ("人 at place 2", "--tones relaxed or off")),
        (
            "白日天中月，中天白日東。白",
            {"rhyme": "陽"},
            ("東", "rhymes in 東", "rhyme is 陽", "--rhyme auto or off"),
        ),
        ("白日，人", {}, ("line 1 of the prompt has 2 hanzi", "五絕 5", "--form free")),
        ("白日中天白一", {}, ("line 1 of the prompt has more hanzi",)),
        ("白日人東中，月中人日東。" * 2 + "月", {"tones": "off", "rhyme": "off"}, ("more than 五絕 holds",)),
    ],
)
def test_what_stands_in_the_way_is_told(prompt, settings, said):
    with pytest.raises(PromptError) as error:
        begin(made(**{"form": Form(5, 4), "tones": "relaxed", "rhyme": "auto"} | settings), prompt)
    for part in said:
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"form": Form(5, 6)}, ("5x6 has no rules of tone", "--tones off")),
        ({"form": Form(7, 2), "tones": "off"}, ("7x2", "--rhyme off")),
        ({"rhyme": "月"}, ("oblique", "--tones off")),
        ({"rhyme": "咸"}, ("0 characters that rhyme in 咸", "五絕 needs 2", "--rhyme auto")),
        ({"tones": "off", "rhyme": "off", "first_line_rhymes": True}, ("--first-line-rhymes",)),
        ({"acrostic": "春夏秋冬春"}, ("5 characters", "4 lines", "--form")),
        ({"acrostic": "春春", "no_repeat": True}, ("春 comes twice", "--no-repeat")),
        (
            {"acrostic": "人人", "tones": "strict"},
            ("lines 1 and 2 begin with 人人", "--tones relaxed or off"),
        ),
        ({"form": Form(7, 100), "no_repeat": True}, ("too few to write", "--no-repeat")),
        ({"form": Form(1, 4), "tones": "off", "acrostic": "春"}, ("longer lines", "--acrostic")),
    ],
)
def test_rules_that_no_poem_can_keep_are_refused(settings, said):
    with pytest.raises(PromptError) as error:
        made(**{"form": Form(5, 4), "tones": "relaxed", "rhyme": "auto"} | settings)
    for part in said:
        assert part in str(error.value)


def test_the_prosody_is_the_table():
    table = RhymeTable.load()
    for number, token in enumerate(VOCABULARY.tokens):
        assert {GROUPS[place] for place in places(PROSODY.groups[number])} == table.groups(token, usual=True)
        tones = {"平": 1, "仄": 2}
        assert PROSODY.inside[number] == sum(tones[tone] for tone in table.tones(token, usual=True))
        assert PROSODY.at_end[number] == sum(
            tones[t] for t in {r.tone for r in table.readings(token, usual=True)}
        )
        for place, group in enumerate(GROUPS):
            assert PROSODY.members[place, number] == (group in table.groups(token, usual=True))
    assert not PROSODY.inside_with[EITHER][: VOCABULARY.first_hanzi].any()
    assert GROUP_BITS["咸"] & LEVEL_GROUPS
    assert not GROUP_BITS["董"] & LEVEL_GROUPS


# Characters that are oblique too, of level groups that are neighbours or the same; 攢 and 愴 are seldom level.
TWO_TONES = "間離施分單華陂思睛徵醒過看攢愴"
NEAR = (*SPECIALS, *MARKS, *TWO_TONES, *"還山關寒難干微飛歸時枝先天煙真人文雲陽光霜車畬衙居書月雪日白")
NEAR_PROSODY = TokenProsody(Vocabulary(NEAR, [9] * len(NEAR), 0))


@given(
    form=st.sampled_from(FORMS[:5]), tones=st.sampled_from(["strict", "relaxed"]), seed=st.integers(0, 999)
)
def test_a_first_line_that_is_not_to_rhyme_is_never_heard_to(form, tones, seed):
    grammar = made(form, tones, "auto", prosody=NEAR_PROSODY, first_line_rhymes=False)
    report = check_poem(written(VerseMatcher(grammar), np.random.default_rng(seed)))
    assert report.holds and "不入韻" in report.template
    assert "鄰韻" not in {note.name for note in report.notes}


def test_a_first_line_that_may_be_heard_to_rhyme_is_refused_where_it_is_not_to():
    for rhyme in "刪寒":
        grammar = made(Form(5, 4), "relaxed", rhyme, prosody=NEAR_PROSODY, first_line_rhymes=False)
        with pytest.raises(PromptError, match="間 at place 5 of line 1 may be heard to rhyme"):
            begin(grammar, "白日寒光間")


def test_a_vocabulary_without_the_feet_asked_for_is_told():
    """看 is the one oblique character, and could always rhyme where 寒 alone is the rhyme."""
    vocabulary = Vocabulary((*SPECIALS, *MARKS, *"寒難安看"), [9] * 11, 0)
    prosody = TokenProsody(vocabulary)
    with pytest.raises(PromptError, match="could end line 1"):
        grammar = made(Form(5, 4), "relaxed", "寒", prosody=prosody, first_line_rhymes=False)
        written(VerseMatcher(grammar), np.random.default_rng(0))


def test_two_spellings_of_a_word_do_not_rhyme_and_do_not_repeat():
    tokens = (*SPECIALS, *MARKS, *dict.fromkeys(LEVELS + OBLIQUES + "迴回臺台來開"))
    vocabulary = Vocabulary(tokens, [9] * len(tokens), 1)
    prosody = TokenProsody(vocabulary)
    numbers = dict(zip("迴回臺台", vocabulary.encode("迴回臺台"), strict=True))
    matcher = begin(made(Form(5, 4), "relaxed", "灰", prosody=prosody), "月白人中草，春風白日迴。")
    begun = begin(matcher.grammar, "月白人中草，春風白日迴。春風人白日，不日白人")
    assert not begun.allowed()[numbers["回"]] and begun.allowed()[numbers["臺"]]
    once = begin(made(Form(5, 4), prosody=prosody, no_repeat=True), "臺")
    assert not once.allowed()[numbers["台"]]
    with pytest.raises(PromptError, match="台 at place 2 of line 1 comes a second time"):
        begin(made(Form(5, 4), prosody=prosody, no_repeat=True), "臺台")
    assert prosody.sizes[GROUPS.index("灰")] == 4
