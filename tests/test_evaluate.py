"""Perplexities by hand, by definition, and whatever the batches."""

import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from poetgen import measures
from poetgen.checkpoint import Checkpoint
from poetgen.corpus.dataset import Dataset, EncodedPoems
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import CheckpointError, CorpusError
from poetgen.evaluate import describe_selection, encode_poems, evaluate_poems, evaluate_split, score
from poetgen.measures import FIGURES, PoemLosses, figures
from poetgen.poem.poem import Poem

MakeCheckpoint = Callable[..., Checkpoint]
WritePrepared = Callable[..., Dataset]

# five poems: a quatrain, one with two unknown characters, a question, and two fragments
FIVE = [
    Poem("", "", ("日月山川風", "花雪雲春秋", "江水明清白", "青高遠古今"), "，。，。"),
    Poem("", "", ("日日山山龘", "花花雲雲秋", "江江明明龘", "青青遠遠今"), "，。，。"),
    Poem("", "", ("日月山川風花雪", "雲春秋江水明清", "白青高遠古今人", "心客夢酒詩琴鶴"), "，。，？"),
    Poem("", "", ("日月山川風", "花雪雲春秋"), "，。"),
    Poem("", "", ("日月山", "花雪雲", "江水明", "清白青"), "，。，。"),
]
TOKENS = [25, 25, 33, 13, 17]
HANZI = [20, 20, 28, 10, 12]


@pytest.fixture
def vocabulary(poems: list[Poem]) -> Vocabulary:
    """Every character of FIVE but 龘; three types were cut in training."""
    bodies = [poem.text for poem in poems]
    return Vocabulary.build(
        [*bodies, *(FIVE[k].text.replace("龘", "日") for k in range(5)), "甲乙丙", *bodies], 2
    )


def knowing(checkpoint: Checkpoint, probabilities: dict[int, float]) -> Checkpoint:
    """A model of all-zero weights but the output bias: these probabilities always, the rest shared evenly."""
    size = len(checkpoint.vocabulary)
    shares = np.full(size, (1 - sum(probabilities.values())) / (size - len(probabilities)))
    for token, share in probabilities.items():
        shares[token] = share
    weights = {name: np.zeros_like(array) for name, array in checkpoint.weights.items()}
    return replace(checkpoint, weights={**weights, "output.bias": np.log(shares).astype(np.float32)})


def test_a_hand_count_of_five_poems(vocabulary: Vocabulary, make_checkpoint: MakeCheckpoint) -> None:
    found = evaluate_poems(make_checkpoint(vocabulary), FIVE)
    assert (found.poems, found.tokens, found.hanzi) == (5, sum(TOKENS), sum(HANZI)) == (5, 113, 90)
    assert found.out_of_vocabulary == 2
    assert found.out_of_vocabulary_rate == 2 / 90
    assert found.fragments is not None and found.without_fragments is not None
    assert (found.fragments.poems, found.fragments.tokens, found.fragments.hanzi) == (2, 30, 22)
    assert (found.fragments.out_of_vocabulary, found.fragments.out_of_vocabulary_rate) == (0, 0)
    rest = found.without_fragments
    assert (rest.poems, rest.tokens, rest.hanzi, rest.out_of_vocabulary) == (3, 83, 68, 2)
    assert (found.split, found.selection, found.conditions) == (None, None, "none")
    assert found.vocabulary_size == len(vocabulary)


