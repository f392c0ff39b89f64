"""Prompt, constraints and seed → poems, by the NumPy network; torch is never imported to write.

Every poem draws from a random stream of its own, made of the seed, its index and its prompt, and every number
it is made from is computed from its own row alone (poetgen.writing.network): poem 3 of seed 7 is the same poem
whatever the count, the batch and the number of threads.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poetgen.argument_types import check_arguments
from poetgen.checkpoint import Checkpoint, find_checkpoint
from poetgen.config import from_dict
from poetgen.corpus.line_index import LineIndex
from poetgen.errors import ConfigError, PoetgenError, PromptError
from poetgen.files import Workspace
from poetgen.language import tr
from poetgen.poem.form import Form, form_of, parse_form
from poetgen.poem.places import BLANK, GivenTexts
from poetgen.poem.poem import is_hanzi
from poetgen.script.convert import print_lines, script_of
from poetgen.script.opencc import (
    INSTALL_OPENCC,
    SCRIPTS,
    SIMPLIFIED,
    TRADITIONAL,
    as_utf8,
    can_convert,
    normalize,
    preferred_script,
)
from poetgen.script.variants import VariantTable
from poetgen.verse.prosody import TokenProsody
from poetgen.verse.rhyme_books import PINGSHUI, XINYUN, parse_book
from poetgen.verse.rhymes import RhymeTable
from poetgen.writing.beginning import resolve
from poetgen.writing.constraints import DEFAULT_MAX_LENGTH, SHORTEST, USUAL, Constraints, Page
from poetgen.writing.decoding import (
    CANDIDATES,
    Candidate,
    Matcher,
    Sampling,
    decode,
    draw_seed,
    random_stream,
)
from poetgen.writing.network import TILE, Network, Prefix, count_processors, map_in_threads
from poetgen.writing.poem import GeneratedPoem, Rank
from poetgen.writing.prompt import (
    Prompt,
    read_acrostic,
    read_avoided,
    read_feet,
    read_last_line,
    read_prompt,
    shape_of,
)
from poetgen.writing.ranking import form_prior, score

if TYPE_CHECKING:
    from poetgen.writing.conditions import Conditions

MOST_TOGETHER = 8 * TILE  # poems a thread writes at once
READERS = {"acrostic": read_acrostic, "feet": read_feet, "last_line": read_last_line}
FORM_STREAM = 2**31  # the random stream that draws a poem's form, beyond those of all candidates


@dataclass(frozen=True)
class Request:
    """What one call asks for: the prompt as read, what is `given` for places, where and how poems begin.

    There is one matcher for each form that a poem may take, with its probability in `form_prior`.
    """

    prompt: Prompt
    given: Mapping[str, Prompt]
    prefix: Prefix
    matchers: Sequence[Matcher]
    form_prior: Sequence[float]
    sampling: Sampling
    script: str
    network: Network
    notes: tuple[str, ...] = ()
    title: str | None = None
    poet: str | None = None
    rhyme_book: str = PINGSHUI
    form_notes: Mapping[Form, str] = field(default_factory=dict)

    def notes_on(self, form: Form | None) -> tuple[str, ...]:
        """What is said of a poem of this form."""
        own = self.form_notes.get(form) if form else None
        return (*self.notes, own) if own else self.notes

    def start(self, number: int) -> Candidate:
        """Candidate `number % best_of` of poem `number // best_of`, not yet written."""
        index, candidate = divmod(number, self.sampling.best_of)
        rng = random_stream(self.sampling.seed, index, self.prefix.text, candidate)
        return Candidate(rng, self._matcher(index).fork(), list(self.prefix.ids), self.prefix.log_probability)

    def _matcher(self, index: int) -> Matcher:
        """Of the form that this poem takes, the same for all its candidates."""
        if len(self.matchers) == 1 or self.sampling.is_greedy:
            return self.matchers[self.form_prior.index(max(self.form_prior))]
        drawn = random_stream(self.sampling.seed, index, self.prefix.text, FORM_STREAM).random()
        for matcher, share in zip(self.matchers, self.form_prior, strict=True):
            drawn -= share
            if drawn < 0:
                return matcher
        return self.matchers[-1]


class Writer:
    """A loaded model, ready to write: `for poem in Writer.load().write("月"): print(poem)`."""

    def __init__(self, checkpoint: Checkpoint, source: Path | None = None) -> None:
        self.source = source
        self.notes: tuple[str, ...] = ()  # on the characters that are new to it
        self._checkpoint = checkpoint
        self.vocabulary = checkpoint.vocabulary
        self.variants = VariantTable(checkpoint.vocabulary)
        self.known_lines = None if checkpoint.lines is None else LineIndex(checkpoint.lines)
        corpus = from_dict(checkpoint.config).corpus
        self.keeps_marks = corpus.punctuation == "keep"
        self._usual_forms = (parse_form(corpus.form),) if corpus.form else USUAL
        self.conditions = checkpoint.conditions
        self._network = Network(checkpoint.weights, checkpoint.vocabulary)
        self._prosodies: dict[str, TokenProsody] = {}

    @classmethod
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
        (poetgen.writing.beginning). `rhyme_book` is 平水韻, 詞林正韻 or 新韻. `acrostic` has the first hanzi of
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
        _check_page(max_length, script)
        asked = {
            "form": form,
            "rhyme": rhyme,
            "rhyme_book": parse_book(rhyme_book),
            "tones": tones,
            "first_line_rhymes": first_line_rhymes,
            "no_repeat": no_repeat,
        }
        subject = {"title": title, "about": about, "poet": poet}
        if fill is not None:
            if prompt is not None:
                raise PromptError(
                    tr("--fill gives the whole poem, and a prompt its beginning; omit one of the two")
                )
            prompt, asked["form"] = fill, form or shape_of(fill)
        texts = {"acrostic": acrostic, "feet": feet, "last_line": last_line, "avoid": avoid}
        requests = []
        prompts = [prompt] if prompt is None or isinstance(prompt, str) else list(prompt)
        for one in prompts:
            if not isinstance(one, str | None):
                raise PromptError(tr("a prompt must be text, not {one!r:.60}", one=one))
            try:
                knowing = self._knowing(one or "", *(each or "" for each in texts.values()))
                requests.append(
                    knowing._request(
                        one, texts, asked, subject, max_length=max_length, sampling=sampling, script=script
                    )
                )
            except PromptError as error:
                raise PromptError(
                    f"{one:.20}: {error}" if one and len(prompts) > 1 else str(error)
                ) from error
        return chain.from_iterable(map(self._write, requests))

    @check_arguments
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
        common_penalty: float = Sampling.common_penalty,
        rhyme_book: str = PINGSHUI,
        script: str | None = None,
    ) -> Iterator[GeneratedPoem]:
        """The poem with line `line` (from 1) written anew, `count` times; the other lines stay as they are typed.

        The new line `begins` as asked and keeps the rules that the other lines keep
        (poetgen.writing.line_matcher). Of `best_of` candidates that differ from the present line, the one is taken
        with which the whole poem scores best. Everything is checked before the first: raises ConfigError or
        PromptError.
        """
        from poetgen.writing.rewriter import Rewriter

        seed = draw_seed() if seed is None else seed
        sampling = Sampling(temperature, top_k, top_p, repeat_penalty, seed, count, best_of, common_penalty)
        _check_page(None, script)
        knowing = self._knowing(poem, begins)
        rewriter = Rewriter(
            knowing._network,
            knowing._prosody(parse_book(rhyme_book)),
            knowing.variants,
            known=self.known_lines,
            keeps_marks=self.keeps_marks,
            notes=knowing.notes,
        )
        return rewriter.rewrite(poem, line, begins=begins, sampling=sampling, script=script)

    def _prosody(self, book: str) -> TokenProsody:
        """The tones and rhymes of its tokens by a rhyme book."""
        if book not in self._prosodies:
            table = None if book == PINGSHUI else RhymeTable.load(book=book)
            self._prosodies[book] = TokenProsody(self.vocabulary, table)
        return self._prosodies[book]

    def _knowing(self, *typed: str) -> "Writer":
        """A writer that knows every hanzi of what was typed: this one, but for new characters."""
        text = normalize("".join(as_utf8(each, "the prompt") for each in typed))
        unknown = [char for char in text if is_hanzi(char) and not self.variants.candidates(char)]
        if not unknown or not can_convert():
            return self
        from poetgen.writing.new_characters import new_characters, teach

        new = new_characters(unknown, self.variants, self.vocabulary)
        knowing = Writer(teach(self._checkpoint, new), self.source)
        knowing.notes = tuple(character.note for character in new)
        return knowing

    def _request(
        self,
        typed: str | None,
        texts: Mapping[str, str | None],
        asked: Mapping[str, Any],
        subject: Mapping[str, str | None],
        *,
        max_length: int | None,
        sampling: Sampling,
        script: str | None,
    ) -> Request:
        """Read and check all that is asked for. Raises PoetgenError."""
        given = {
            name: read_one(text, self.variants)
            for name, read_one in READERS.items()
            if (text := texts[name]) is not None
        }
        constraints = Constraints.parse(
            **asked, given=GivenTexts(**{name: one.text for name, one in given.items()})
        )
        told = self._read_conditions(**subject, constraints=constraints)
        read = self._read(typed, constraints, max_length)
        if BLANK in read.text:
            constraints = constraints.with_start(read.text)
        spoken = [typed, *texts.values(), *subject.values()]
        script = script or script_of(filter(None, spoken), self.variants)
        if script != TRADITIONAL and not can_convert():
            raise PoetgenError(
                tr(
                    "{script} poems cannot be printed: {install_opencc}",
                    script=script,
                    install_opencc=INSTALL_OPENCC,
                )
            )
        book = asked["rhyme_book"]
        prosody = self._prosody(book)
        avoid = texts["avoid"]
        if avoid is not None:
            prosody = self._avoiding(avoid, prosody, [read, *given.values()])
        return self._prepare(read, given, constraints, max_length, sampling, script, told, prosody)

    def _avoiding(self, typed: str, prosody: TokenProsody, given: Sequence[Prompt]) -> TokenProsody:
        """The tokens without those that no poem is to have. Raises PromptError where one is asked for too."""
        avoided = read_avoided(typed, self.variants)
        for one in given:
            both = next((char for char in avoided if char in one.text), "")
            if both:
                raise PromptError(
                    tr(
                        "{both} is to be avoided and stands in {given}; change one of the two",
                        both=both,
                        given=one.given,
                    )
                )
        return prosody.without(self.vocabulary.encode(avoided))

    def _read_conditions(
        self, title: str | None, about: str | None, poet: str | None, constraints: Constraints
    ) -> "Conditions | None":
        """What the model is told; None where nothing was asked and it knows nothing of the kind."""
        if self.conditions is None and title is about is poet is None:
            return None
        from poetgen.writing.conditions import read_conditions

        return read_conditions(
            self.conditions, self.variants, title=title, about=about, poet=poet, form=constraints.form
        )

    def _read(self, typed: str | None, constraints: Constraints, max_length: int | None) -> Prompt:
        if typed is None:
            return Prompt(script=preferred_script())
        form = constraints.form
        lengths = {each.line_length for each in ((form,) if form else constraints.forms)}
        return read_prompt(
            typed,
            self.variants,
            max_length=max_length or max(DEFAULT_MAX_LENGTH, form.hanzi if form else 0),
            keeps_marks=self.keeps_marks,
            score=lambda texts: [self._network.follow(text)[2] for text in texts],
            line_length=lengths.pop() if len(lengths) == 1 else None,
        )

    def _prepare(
        self,
        typed: Prompt,
        given: Mapping[str, Prompt],
        constraints: Constraints,
        max_length: int | None,
        sampling: Sampling,
        script: str,
        told: "Conditions | None",
        prosody: TokenProsody,
    ) -> Request:
        """All that is asked for, checked and ready to be written. Raises PromptError."""
        page = Page(self._usual_forms, max_length, self.keeps_marks)
        resolved = resolve(constraints, typed, prosody, page)
        prompt, matchers = resolved.prompt, resolved.matchers
        network = self._told(told, sampling.guidance) if told else self._network
        prefix = Prefix.read(prompt.text, network)
        prior = form_prior(network, prefix, matchers, keeps_marks=self.keeps_marks)
        notes = (*self.notes, *(told.notes if told else ()), *prompt.notes)
        notes = (*notes, *(note for one in given.values() for note in one.notes), *resolved.notes)
        return Request(
            prompt,
            {**given} | ({"start": typed} if BLANK in typed.text else {}),
            prefix,
            matchers,
            prior,
            sampling,
            script,
            network,
            notes,
            (told and told.title) or None,
            (told and told.poet) or None,
            prosody.table.book,
            resolved.form_notes,
        )

    def _told(self, told: "Conditions", guidance: float) -> Network:
        """The network that has been told what poems are to be; the form alone needs no guidance."""
        assert self.conditions is not None
        prefix = told.prefix(self.conditions, self.vocabulary)
        if not told.title and not told.poet:
            return self._network.after(prefix)
        apart = replace(told, title="", poet="").prefix(self.conditions, self.vocabulary)
        return self._network.after(prefix, apart=apart, guidance=guidance)

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
        scores = [self._score(own, request, given) for own in candidates]
        best = max(range(len(scores)), key=scores.__getitem__)
        return _finish(candidates[best], request, index, Rank(len(candidates), best, scores[best]))

    def _score(self, written: Candidate, request: Request, given: int) -> float:
        scansion = written.matcher.scansion()
        is_old = request.rhyme_book != XINYUN  # which tones are rare is known of Tang poems alone
        tones = scansion.tones if scansion and scansion.template and is_old else None
        lines, _ = written.matcher.lines()
        likely = written.log_probability - written.opening  # which opening is the likeliest is no merit
        return score(lines, likely, known=self.known_lines, given=given, tones=tones)


def _check_page(max_length: int | None, script: str | None) -> None:
    """Raises ConfigError for a length or a script that cannot be."""
    if max_length is not None and max_length < SHORTEST:
        raise ConfigError(
            tr(
                "max-length must be at least {shortest}, two lines of five hanzi, not {max_length}",
                shortest=SHORTEST,
                max_length=max_length,
            )
        )
    if script is not None and script not in SCRIPTS:
        raise ConfigError(
            tr(
                "script cannot be {script!r}; choose one of: {scripts}",
                script=script,
                scripts=", ".join(SCRIPTS),
            )
        )
    preferred_script()  # a bad setting is refused even where it would not be needed


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
        notes=request.notes_on(form_of(lines)),
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
    form = form_of(lines)
    texts = {name: one.typed for name, one in request.given.items() if _keeps_spelling(one, request.script)}
    places = GivenTexts(**texts).places(form).items() if form else ()
    prompt = request.prompt.typed if _keeps_spelling(request.prompt, request.script) else ""
    starts = [sum(map(len, lines[:k])) for k in range(len(lines))]
    return {starts[line] + column: hanzi for (line, column), hanzi in places} | dict(
        enumerate(filter(is_hanzi, prompt))
    )


def _keeps_spelling(typed: Prompt, script: str) -> bool:
    return not typed.script == SIMPLIFIED != script
