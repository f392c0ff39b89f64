"""Which form a poem takes where none was asked for: as the corpus would have it, given how the poem begins."""

from collections.abc import Sequence

import numpy as np

from poetgen.byhand import language_model
from poetgen.byhand.softmax import log_softmax
from poetgen.poem.form import Form
from poetgen.poem.poem import COMMA
from poetgen.writing.decoding import TILE, Matcher, Network
from poetgen.writing.prefix import Prefix
from poetgen.writing.sampling import Sampling, random_stream, sample
from poetgen.writing.verse_matcher import VerseMatcher

# Poems of each form among the training poems of 全唐詩, core volumes: the forms' shares.
POEMS = {Form(5, 4): 3337, Form(7, 4): 9683, Form(5, 8): 13492, Form(7, 8): 7380}
SKETCHES = TILE  # first lines begun to see how long they are, at the cost of one


def form_prior(
    network: Network, prefix: Prefix, matchers: Sequence[Matcher], *, keeps_marks: bool
) -> list[float]:
    """The probability of each matcher's form: that of its line length by the model, then by the corpus.

    The model is asked in a few sketches of the first five hanzi, at temperature 1, whether the line ends there.
    """
    ruled = [matcher for matcher in matchers if isinstance(matcher, VerseMatcher)]
    if len(ruled) < 2:
        return [1.0]
    forms = [matcher.grammar.form for matcher in ruled]
    weights = np.array([POEMS.get(form, 1) for form in forms], float)
    short = np.array([form.line_length == 5 for form in forms])
    open_hanzi = ruled[0].column
    if (
        keeps_marks
        and not ruled[0].line
        and open_hanzi <= 5
        and len({form.line_length for form in forms}) > 1
    ):
        share = _ends_at_five(network, prefix, 5 - open_hanzi)
        for same, part in ((short, share), (~short, 1 - share)):
            weights[same] *= part / weights[same].sum()
    shares: list[float] = (weights / weights.sum()).tolist()
    return shares


def _ends_at_five(network: Network, prefix: Prefix, missing: int) -> float:
    """How likely the first line ends once `missing` more hanzi are written."""
    vocabulary = network.vocabulary
    hanzi = np.zeros((SKETCHES, len(vocabulary)), bool)
    hanzi[:, vocabulary.first_hanzi :] = True
    rng = random_stream(0, 0, prefix.text)
    rows = SKETCHES if missing else 1
    logits = np.repeat(prefix.logits, rows, axis=0)
    state = language_model.select_rows(prefix.state, [0] * rows)
    for _ in range(missing):
        ids = sample(logits, hanzi, sampling=Sampling(1.0), drawn=rng.random(rows))
        logits, state = network.step(ids, state)
    probabilities = np.exp(log_softmax(logits.astype(np.float64)))
    ends = probabilities[:, vocabulary.encode(COMMA)[0]]
    return float((ends / (ends + probabilities[:, vocabulary.first_hanzi :].sum(axis=1))).mean())