def test_known_probabilities_give_the_known_perplexities(
    vocabulary: Vocabulary, make_checkpoint: MakeCheckpoint
) -> None:
    """， 。 have an eighth each, ？ and the end a sixteenth, the unknown a thirty-second; the rest is shared."""
    given = {vocabulary.unknown: 1 / 32, vocabulary.end: 1 / 16}
    given |= {
        vocabulary.encode("，")[0]: 1 / 8,
        vocabulary.encode("。")[0]: 1 / 8,
        vocabulary.encode("？")[0]: 1 / 16,
    }
    checkpoint = knowing(make_checkpoint(vocabulary), given)
    hanzi = -math.log((1 - sum(given.values())) / (len(vocabulary) - len(given)))
    unknown = math.log(32) + math.log(vocabulary.unknown_types)
    assert vocabulary.unknown_types == 3

    mark, end = math.log(8), math.log(16)
    per_poem_hanzi = [20 * hanzi, 18 * hanzi + 2 * unknown, 28 * hanzi, 10 * hanzi, 12 * hanzi]
    per_poem_rest = [4 * mark + end, 4 * mark + end, 3 * mark + 2 * end, 2 * mark + end, 4 * mark + end]
    losses = [a + b for a, b in zip(per_poem_hanzi, per_poem_rest, strict=True)]

    found = evaluate_poems(checkpoint, FIVE)
    assert found.ppl_token == pytest.approx(math.exp(sum(losses) / 113), rel=1e-5)
    assert found.ppl_hanzi == pytest.approx(math.exp(sum(per_poem_hanzi) / 90), rel=1e-5)
    assert found.bits_per_hanzi == pytest.approx(sum(losses) / math.log(2) / 90, rel=1e-5)
    own = [math.exp(loss / n) for loss, n in zip(losses, TOKENS, strict=True)]
    assert found.ppl_poem == pytest.approx(sum(own) / 5, rel=1e-5)
    assert found.fragments is not None and found.without_fragments is not None
    assert found.fragments.ppl_poem == pytest.approx(sum(own[3:]) / 2, rel=1e-5)
    assert found.without_fragments.ppl_token == pytest.approx(math.exp(sum(losses[:3]) / 83), rel=1e-5)


def test_a_model_that_knows_nothing_has_the_perplexity_of_its_vocabulary(
    prepared: Dataset, make_checkpoint: MakeCheckpoint
) -> None:
    size = len(prepared.vocabulary)
    found = evaluate_split(knowing(make_checkpoint(prepared.vocabulary), {0: 1 / size}), prepared, "train")
    assert found.out_of_vocabulary == (prepared.split("train").ids == prepared.vocabulary.unknown).sum() > 0
    penalty = found.out_of_vocabulary * math.log(prepared.vocabulary.unknown_types)
    assert found.ppl_token == pytest.approx(size * math.exp(penalty / found.tokens), rel=1e-5)
    assert found.ppl_hanzi == pytest.approx(size * math.exp(penalty / found.hanzi), rel=1e-5)


def naive_losses(checkpoint: Checkpoint, poem: Poem) -> list[float]:
    """The network written again, a poem at a time, a step at a time, in float64; the unknown not yet shared."""
    weight = {name: torch.from_numpy(array).double() for name, array in checkpoint.weights.items()}
    hidden = checkpoint.model_config.hidden_size
    layers = checkpoint.model_config.num_layers
    states = [(torch.zeros(hidden, dtype=torch.float64),) * 2 for _ in range(layers)]
    found, previous = [], Vocabulary.begin
    for token in [*checkpoint.vocabulary.encode(poem.text), Vocabulary.end]:
        x = weight["embedding.weight"][previous]
        for k in range(layers):
            names = [f"lstm.cells.{k}.{part}" for part in ("weight_ih", "weight_hh", "bias")]
            w, u, b = (weight[name] for name in names)
            i, f, g, o = (w @ x + u @ states[k][0] + b).chunk(4)
            c = f.sigmoid() * states[k][1] + i.sigmoid() * g.tanh()
            x = o.sigmoid() * c.tanh()
            states[k] = (x, c)
        logits = weight["embedding.weight"] @ (weight["projection.weight"] @ x) + weight["output.bias"]
        found.append(-logits.log_softmax(0)[token].item())
        previous = token
    return found


def test_every_poem_costs_what_the_equations_say(
    vocabulary: Vocabulary, make_checkpoint: MakeCheckpoint
) -> None:
    checkpoint = make_checkpoint(vocabulary, num_layers=2, dropout=0.5, embedding_dropout=0.5)
    losses = score(checkpoint, encode_poems(checkpoint, FIVE))
    for k, poem in enumerate(FIVE):
        naive = naive_losses(checkpoint, poem)
        shared = poem.text.count("龘") * math.log(vocabulary.unknown_types)
        on_hanzi = sum(loss for loss, char in zip(naive, poem.text, strict=False) if char not in "，。？")
        assert losses.loss[k] == pytest.approx(sum(naive) + shared, rel=1e-5)
        assert losses.hanzi_loss[k] == pytest.approx(on_hanzi + shared, rel=1e-5)
        assert (losses.tokens[k], losses.hanzi[k]) == (TOKENS[k], HANZI[k])


