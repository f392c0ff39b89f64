"""Prompt and seed → poems, by the NumPy network; torch is never imported to write.

Every poem draws from a random stream of its own, made of the seed, its index and its prompt, and every number
it is made from is computed from its own row alone (poetgen.byhand.linear): poem 3 of seed 7 is the same poem
whatever the count, the batch and the number of threads.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.byhand import language_model, softmax
from poetgen.byhand.language_model import State, read_parameters
from poetgen.byhand.linear import TILE
from poetgen.byhand.softmax import log_softmax
from poetgen.checkpoint import Checkpoint, find_checkpoint
from poetgen.config import from_dict
from poetgen.corpus.hanzi import (
    INSTALL_OPENCC,
    SCRIPTS,
    SIMPLIFIED,
    can_convert,
    preferred_script,
    to_simplified,
)
from poetgen.corpus.poem import MARKS, Poem, form_name
from poetgen.corpus.readings import Readings
from poetgen.errors import ConfigError, PoetgenError, PromptError
from poetgen.files import Workspace
from poetgen.writing import layout
from poetgen.writing.draft import SHORTEST, Draft, Follows, MarkedDraft, UnmarkedDraft, break_lines
from poetgen.writing.parallel import in_order, processors
from poetgen.writing.prompt import Prompt, read_prompt
from poetgen.writing.sampling import Sampling, random_stream, sample

Array = npt.NDArray[Any]

DEFAULT_MAX_LENGTH = 120
MOST_TOGETHER = 8 * TILE  # poems a thread writes at once
BEAM = 8  # readings of a prompt kept in view


@dataclass(frozen=True)
class Written:
    """A finished poem. `str` of it is the poem, a couplet a row.

    `lines` are without marks, `marks[k]` ends `lines[k]`; `log_probability` is the natural-log probability of the
    whole poem under the unmasked model at temperature 1: prompt, marks (where the model writes them) and end.
    `prompt` is as typed, and `notes` say what in it was read otherwise.
    """

    lines: tuple[str, ...]
    marks: str
    script: str
    seed: int
    index: int
    log_probability: float
    prompt: str = ""
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The body: every line with its mark, nothing between."""
        return self._poem.text

    @property
    def form(self) -> str:
        """五絕 七絕 五律 七律, a shape such as 5x10, or 雜言."""
        return form_name(self._poem.shape)

    @property
    def vertical(self) -> str:
        """The poem in columns from right to left."""
        return layout.vertical(self.lines, self.marks)

    @property
    def _poem(self) -> Poem:
        return Poem("", "", self.lines, self.marks)

    def __str__(self) -> str:
        return layout.horizontal(self.lines, self.marks)


@dataclass
class _Row:
    """One poem being written."""

    index: int
    rng: np.random.Generator
    draft: Draft
    ids: list[int]
    log_probability: float
    is_done: bool = False


@dataclass(frozen=True)
class _Start:
    """Where every poem of a prompt begins: its text read, logits (1, V) and state after it."""

    text: str
    ids: list[int]
    draft: Draft
    logits: Array
    state: State
    log_probability: float

    def row(self, seed: int, index: int) -> _Row:
        """Poem `index`, which goes on from here."""
        rng = random_stream(seed, index, self.text)
        return _Row(index, rng, self.draft.copy(), list(self.ids), self.log_probability)


def _tile_is_done(rows: Sequence[_Row], place: int) -> bool:
    """Whether all poems that share the tile of this place are done."""
    first = place // TILE * TILE
    return all(row.is_done for row in rows[first : first + TILE])


