"""Prompt, rules and seed → poems, by the NumPy network; torch is never imported to write.

Every poem draws from a random stream of its own, made of the seed, its index and its prompt, and every number
it is made from is computed from its own row alone (poetgen.writing.decoding): poem 3 of seed 7 is the same poem
whatever the count, the batch and the number of threads.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain, pairwise
from pathlib import Path

from poetgen.checkpoint import Checkpoint, find_checkpoint
from poetgen.config import from_dict
from poetgen.corpus.line_index import LineIndex
from poetgen.errors import PoetgenError, PromptError
from poetgen.files import Workspace
from poetgen.poem.form import parse_form
from poetgen.poem.poem import MARKS, is_hanzi
from poetgen.script.opencc import INSTALL_OPENCC, SIMPLIFIED, can_convert, preferred_script, to_simplified
from poetgen.script.variants import VariantTable
from poetgen.writing.beginning import regular_marks
from poetgen.writing.constraints import VerseDraft
from poetgen.writing.decoding import (
    TILE,
    Network,
    Row,
    Start,
    count_processors,
    map_in_threads,
    write_together,
)
from poetgen.writing.draft import Draft, MarkedDraft, UnmarkedDraft, break_lines
from poetgen.writing.formshares import form_shares
from poetgen.writing.freely import FreeDraft, FreeMasks
from poetgen.writing.lexicon import Lexicon
from poetgen.writing.prompt import Prompt, read_heads, read_prompt
from poetgen.writing.ranking import score
from poetgen.writing.rewriter import Rewriter
from poetgen.writing.sampling import Sampling
from poetgen.writing.settle import USUAL, Limits, Settled, Wishes, read_wishes, settle
from poetgen.writing.task import CANDIDATES, Drawing, Opening, Task, check_page
from poetgen.writing.written import Rank, Written

DEFAULT_MAX_LENGTH = 120
MOST_TOGETHER = 8 * TILE  # poems a thread writes at once


class Writer:
    """A loaded model, ready to write: `for poem in Writer.load().write("月"): print(poem)`."""

    def __init__(self, checkpoint: Checkpoint, source: Path | None = None) -> None:
        self.source = source
        self.vocabulary = checkpoint.vocabulary
        self.readings = VariantTable(checkpoint.vocabulary)
        self.known = None if checkpoint.lines is None else LineIndex(checkpoint.lines)
        corpus = from_dict(checkpoint.config).corpus
        self.keeps_marks = corpus.punctuation == "keep"
        self._usual = (parse_form(corpus.form),) if corpus.form else USUAL
        self._network = Network(checkpoint.weights, checkpoint.vocabulary)
        self._masks = FreeMasks(checkpoint.vocabulary)

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
        form: str | None = None,
        rhyme: str | None = None,
        tones: str | None = None,
        first_line_rhymes: bool | None = None,
        acrostic: str | None = None,
        no_repeat: bool = False,
        best_of: int = CANDIDATES,
        seed: int | None = None,
        count: int = 1,
        temperature: float = Sampling.temperature,
        top_k: int = Sampling.top_k,
        top_p: float = Sampling.top_p,
        repeat_penalty: float = Sampling.repeat_penalty,
        max_length: int | None = None,
        script: str | None = None,
    ) -> Iterator[Written]:
        """Write `count` poems that begin with `prompt`, or freely; each is the best of `best_of` candidates.

        `form` (a name, a shape, or free), `rhyme` (a group, auto or off), `tones` (strict, relaxed or off) and
        `first_line_rhymes` are kept where given; None is as usual for the form, and gives way to the prompt
        (poetgen.writing.settle). `acrostic` has the first hanzi of the lines. `max_length` is in hanzi, by
        default DEFAULT_MAX_LENGTH where no form says otherwise. `seed` None draws one, told by each poem;
        `script` None answers in that of the prompt. Everything is checked before the first poem: raises
        ConfigError or PromptError.
        """
        sampling = Sampling(temperature, top_k, top_p, repeat_penalty)
        drawing = Drawing.checked(sampling, seed=seed, count=count, best_of=best_of)
        check_page(max_length, script)
        heads = Prompt() if acrostic is None else read_heads(acrostic, self.readings)
        wishes = read_wishes(
            form=form,
            rhyme=rhyme,
            tones=tones,
            first_line_rhymes=first_line_rhymes,
            heads=heads.text,
            no_repeat=no_repeat,
        )
        opening = self._open(self._read(prompt, wishes, max_length), heads, wishes, max_length)
        typed = opening.prompt if prompt is not None or acrostic is None else heads
        task = Task(opening, drawing, script or typed.script)
        if task.script == SIMPLIFIED and not can_convert():
            raise PoetgenError(f"simplified poems cannot be printed: {INSTALL_OPENCC}")
        return self._write(task)

    def rewrite(
        self,
        poem: str,
        line: int,
        *,
        begins: str = "",
        best_of: int = CANDIDATES,
        seed: int | None = None,
        count: int = 1,
        temperature: float = Sampling.temperature,
        top_k: int = Sampling.top_k,
        top_p: float = Sampling.top_p,
        repeat_penalty: float = Sampling.repeat_penalty,
        script: str | None = None,
    ) -> Iterator[Written]:
        """The poem with line `line` (from 1) written anew, `count` times; the other lines stay as they are typed.

        The new line `begins` as asked and keeps the rules that the other lines keep (poetgen.writing.revision). Of
        `best_of` candidates that differ from the present line, the one is taken with which the whole poem scores
        best. Everything is checked before the first: raises ConfigError or PromptError.
        """
        sampling = Sampling(temperature, top_k, top_p, repeat_penalty)
        drawing = Drawing.checked(sampling, seed=seed, count=count, best_of=best_of)
        check_page(None, script)
        rewriter = Rewriter(
            self._network, self._lexicon, self.readings, known=self.known, keeps_marks=self.keeps_marks
        )
        return rewriter.rewrite(poem, line, begins=begins, drawing=drawing, script=script)

    @cached_property
    def _lexicon(self) -> Lexicon:
        return Lexicon(self.vocabulary)

    def _read(self, typed: str | None, wishes: Wishes, max_length: int | None) -> Prompt:
        if typed is None:
            return Prompt(script=preferred_script())
        form = wishes.form
        return read_prompt(
            typed,
            self.readings,
            max_length=max_length
            or max(DEFAULT_MAX_LENGTH, form.line_length * form.line_count if form else 0),
            keeps_marks=self.keeps_marks,
            score=lambda texts: [self._network.follow(text)[2] for text in texts],
            line_length=form.line_length if form else None,
        )

    def _open(self, prompt: Prompt, heads: Prompt, wishes: Wishes, max_length: int | None) -> Opening:
        """The drafts that the prompt and the wishes leave possible. Raises PromptError."""
        limits = Limits(self._usual, max_length, self.keeps_marks)
        regular = regular_marks(prompt.text)
        drafts, notes = Settled() if wishes.is_free else settle(wishes, regular, self._lexicon, limits)
        notes = (*prompt.notes, *heads.notes, *notes)
        if drafts:
            prompt = replace(prompt, text=regular, typed=regular_marks(prompt.typed))
            start = Start.after(prompt.text, self._network)
            shares = form_shares(self._network, start, drafts, keeps_marks=self.keeps_marks)
            return Opening(prompt, heads, start, drafts, shares, notes)
        free = self._free_draft(prompt.text, max_length or DEFAULT_MAX_LENGTH)
        return Opening(prompt, heads, Start.after(prompt.text, self._network), [free], [1.0], notes)

    def _free_draft(self, text: str, max_length: int) -> FreeDraft:
        draft: Draft = MarkedDraft(max_length) if self.keeps_marks else UnmarkedDraft(max_length)
        for char in text:
            draft.add(char)
        if not draft.fits:
            raise PromptError(
                f"no room to complete a poem of {max_length} hanzi that begins so; "
                "shorten the prompt or raise --max-length"
            )
        return FreeDraft(draft, self._masks)

    def _write(self, task: Task) -> Iterator[Written]:
        drawing = task.drawing
        total = drawing.count * drawing.best_of
        size = min(MOST_TOGETHER, TILE * -(-total // (TILE * count_processors())))
        groups = [range(first, min(first + size, total)) for first in range(0, total, size)]

        def write(numbers: range) -> Sequence[Row]:
            rows = [task.row(number) for number in numbers]
            return write_together(self._network, task.opening.start, rows, sampling=drawing.sampling)

        rows = chain.from_iterable(
            map_in_threads(write, groups, threads=min(count_processors(), len(groups)))
        )
        for index, candidates in enumerate(zip(*[rows] * drawing.best_of, strict=True)):
            yield self._best(candidates, task, index)

    def _best(self, candidates: Sequence[Row], task: Task, index: int) -> Written:
        if len(candidates) == 1:
            return self._finish(candidates[0], task, index, None)
        given = sum(map(is_hanzi, task.opening.prompt.text))
        scores = [
            score(self._lines(row)[0], row.log_probability, known=self.known, given=given)
            for row in candidates
        ]
        best = max(range(len(scores)), key=scores.__getitem__)
        return self._finish(candidates[best], task, index, Rank(len(candidates), best, scores[best]))

    def _lines(self, row: Row) -> tuple[tuple[str, ...], str]:
        """Lines and marks, in corpus characters."""
        body = self.vocabulary.decode(row.ids)
        if isinstance(row.draft, VerseDraft) and not self.keeps_marks:
            return row.draft.verse.broken(body)
        return _parted(body) if self.keeps_marks else break_lines(body)

    def _finish(self, row: Row, task: Task, index: int, rank: Rank | None) -> Written:
        lines, marks = self._lines(row)
        opening = task.opening
        kept = row.draft.kept() if isinstance(row.draft, VerseDraft) else None
        return Written(
            lines=_simplified(lines, opening) if task.script == SIMPLIFIED else lines,
            marks=marks,
            script=task.script,
            seed=task.drawing.seed,
            index=index,
            log_probability=row.log_probability,
            prompt=opening.prompt.given,
            notes=opening.notes,
            template=kept and kept.template,
            rhyme_group=kept and kept.rhyme_group,
            tones=kept and kept.tones,
            rank=rank,
            corpus_lines=lines,
        )


def _parted(body: str) -> tuple[tuple[str, ...], str]:
    marks = "".join(char for char in body if char in MARKS)
    return tuple("".join("\n" if char in MARKS else char for char in body).split()), marks


def _simplified(lines: Sequence[str], opening: Opening) -> tuple[str, ...]:
    """Lines in simplified characters. Where a phrase rule of OpenCC would print what was typed otherwise than
    typed, it stays as typed."""
    printed = list(to_simplified("\n".join(lines)).replace("\n", ""))
    typed = dict(enumerate(filter(is_hanzi, opening.prompt.typed)))
    ends = [sum(map(len, lines[:k])) for k in range(len(lines) + 1)]
    heads = dict(zip(ends, opening.heads.typed, strict=False))
    for place, char in (heads | typed).items():
        if to_simplified(char) == char:
            printed[place] = char
    return tuple("".join(printed[first:last]) for first, last in pairwise(ends))