@pytest.mark.parametrize(("batch_size", "segment_length"), [(1, 128), (3, 7), (64, 1), (5, 33), (8, 1000)])
def test_batch_size_padding_and_segment_length_change_nothing(
    prepared: Dataset, make_checkpoint: MakeCheckpoint, batch_size: int, segment_length: int
) -> None:
    checkpoint, poems = make_checkpoint(prepared.vocabulary, num_layers=2), prepared.split("train")
    reference = score(checkpoint, poems)
    found = score(checkpoint, poems, batch_size=batch_size, segment_length=segment_length)
    np.testing.assert_allclose(found.loss, reference.loss, rtol=1e-5)
    np.testing.assert_allclose(found.hanzi_loss, reference.hanzi_loss, rtol=1e-5)
    for name in ("tokens", "hanzi", "unknown"):
        assert np.array_equal(getattr(found, name), getattr(reference, name))
    for name in FIGURES:
        assert getattr(figures(found), name) == pytest.approx(getattr(figures(reference), name), rel=1e-5)


def test_the_order_of_poems_changes_no_poem(prepared: Dataset, make_checkpoint: MakeCheckpoint) -> None:
    checkpoint, poems = make_checkpoint(prepared.vocabulary), prepared.split("test")
    turned = np.arange(len(poems))[::-1]
    offsets = np.cumsum([0, *poems.lengths[turned]], dtype=np.int64)
    backwards = EncodedPoems(np.concatenate([poems[int(k)] for k in turned]), offsets)
    np.testing.assert_allclose(
        score(checkpoint, backwards).loss, score(checkpoint, poems).loss[turned], rtol=1e-5
    )


def test_a_split_and_the_same_poems_from_a_file_cost_the_same(
    prepared: Dataset, poems: list[Poem], make_checkpoint: MakeCheckpoint
) -> None:
    checkpoint = make_checkpoint(prepared.vocabulary)
    split, given = evaluate_split(checkpoint, prepared, "test"), evaluate_poems(checkpoint, poems[52:])
    for name in (*FIGURES, "poems", "tokens", "hanzi", "out_of_vocabulary", "out_of_vocabulary_rate"):
        assert getattr(split, name) == pytest.approx(getattr(given, name), rel=1e-6), name


def test_half_precision_weights_are_measured_in_float32(
    prepared: Dataset, make_checkpoint: MakeCheckpoint
) -> None:
    checkpoint = make_checkpoint(prepared.vocabulary)
    half = {name: array.astype(np.float16) for name, array in checkpoint.weights.items()}
    upcast = {name: array.astype(np.float32) for name, array in half.items()}
    shipped = evaluate_split(replace(checkpoint, weights=half), prepared, "test")
    assert shipped == evaluate_split(replace(checkpoint, weights=upcast), prepared, "test")
    assert shipped.ppl_token != evaluate_split(checkpoint, prepared, "test").ppl_token


def test_without_punctuation_marks_are_no_tokens(
    tmp_path_factory: pytest.TempPathFactory,
    poems: list[Poem],
    write_prepared: WritePrepared,
    make_checkpoint: MakeCheckpoint,
) -> None:
    folder = write_prepared(
        tmp_path_factory.mktemp("bare") / "prepared", {"train": poems, "test": poems[:5]}, punctuation="drop"
    )
    checkpoint = make_checkpoint(folder.vocabulary, corpus={"punctuation": "drop"})
    found = evaluate_poems(checkpoint, poems[:5])
    assert found.tokens == sum(poem.hanzi + 1 for poem in poems[:5])
    assert found.hanzi == sum(poem.hanzi for poem in poems[:5])
    assert found.ppl_token == pytest.approx(evaluate_split(checkpoint, folder, "test").ppl_token, rel=1e-6)