class Writer:
    """A loaded model, ready to write: `for poem in Writer.load().write("月"): print(poem)`."""

    def __init__(self, checkpoint: Checkpoint, source: Path | None = None) -> None:
        self.source = source
        self.vocabulary = checkpoint.vocabulary
        self.readings = Readings(checkpoint.vocabulary)
        self.keeps_marks = from_dict(checkpoint.config).corpus.punctuation == "keep"
        self._params = read_parameters(checkpoint.weights)
        self._masks: dict[Follows, Array] = {}

    @classmethod
    def load(cls, checkpoint: Path | str | None = None, *, home: Path | str | None = None) -> "Writer":
        """The model in a file or run folder; by default the newest run in the workspace, else the released one.

        Raises CheckpointError.
        """
        path = find_checkpoint(Workspace.find(home), None if checkpoint is None else Path(checkpoint))
        return cls(Checkpoint.load(path), path)

    def write(
        self,
        prompt: str | None = None,
        *,
        seed: int | None = None,
        count: int = 1,
        temperature: float = Sampling.temperature,
        top_k: int = Sampling.top_k,
        top_p: float = Sampling.top_p,
        max_length: int = DEFAULT_MAX_LENGTH,
        script: str | None = None,
    ) -> Iterator[Written]:
        """Write `count` poems that begin with `prompt`, or freely; `max_length` is in hanzi.

        `seed` None draws one, told by each poem; `script` None answers in the script of the prompt. Everything
        is checked before the first poem: raises ConfigError or PromptError.
        """
        sampling = Sampling(temperature, top_k, top_p)
        seed = secrets.randbelow(2**32) if seed is None else seed
        _check_settings(seed, count, max_length, script)
        beginning = self._read(prompt, max_length)
        script = script or beginning.script
        if script == SIMPLIFIED and not can_convert():
            raise PoetgenError(f"simplified poems cannot be printed: {INSTALL_OPENCC}")
        return self._write(beginning, sampling, seed, count, max_length, script)

    def _write(
        self, prompt: Prompt, sampling: Sampling, seed: int, count: int, max_length: int, script: str
    ) -> Iterator[Written]:
        logits, state, known = self._follow(prompt.text)
        draft = self._draft(prompt.text, max_length)
        start = _Start(prompt.text, self.vocabulary.encode(prompt.text), draft, logits, state, known)
        size = min(MOST_TOGETHER, TILE * -(-count // (TILE * processors())))
        groups = [range(first, min(first + size, count)) for first in range(0, count, size)]
        write = partial(self._write_together, start, sampling, seed)
        for rows in in_order(write, groups, threads=min(processors(), len(groups))):
            for row in rows:
                yield self._finish(row, prompt, seed, script)

    def _read(self, typed: str | None, max_length: int) -> Prompt:
        if typed is None:
            return Prompt(script=preferred_script())
        prompt = read_prompt(
            typed,
            self.readings,
            max_length=max_length,
            keeps_marks=self.keeps_marks,
            choose=self._choose,
            score=lambda texts: [self._follow(text)[2] for text in texts],
        )
        if not self._draft(prompt.text, max_length).fits:
            raise PromptError(
                f"no room to complete a poem of {max_length} hanzi that begins so; "
                "shorten the prompt or raise --max-length"
            )
        return prompt

    def _draft(self, text: str, max_length: int) -> Draft:
        draft = MarkedDraft(max_length) if self.keeps_marks else UnmarkedDraft(max_length)
        for char in text:
            draft.add(char)
        return draft

    def _step(self, ids: Sequence[int] | Array, state: State | None = None) -> tuple[Array, State]:
        before = language_model.start(self._params, len(ids)) if state is None else state
        return language_model.read(self._params, ids, before)

    def _follow(self, text: str) -> tuple[Array, State, float]:
        """Logits (1, V) and state after `text`, and its log-probability as the beginning of a poem."""
        logits, state = self._step([self.vocabulary.begin])
        total = 0.0
        for number in self.vocabulary.encode(text):
            total += float(log_softmax(logits)[0, number])
            logits, state = self._step([number], state)
        return logits, state, total

    def _choose(self, places: Sequence[Sequence[tuple[str, float]]]) -> str:
        """The likeliest text that takes at each place one of its candidates, found by beam search."""
        texts, scores = [""], np.zeros(1)
        if all(len(place) == 1 for place in places):
            return "".join(place[0][0] for place in places)
        logits, state = self._step([self.vocabulary.begin])
        for place in places:
            chars = [char for char, _ in place]
            ids = np.array(self.vocabulary.encode("".join(chars)))
            totals = scores[:, None] + log_softmax(logits)[:, ids] + [bonus for _, bonus in place]
            best = (-totals).ravel().argsort(kind="stable")[:BEAM]
            rows, columns = np.divmod(best, len(chars))
            texts = [texts[row] + chars[column] for row, column in zip(rows, columns, strict=True)]
            scores = totals.ravel()[best]
            logits, state = self._step(ids[columns], language_model.select(state, rows))
        return texts[0]

    def _write_together(self, start: _Start, sampling: Sampling, seed: int, indices: range) -> list[_Row]:
        """Poems `indices`, the first of them a multiple of TILE: a poem has the same place in any tile."""
        rows = [start.row(seed, k) for k in indices]
        logits = np.repeat(start.logits, len(rows), axis=0)
        state = language_model.select(start.state, [0] * len(rows))
        writing = rows
        while writing:
            self._extend(writing, logits, sampling)
            going = [place for place in range(len(writing)) if not _tile_is_done(writing, place)]
            writing = [writing[place] for place in going]
            if writing:
                logits, state = self._step(
                    [row.ids[-1] for row in writing], language_model.select(state, going)
                )
        return rows

    def _extend(self, rows: Sequence[_Row], logits: Array, sampling: Sampling) -> None:
        """Choose the next token of each poem that is not done. logits (B, V)."""
        going = [place for place, row in enumerate(rows) if not row.is_done]
        logits = logits if len(going) == len(rows) else logits[going]
        rows = [rows[place] for place in going]
        allowed = np.stack([self._allowed(row.draft.follows()) for row in rows])
        drawn = np.array([row.rng.random() for row in rows])
        ids = sample(logits, allowed, sampling=sampling, drawn=drawn)
        losses, _ = softmax.forward(logits, ids)
        for row, number, loss in zip(rows, ids.tolist(), losses.tolist(), strict=True):
            row.log_probability -= loss
            row.is_done = number == self.vocabulary.end
            if not row.is_done:
                row.ids.append(number)
                row.draft.add(self.vocabulary.tokens[number])

    def _allowed(self, follows: Follows) -> Array:
        """Mask over the vocabulary (V,)."""
        if follows not in self._masks:
            allowed = np.zeros(len(self.vocabulary), bool)
            allowed[self.vocabulary.first_hanzi :] = follows.hanzi
            allowed[self.vocabulary.encode(follows.marks)] = True
            allowed[self.vocabulary.end] = follows.end
            self._masks[follows] = allowed
        return self._masks[follows]

    def _finish(self, row: _Row, prompt: Prompt, seed: int, script: str) -> Written:
        body = self.vocabulary.decode(row.ids)
        if script == SIMPLIFIED:
            # Where a phrase rule of OpenCC would print the prompt otherwise than typed, it stays as typed.
            asked = prompt.typed if to_simplified(prompt.typed) == prompt.typed else ""
            body = asked + to_simplified(body)[len(asked) :]
        lines, marks = _lines_of(body) if self.keeps_marks else break_lines(body)
        return Written(lines, marks, script, seed, row.index, row.log_probability, prompt.given, prompt.notes)


def _lines_of(body: str) -> tuple[tuple[str, ...], str]:
    marks = "".join(char for char in body if char in MARKS)
    return tuple("".join("\n" if char in MARKS else char for char in body).split()), marks


def _check_settings(seed: int, count: int, max_length: int, script: str | None) -> None:
    if seed < 0:
        raise ConfigError(f"seed must be 0 or more, not {seed}")
    if count < 1:
        raise ConfigError(f"count must be at least 1, not {count}")
    if max_length < SHORTEST:
        raise ConfigError(
            f"max-length must be at least {SHORTEST}, two lines of five hanzi, not {max_length}"
        )
    if script is not None and script not in SCRIPTS:
        raise ConfigError(f"script cannot be {script!r}; choose one of: {', '.join(SCRIPTS)}")
    preferred_script()  # a bad setting is refused even where it would not be needed
