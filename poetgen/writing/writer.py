"""Prompt, constraints and seed → poems, by the NumPy network; torch is never imported to write.

Every poem draws from a random stream of its own, made of the seed, its index and its prompt, and every number
it is made from is computed from its own row alone (poetgen.writing.network): poem 3 of seed 7 is the same poem
whatever the count, the batch and the number of threads.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from poetgen.argument_types import check_arguments
from poetgen.checkpoint import Checkpoint, find_checkpoint
from poetgen.errors import PromptError
from poetgen.files import Workspace
from poetgen.language import tr
from poetgen.poem.form import form_of
from poetgen.poem.places import GivenTexts
from poetgen.poem.poem import is_hanzi
from poetgen.script.convert import keeps_spelling, print_lines
from poetgen.verse.rhyme_books import PINGSHUI, XINYUN, check_book, parse_book
from poetgen.writing.decoding import CANDIDATES, Candidate, Sampling, decode, draw_seed
from poetgen.writing.loaded_model import LoadedModel
from poetgen.writing.network import TILE, count_processors, map_in_threads
from poetgen.writing.poem import GeneratedPoem, Rank
from poetgen.writing.prompt import shape_of
from poetgen.writing.ranking import score
from poetgen.writing.request import PoemOptions, Request, check_script, read_request

MOST_TOGETHER = 8 * TILE  # poems a thread writes at once


class Writer:
    """A loaded model, ready to write: `for poem in Writer.load().write("月"): print(poem)`."""

    def __init__(self, checkpoint: Checkpoint, source: Path | None = None) -> None:
        self.source = source
        self.model = LoadedModel(checkpoint)

    @classmethod
    @check_arguments
    def load(cls, checkpoint: Path | str | None = None, *, home: Path | str | None = None) -> "Writer":
        """The model in a file, a run folder or the workspace's run of that name; by default the released one.

        Raises CheckpointError.
        """
        path = find_checkpoint(Workspace.find(home), None if checkpoint is None else Path(checkpoint))
        return cls(Checkpoint.load(path), path)

    @check_arguments
    def write(
        self,
        prompt: str | Iterable[str] | None = None,
        *,
        title: str | None = None,
        about: str | None = None,
        poet: str | None = None,
        form: str | None = None,
        rhyme: str | None = None,
        rhyme_book: str = PINGSHUI,
        book: bool = False,
        tones: str | None = None,
        first_line_rhymes: bool | None = None,
        acrostic: str | None = None,
        feet: str | None = None,
        last_line: str | None = None,
        fill: str | None = None,
        avoid: str | None = None,
        no_repeat: bool = False,
        best_of: int = CANDIDATES,
        seed: int | None = None,
        count: int = 1,
        temperature: float = Sampling.temperature,
        top_k: int = Sampling.top_k,
        top_p: float = Sampling.top_p,
        repeat_penalty: float = Sampling.repeat_penalty,
        common_penalty: float = Sampling.common_penalty,
        guidance: float = Sampling.guidance,
        max_length: int | None = None,
        script: str | None = None,
    ) -> Iterator[GeneratedPoem]:
        """Write `count` poems that begin with `prompt`, or freely; each is the best of `best_of` candidates.

        With several prompts there are `count` poems for each, all of one seed.
        `title` is what the poems are about, `about` the same in words of today, `poet` in whose manner they are
        written; a model that was told such things in training is told them, and a `form` that is asked for.
        `form` (a name, a shape, or free), `rhyme` (a group, auto or off), `tones` (strict, relaxed or off) and
        `first_line_rhymes` are kept where given; None is as usual for the form, and gives way to the prompt
        (poetgen.writing.beginning). `rhyme_book` is 平水韻, 詞林正韻 or 新韻; with `book` it is taken
        alone, without the readings that others add to its characters. `acrostic` has the first hanzi of
        the lines, `feet` those that end the rhyming ones (次韻), `last_line` the whole last line; □ in a prompt
        stands for a hanzi to be written, and `fill` is a whole poem with such blanks. `avoid` are hanzi that no
        poem is to have. `max_length` is in hanzi, by default DEFAULT_MAX_LENGTH where no form says otherwise.
        `seed` None draws one, which each poem has; `script` None answers in that of the prompt. Everything is
        checked before the first poem: raises ConfigError or PromptError.
        """
        seed = draw_seed() if seed is None else seed
        sampling = Sampling(
            temperature, top_k, top_p, repeat_penalty, seed, count, best_of, common_penalty, guidance
        )
        if fill is not None:
            if prompt is not None:
                raise PromptError(
                    tr("--fill gives the whole poem, and a prompt its beginning; omit one of the two")
                )
            prompt, form = fill, form or shape_of(fill)
        options = PoemOptions(
            title=title,
            about=about,
            poet=poet,
            form=form,
            rhyme=rhyme,
            rhyme_book=parse_book(rhyme_book),
            book=book,
            tones=tones,
            first_line_rhymes=first_line_rhymes,
            acrostic=acrostic,
            feet=feet,
            last_line=last_line,
            avoid=avoid,
            no_repeat=no_repeat,
            max_length=max_length,
            script=script,
        )
        prompts = [prompt] if prompt is None or isinstance(prompt, str) else list(prompt)
        requests = [self._read(one, options, sampling, is_one_of_many=len(prompts) > 1) for one in prompts]
        return chain.from_iterable(map(self._write, requests))

    @check_arguments
    def rewrite(
        self,
        poem: str,
        line: int | list[int],
        *,
        begins: str = "",
        best_of: int = CANDIDATES,
        seed: int | None = None,
        count: int = 1,
        temperature: float = Sampling.temperature,
        top_k: int = Sampling.top_k,
        top_p: float = Sampling.top_p,
        repeat_penalty: float = Sampling.repeat_penalty,
        common_penalty: float = Sampling.common_penalty,
        rhyme_book: str = PINGSHUI,
        book: bool = False,
        script: str | None = None,
    ) -> Iterator[GeneratedPoem]:
        """The poem with line `line` (from 1) written anew, `count` times; the other lines stay as they are typed.

        Several lines are written one after another, each between the others as they then are. The first new line
        `begins` as asked and keeps the rules that the other lines keep
        (poetgen.writing.line_matcher). Of `best_of` candidates that differ from the present line, the one is taken
        with which the whole poem scores best. Everything is checked before the first: raises ConfigError or
        PromptError.
        """
        from poetgen.writing.rewriter import Rewriter

        seed = draw_seed() if seed is None else seed
        sampling = Sampling(temperature, top_k, top_p, repeat_penalty, seed, count, best_of, common_penalty)
        check_script(script)
        model = self.model.with_characters(poem, begins)
        rhyme_book = parse_book(rhyme_book)
        check_book(rhyme_book, alone=book)
        rewriter = Rewriter(model, model.prosody(rhyme_book, amended=not book))
        lines = line if isinstance(line, list) else [line]
        return rewriter.rewrite(poem, lines, begins=begins, sampling=sampling, script=script)

    def _read(
        self, prompt: str | None, options: PoemOptions, sampling: Sampling, *, is_one_of_many: bool
    ) -> Request:
        """Raises PoetgenError, which names the prompt where it is one of many."""
        if not isinstance(prompt, str | None):
            raise PromptError(tr("a prompt must be text, not {one!r:.60}", one=prompt))
        try:
            model = self.model.with_characters(*filter(None, (prompt, *options.places)))
            return read_request(model, prompt, options, sampling)
        except PromptError as error:
            raise PromptError(
                f"{prompt:.20}: {error}" if prompt and is_one_of_many else str(error)
            ) from error

    def _write(self, request: Request) -> Iterator[GeneratedPoem]:
        sampling, prefix = request.sampling, request.prefix
        total = sampling.count * sampling.best_of
        size = min(MOST_TOGETHER, TILE * -(-total // (TILE * count_processors())))
        groups = (range(first, min(first + size, total)) for first in range(0, total, size))

        def write(numbers: range) -> Sequence[Candidate]:
            candidates = [request.start(number) for number in numbers]
            return decode(request.network, prefix.logits, prefix.state, candidates, sampling=sampling)

        threads = min(count_processors(), -(-total // size))
        candidates = chain.from_iterable(map_in_threads(write, groups, threads=threads))
        for index, own in enumerate(zip(*[candidates] * sampling.best_of, strict=True)):
            yield self._best(own, request, index)

    def _best(self, candidates: Sequence[Candidate], request: Request, index: int) -> GeneratedPoem:
        if len(candidates) == 1:
            return _finish(candidates[0], request, index, None)
        given = sum(map(is_hanzi, request.prompt.text))
        merits = request.phrase.merits(candidates, given=given) if request.phrase else [0.0] * len(candidates)
        scores = [
            self._score(own, request, given, merit) for own, merit in zip(candidates, merits, strict=True)
        ]
        best = max(range(len(scores)), key=scores.__getitem__)
        return _finish(candidates[best], request, index, Rank(len(candidates), best, scores[best]))

    def _score(self, written: Candidate, request: Request, given: int, merit: float) -> float:
        scansion = written.matcher.scansion()
        is_old = request.rhyme_book != XINYUN  # which tones are rare is known of Tang poems alone
        tones = scansion.tones if scansion and scansion.template and is_old else None
        lines, _ = written.matcher.lines()
        likely = written.log_probability - written.opening  # which opening is the likeliest is no merit
        return score(lines, likely + merit, known=self.model.known_lines, given=given, tones=tones)


def _finish(written: Candidate, request: Request, index: int, rank: Rank | None) -> GeneratedPoem:
    lines, marks = written.matcher.lines()
    scansion = written.matcher.scansion()
    return GeneratedPoem(
        lines=print_lines(lines, request.script, typed=_typed_places(request, lines)),
        marks=marks,
        script=request.script,
        seed=request.sampling.seed,
        index=index,
        log_probability=written.log_probability,
        prompt=request.prompt.given,
        notes=(*request.notes, *written.matcher.notes),
        template=scansion and scansion.template,
        rhyme_group=scansion and scansion.rhyme_group,
        tones=scansion and scansion.tones,
        rank=rank,
        corpus_lines=lines,
        title=request.title,
        poet=request.poet,
        rhyme_book=request.rhyme_book,
    )


def _typed_places(request: Request, lines: Sequence[str]) -> dict[int, str]:
    """The hanzi that were typed, by their place in the poem; not those that its script does not have."""
    form, script = form_of(lines), request.script
    texts = {name: one.typed for name, one in request.given.items() if keeps_spelling(one.script, script)}
    places = GivenTexts(**texts).places(form).items() if form else ()
    prompt = request.prompt.typed if keeps_spelling(request.prompt.script, script) else ""
    starts = [sum(map(len, lines[:k])) for k in range(len(lines))]
    return {starts[line] + column: hanzi for (line, column), hanzi in places} | dict(
        enumerate(filter(is_hanzi, prompt))
    )
