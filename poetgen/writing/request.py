"""What was asked for, as typed → a request that is ready to be written: everything read, checked and begun."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from poetgen.errors import ConfigError, PoetgenError, PromptError
from poetgen.language import join_names, tr
from poetgen.poem.form import Form, shared_length
from poetgen.poem.places import BLANK, GivenTexts
from poetgen.script.convert import script_of
from poetgen.script.opencc import INSTALL_OPENCC, SCRIPTS, TRADITIONAL, can_convert, preferred_script
from poetgen.verse.prosody import TokenProsody
from poetgen.verse.rhyme_books import PINGSHUI, check_book
from poetgen.writing.beginning import resolve
from poetgen.writing.constraints import DEFAULT_MAX_LENGTH, SHORTEST, Constraints
from poetgen.writing.decoding import Candidate, Matcher, Sampling, random_stream
from poetgen.writing.loaded_model import LoadedModel
from poetgen.writing.network import Network, Prefix
from poetgen.writing.prompt import (
    Prompt,
    read_acrostic,
    read_avoided,
    read_feet,
    read_last_line,
    read_prompt,
)
from poetgen.writing.ranking import form_prior

if TYPE_CHECKING:
    from poetgen.writing.conditions import Conditions, Phrase

READERS = {"acrostic": read_acrostic, "feet": read_feet, "last_line": read_last_line}
FORM_STREAM = 2**31  # the random stream that draws a poem's form, beyond those of all candidates


@dataclass(frozen=True)
class PoemOptions:
    """What is asked of poems beside their prompt, as typed (Writer.write says what each is); None: as usual.

    Raises ConfigError for a length or a script that cannot be.
    """

    title: str | None = None
    about: str | None = None
    poet: str | None = None
    form: str | None = None
    rhyme: str | None = None
    rhyme_book: str = PINGSHUI
    book: bool = False
    tones: str | None = None
    first_line_rhymes: bool | None = None
    acrostic: str | None = None
    feet: str | None = None
    last_line: str | None = None
    avoid: str | None = None
    no_repeat: bool = False
    max_length: int | None = None
    script: str | None = None

    def __post_init__(self) -> None:
        check_book(self.rhyme_book, alone=self.book)
        if self.max_length is not None and self.max_length < SHORTEST:
            raise ConfigError(
                tr(
                    "max-length must be at least {shortest}, two lines of five hanzi, not {max_length}",
                    shortest=SHORTEST,
                    max_length=self.max_length,
                )
            )
        check_script(self.script)

    @property
    def places(self) -> tuple[str | None, ...]:
        """What hanzi are given for places of the poem, or against them."""
        return (self.acrostic, self.feet, self.last_line, self.avoid)

    @property
    def texts(self) -> tuple[str | None, ...]:
        """All that is said in Chinese."""
        return (*self.places, self.title, self.about, self.poet)

    def constraints(self, given: GivenTexts) -> Constraints:
        """The form and rules; `given` in corpus characters. Raises PromptError."""
        return Constraints.parse(
            form=self.form,
            tones=self.tones,
            rhyme=self.rhyme,
            first_line_rhymes=self.first_line_rhymes,
            given=given,
            no_repeat=self.no_repeat,
            rhyme_book=self.rhyme_book,
        )


def check_script(script: str | None) -> None:
    """Raises ConfigError for a script, asked for or preferred, that is none."""
    if script is not None and script not in SCRIPTS:
        raise ConfigError(
            tr(
                "script cannot be {script!r}; choose one of: {scripts}",
                script=script,
                scripts=join_names(SCRIPTS),
            )
        )
    preferred_script()  # a bad setting is refused even where it would not be needed


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
    phrase: "Phrase | None" = None  # of an acrostic

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


def read_request(model: LoadedModel, prompt: str | None, options: PoemOptions, sampling: Sampling) -> Request:
    """Read, check and begin all that is asked for. Raises PoetgenError."""
    given = {
        name: read_one(text, model.variants)
        for name, read_one in READERS.items()
        if (text := getattr(options, name)) is not None
    }
    constraints = options.constraints(GivenTexts(**{name: one.text for name, one in given.items()}))
    conditions = _read_conditions(model, options, constraints.form)
    read = _read_prompt(model, prompt, constraints, options.max_length)
    if BLANK in read.text:
        constraints = constraints.with_start(read.text)
    script = options.script or script_of(filter(None, (prompt, *options.texts)), model.variants)
    _check_printable(script)
    prosody = model.prosody(options.rhyme_book, amended=not options.book)
    if options.avoid is not None:
        prosody = _avoid(options.avoid, model, prosody, [read, *given.values()])
    begun, matchers = resolve(
        constraints,
        read,
        prosody,
        usual_forms=model.usual_forms,
        max_length=options.max_length,
        keeps_marks=model.keeps_marks,
    )
    network = _condition(model, conditions, sampling.guidance) if conditions else model.network
    prefix = Prefix.read(begun.text, network)
    parts = (conditions, begun, *given.values())
    return Request(
        prompt=begun,
        given={**given} | ({"start": read} if BLANK in read.text else {}),
        prefix=prefix,
        matchers=matchers,
        form_prior=form_prior(network, prefix, matchers, keeps_marks=model.keeps_marks),
        sampling=sampling,
        script=script,
        network=network,
        notes=(*model.notes, *(note for part in parts if part is not None for note in part.notes)),
        title=(conditions and conditions.title) or None,
        poet=(conditions and conditions.poet) or None,
        rhyme_book=prosody.table.book,
        phrase=_read_phrase(model, given, conditions),
    )


def _read_phrase(
    model: LoadedModel, given: Mapping[str, Prompt], conditions: "Conditions | None"
) -> "Phrase | None":
    if "acrostic" not in given:
        return None
    from poetgen.writing.conditions import read_phrase  # most poems have none

    return read_phrase(model, given["acrostic"].text, conditions)


def _read_prompt(
    model: LoadedModel, typed: str | None, constraints: Constraints, max_length: int | None
) -> Prompt:
    if typed is None:
        return Prompt(script=preferred_script())
    form = constraints.form
    return read_prompt(
        typed,
        model.variants,
        max_length=max_length or max(DEFAULT_MAX_LENGTH, form.hanzi if form else 0),
        keeps_marks=model.keeps_marks,
        score=lambda texts: [model.network.follow(text)[2] for text in texts],
        line_length=shared_length((form,) if form else constraints.forms),
    )


def _check_printable(script: str) -> None:
    if script != TRADITIONAL and not can_convert():
        raise PoetgenError(
            tr(
                "{script} poems cannot be printed: {install_opencc}",
                script=script,
                install_opencc=INSTALL_OPENCC,
            )
        )


def _avoid(typed: str, model: LoadedModel, prosody: TokenProsody, given: Sequence[Prompt]) -> TokenProsody:
    """The tokens without those that no poem is to have. Raises PromptError where one is asked for too."""
    avoided = read_avoided(typed, model.variants)
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
    return prosody.without(model.vocabulary.encode(avoided))


def _read_conditions(model: LoadedModel, options: PoemOptions, form: Form | None) -> "Conditions | None":
    """What the model is told; None where nothing was asked and it knows nothing of the kind."""
    subject = {"title": options.title, "about": options.about, "poet": options.poet}
    if model.conditions is None and not any(each is not None for each in subject.values()):
        return None
    from poetgen.writing.conditions import read_conditions

    return read_conditions(model.conditions, model.variants, **subject, form=form)


def _condition(model: LoadedModel, conditions: "Conditions", guidance: float) -> Network:
    """The network that has read what poems are to be; the form alone needs no guidance."""
    assert model.conditions is not None
    prefix = conditions.prefix(model.conditions, model.vocabulary)
    if not conditions.title and not conditions.poet:
        return model.network.after(prefix)
    apart = replace(conditions, title="", poet="").prefix(model.conditions, model.vocabulary)
    return model.network.after(prefix, apart=apart, guidance=guidance)