def test_a_file_without_fragments_says_so_with_nulls(
    prepared: Dataset, poems: list[Poem], make_checkpoint: MakeCheckpoint
) -> None:
    found = evaluate_poems(make_checkpoint(prepared.vocabulary), poems[:3])
    assert found.fragments is not None and found.without_fragments is not None
    assert all(getattr(found.fragments, name) is None for name in (*FIGURES, "out_of_vocabulary_rate"))
    assert all(value is None for value in found.fragments.intervals.values())
    assert (found.fragments.poems, found.fragments.tokens, found.fragments.hanzi) == (0, 0, 0)
    assert found.without_fragments.ppl_token == found.ppl_token
    values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert values["fragments"]["ppl_poem"] is None


def test_fragments_are_measured_when_asked_for_by_name(
    prepared: Dataset, make_checkpoint: MakeCheckpoint
) -> None:
    found = evaluate_split(make_checkpoint(prepared.vocabulary), prepared, "fragments")
    assert (found.poems, found.split) == (3, "fragments")
    assert "fragments" not in found.to_dict()


def test_all_that_must_be_said_is_said(prepared: Dataset, make_checkpoint: MakeCheckpoint) -> None:
    found = evaluate_split(make_checkpoint(prepared.vocabulary), prepared, "validation")
    assert (found.split, found.selection, found.conditions) == ("validation", "core volumes", "none")
    assert found.corpus_commit == found.model_corpus_commit == prepared.manifest["corpus"]["commit"]
    assert found.same_corpus is True
    other = make_checkpoint(prepared.vocabulary, card={"corpus": {"commit": "another"}})
    assert evaluate_split(other, prepared, "validation").same_corpus is False
    folder = replace(prepared, manifest={**prepared.manifest, "corpus": {"sha256": "a"}})
    for learned, same in (({"sha256": "a"}, True), ({"sha256": "b", "commit": "c"}, False), ({}, None)):
        alike = make_checkpoint(prepared.vocabulary, card={"corpus": learned})
        assert evaluate_split(alike, folder, "validation").same_corpus is same
    unknown = make_checkpoint(prepared.vocabulary, card={"corpus": 5})
    assert evaluate_split(unknown, prepared, "validation").same_corpus is None
    names = {"poems", "tokens", "hanzi", "vocabulary_size", "out_of_vocabulary", "out_of_vocabulary_rate"}
    assert names | {"conditions", "selection", "corpus_commit", "split", "seed"} <= found.to_dict().keys()


def test_a_selection_in_words() -> None:
    assert describe_selection(None, {"supplement": True, "limit": 0}) == "all volumes"
    settings = {"limit": 9, "form": "五絕", "min_length": 2, "max_length": 40}
    words = "my.txt, the first 9 poems, form 五絕, at least 2 hanzi, at most 40 hanzi"
    assert describe_selection("my.txt", settings) == words


def test_poems_the_model_does_not_belong_to_are_refused(
    tmp_path_factory: pytest.TempPathFactory,
    prepared: Dataset,
    poems: list[Poem],
    write_prepared: WritePrepared,
    make_checkpoint: MakeCheckpoint,
) -> None:
    checkpoint = make_checkpoint(prepared.vocabulary)
    place = tmp_path_factory.mktemp("other")
    splits = {"train": poems[:9], "test": poems[9:]}
    other = write_prepared(place / "settings", splits, form="五絕")
    with pytest.raises(CheckpointError, match=r"corpus\.form is '五絕', the model's was ''.*--poems"):
        evaluate_split(checkpoint, other, "test")
    with pytest.raises(CheckpointError, match="the corpus is another"):
        evaluate_split(checkpoint, write_prepared(place / "corpus", splits), "test")


def test_nothing_to_measure_is_an_error(
    tmp_path_factory: pytest.TempPathFactory,
    poems: list[Poem],
    write_prepared: WritePrepared,
    make_checkpoint: MakeCheckpoint,
) -> None:
    folder = write_prepared(tmp_path_factory.mktemp("none") / "prepared", {"train": poems})
    checkpoint = make_checkpoint(folder.vocabulary)
    with pytest.raises(CorpusError, match="has no test poems"):
        evaluate_split(checkpoint, folder, "test")
    with pytest.raises(CorpusError, match="no poem to measure"):
        evaluate_poems(checkpoint, [])
    with pytest.raises(CorpusError, match="no poem to measure"):
        evaluate_poems(checkpoint, [Poem("", "", ("",), "。")])


def test_probabilities_that_are_no_numbers_are_an_error(
    prepared: Dataset, make_checkpoint: MakeCheckpoint
) -> None:
    checkpoint = make_checkpoint(prepared.vocabulary)
    huge = {name: np.full_like(array, 3e38) for name, array in checkpoint.weights.items()}
    with pytest.raises(CheckpointError, match="not numbers"):
        evaluate_split(replace(checkpoint, weights=huge), prepared, "test")


def test_an_infinite_perplexity_is_null(vocabulary: Vocabulary, make_checkpoint: MakeCheckpoint) -> None:
    checkpoint = knowing(make_checkpoint(vocabulary), {0: 0.5})
    bias = checkpoint.weights["output.bias"].copy()
    bias[0] = 3e4
    found = evaluate_poems(replace(checkpoint, weights={**checkpoint.weights, "output.bias": bias}), FIVE)
    assert found.ppl_token is None and found.intervals["ppl_token"] is None
    assert found.bits_per_hanzi == pytest.approx(113 / 90 * 3e4 / math.log(2), rel=1e-2)
    json.dumps(found.to_dict(), allow_nan=False)


def test_progress_counts_every_token_once(prepared: Dataset, make_checkpoint: MakeCheckpoint) -> None:
    told: list[tuple[int, int]] = []
    evaluate_split(
        make_checkpoint(prepared.vocabulary),
        prepared,
        "train",
        batch_size=10,
        on_progress=lambda done, total: told.append((done, total)),
    )
    total = len(prepared.split("train").ids)
    assert len(told) == 5
    assert told[-1] == (total, total)
    assert told == sorted(told)


def losses_of(count: int, seed: int = 0) -> PoemLosses:
    rng = np.random.default_rng(seed)
    tokens = rng.integers(10, 80, count)
    hanzi = (0.8 * tokens).astype(np.int64)
    loss = rng.normal(4, 0.5, count) * tokens
    return PoemLosses(loss, 0.9 * loss, tokens, hanzi, np.zeros(count, np.int64))


def test_intervals_are_those_of_a_plain_bootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = losses_of(300)
    rng = np.random.default_rng(1)
    picks = [rng.integers(300, size=300) for _ in range(3000)]
    plain = {
        "ppl_token": [math.exp(losses.loss[p].sum() / losses.tokens[p].sum()) for p in picks],
        "ppl_hanzi": [math.exp(losses.hanzi_loss[p].sum() / losses.hanzi[p].sum()) for p in picks],
        "ppl_poem": [np.exp(losses.loss[p] / losses.tokens[p]).mean() for p in picks],
        "bits_per_hanzi": [losses.loss[p].sum() / losses.hanzi[p].sum() / math.log(2) for p in picks],
    }
    found = figures(losses)
    for name in FIGURES:
        low, high = found.intervals[name] or (0, 0)
        wanted_low, wanted_high = np.percentile(plain[name], [2.5, 97.5])
        width = wanted_high - wanted_low
        assert low == pytest.approx(wanted_low, abs=0.1 * width)
        assert high == pytest.approx(wanted_high, abs=0.1 * width)
        assert low < getattr(found, name) < high
    assert figures(losses) == found
    monkeypatch.setattr(measures, "DRAWS", 1000)  # fewer draws at once: other draws, the same law
    low, high = figures(losses).intervals["ppl_token"] or (0, 0)
    assert (low, high) == pytest.approx(found.intervals["ppl_token"], rel=0.01)


def test_one_poem_has_no_interval() -> None:
    found = figures(losses_of(1))
    assert found.ppl_token
    assert set(found.intervals.values()) == {None}
