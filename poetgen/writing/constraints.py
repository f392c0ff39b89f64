"""What is asked of a poem: its form and the rules that it is to keep.

What is asked for is kept or refused. What is left open is as usual (for a regulated form relaxed tones and a
rhyme) unless the prompt breaks it; then it gives way, and a note says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from poetgen.errors import PromptError
from poetgen.language import join_names, tr
from poetgen.poem.form import FREE, Form, parse_forms
from poetgen.poem.lineation import regular_marks, split_at_marks
from poetgen.poem.places import BLANK, NOTHING_GIVEN, GivenTexts
from poetgen.poem.poem import word_of
from poetgen.verse.rhyme_books import BOOKS, LEVEL, PINGSHUI, Reading, groups_of, reading_in
from poetgen.verse.rhymes import parse_group
from poetgen.verse.templates import MODES, RELAXED

LINES = "lines"  # the tones of those lines of the prompt that break their template
AUTO, OFF = "auto", "off"
USUAL_FORMS = (Form(5, 4), Form(7, 4), Form(5, 8), Form(7, 8))
DEFAULT_MAX_LENGTH = 120  # hanzi of a poem of which no form says it
SHORTEST = 10  # hanzi that any poem may have: two lines of five


@dataclass(frozen=True)
class Constraints:
    """What is asked of a poem; None: as usual for its form, and it may give way to the prompt.

    `tones` is strict, relaxed or off; `rhyme` a group, auto (any group) or off; `first_line_rhymes` None leaves it
    free; `given` has hanzi for some places; `no_repeat`: no character comes twice. `is_free` asks for no form and
    no rules; `forms` are those of a family (律詩), one of which the poem is to have.
    """

    form: Form | None = None
    tones: str | None = None
    rhyme: str | None = None
    first_line_rhymes: bool | None = None
    given: GivenTexts = NOTHING_GIVEN
    no_repeat: bool = False
    is_free: bool = False
    forms: tuple[Form, ...] = ()

    @classmethod
    def parse(
        cls,
        *,
        form: str | None = None,
        tones: str | None = None,
        rhyme: str | None = None,
        first_line_rhymes: bool | None = None,
        given: GivenTexts = NOTHING_GIVEN,
        no_repeat: bool = False,
        rhyme_book: str = PINGSHUI,
    ) -> "Constraints":
        """Options as given, names in either script, a `rhyme` of that book; `given` in corpus characters.

        Raises PromptError.
        """
        if tones not in (None, OFF, *MODES):
            raise PromptError(
                tr(
                    "tones cannot be {tones!r}; choose {modes} or {off}",
                    tones=tones,
                    modes=join_names(MODES),
                    off=OFF,
                )
            )
        rhyme = rhyme if rhyme is None or rhyme in (AUTO, OFF) else parse_group(rhyme, rhyme_book)
        asked = cls(None, tones, rhyme, first_line_rhymes, given, no_repeat)
        if form == FREE:
            asked._check_free()
        if form == FREE or (form is None and asked == cls(rhyme=OFF, tones=OFF)):
            return cls(is_free=True)
        forms = parse_forms(form)
        return replace(asked, form=forms[0]) if len(forms) == 1 else replace(asked, forms=forms)

    def with_start(self, text: str) -> "Constraints":
        """The same for a beginning with blanks. Raises PromptError where no rules are to be kept."""
        asked = replace(self, given=self.given._replace(start=regular_marks(text)))
        if self.is_free:
            asked._check_free()
        return asked

    def _check_free(self) -> None:
        asked = {
            "--rhyme": self.rhyme not in (None, OFF),
            "--tones": self.tones not in (None, OFF),
            "--first-line-rhymes": self.first_line_rhymes is not None,
            "--acrostic": bool(self.given.acrostic),
            "--feet": bool(self.given.feet),
            "--last-line": bool(self.given.last_line),
            BLANK: bool(self.given.start),
            "--no-repeat": self.no_repeat,
        }
        first = next((name for name, is_asked in asked.items() if is_asked), None)
        if first:
            raise PromptError(
                tr(
                    "--form {free} has no rules, and {first} asks for one; omit one of the two",
                    free=FREE,
                    first=first,
                )
            )

    # ---- what they come to in a form ----

    @property
    def has_tones(self) -> bool:
        """Whether the tones follow a template."""
        return self.tones in MODES

    @property
    def mode(self) -> str:
        """How closely the template is followed: strict or relaxed."""
        return self.tones if self.tones in MODES else RELAXED

    @property
    def has_rhyme(self) -> bool:
        """Whether the even lines rhyme."""
        return self.rhyme not in (None, OFF)

    @property
    def group(self) -> Reading | None:
        """The rhyme group asked for by name, as the reading of its characters."""
        return reading_in(self.rhyme) if self.rhyme not in (None, AUTO, OFF) else None

    @property
    def level_example(self) -> str:
        """A level group of the same book as the rhyme."""
        return next(groups[0] for groups in map(groups_of, BOOKS) if self.rhyme in groups)

    @property
    def lifting_tones(self) -> str:
        """The option that allows more tones."""
        return "--tones off" if self.tones == RELAXED else tr("--tones relaxed or off")

    @property
    def lifting_rhyme(self) -> str:
        """The option that allows more rhymes."""
        return "--rhyme off" if self.rhyme == AUTO else tr("--rhyme auto or off")

    def check(self, form: Form) -> None:
        """Raises PromptError where a form cannot keep them together, whatever the poem."""
        reason = next(chain(self._faults_of_rules(form), self._faults_of_given(form)), "")
        if reason:
            raise PromptError(reason)

    def _faults_of_rules(self, form: Form) -> Iterator[str]:
        name = form.name
        if self.has_tones and not form.regulated:
            yield tr(
                "{name} has no rules of tone; choose a form such as 五絕, or --tones {off}",
                name=name,
                off=OFF,
            )
        if self.has_rhyme and form.line_count < 4:
            yield tr(
                "{name} has no two even lines to rhyme; choose a longer --form, or --rhyme {off}",
                name=name,
                off=OFF,
            )
        if self.has_tones and self.group and self.group.tone != LEVEL:
            yield tr(
                "{rhyme} is an oblique rhyme and regulated verse rhymes in level tones; choose a "
                "level group such as {level_example}, or --tones {off}",
                rhyme=self.rhyme,
                level_example=self.level_example,
                off=OFF,
            )
        if self.first_line_rhymes is not None and not (self.has_rhyme or self.has_tones):
            yield tr("--first-line-rhymes says nothing without a rhyme; omit it, or give --rhyme auto")

    def _faults_of_given(self, form: Form) -> Iterator[str]:
        name, lines, acrostic, feet = form.name, form.line_count, self.given.acrostic, self.given.feet
        if len(acrostic) > lines:
            yield tr(
                "the acrostic has {count} characters and {name} {lines} lines; shorten the "
                "acrostic, or choose a longer --form",
                count=len(acrostic),
                name=name,
                lines=lines,
            )
        if acrostic and form.line_length == 1:
            yield tr(
                "an acrostic needs longer lines than those of {name}; choose another --form, or omit --acrostic",
                name=name,
            )
        if len(feet) == lines // 2 + 1 and self.first_line_rhymes is False:
            yield tr("--feet has a rhyme for the first line too; omit it, or --first-line-rhymes no")
        places = self.given.places(form)
        twice = _first_again("".join(places.values()))
        if twice and self.no_repeat:
            yield tr("{twice} comes twice in what is given; omit --no-repeat, or change it", twice=twice)
        # a first line that is not to rhyme may not seem to either
        ends = [places.get((line, form.line_length - 1), "") for line in (0, *range(1, lines, 2))]
        again = _first_again("".join(ends))
        if again and self.has_rhyme:
            yield tr(
                "{again} is to end two rhyming lines, and nothing rhymes with itself; --rhyme off would allow it",
                again=again,
            )

    # ---- the forms that have room for it ----

    def forms_among(self, usual: Sequence[Form]) -> list[Form]:
        """The form asked for; else the usual ones, for an acrostic the shortest with room for it, else 排律.

        Raises PromptError where none has as many rhymes as --feet, and lines as long as --last-line.
        """
        if self.form:
            return [self.form]
        heads = len(self.given.acrostic)
        usual = [form for form in self.forms or usual if self._has_room(form)]
        counts = sorted({form.line_count for form in usual if form.line_count >= heads})
        if not counts and self.forms:
            return list(self.forms)
        if not counts:
            lines = 2 * len(self.given.feet) or heads + heads % 2
            longer = [form for length in (5, 7) if self._has_room(form := Form(length, lines))]
            if not longer:
                raise PromptError(
                    tr("no usual form has a line like {line}; choose a --form", line=self.given.last_line)
                )
            return longer
        return [form for form in usual if not heads or form.line_count == counts[0]]

    def _has_room(self, form: Form) -> bool:
        """Whether a form has as many rhymes and as long a last line as are given."""
        feet, last = len(self.given.feet), len(self.given.last_line)
        return last in (0, form.line_length) and feet in (0, form.line_count // 2, form.line_count // 2 + 1)

    def lack_of_room(self, form: Form, text: str, *, max_length: int | None, keeps_marks: bool) -> str:
        """Why a form has no room for the prompt or for itself; empty: it has."""
        if max_length is not None and form.hanzi > max_length:
            return tr(
                "{name} has {hanzi} hanzi and --max-length allows {max_length}; raise it, or choose "
                "a shorter --form",
                name=form.name,
                hanzi=form.hanzi,
                max_length=max_length,
            )
        if self.form or not keeps_marks:  # then what is wrong is told with its place when it is written
            return ""
        *closed, last = split_at_marks(text)
        lengths = {len(line) for line in closed} | {form.line_length}
        if len(lengths) > 1 or len(last) > form.line_length or len(closed) + bool(last) > form.line_count:
            return tr("no usual form begins as the prompt does; choose a --form, or --form {free}", free=FREE)
        return ""

    def relaxations(self) -> Iterator[tuple[str, ...]]:
        """What may be given up for the prompt's sake, least first: only what was not asked for."""
        names = [name for name in ("tones", "rhyme") if getattr(self, name) is None]
        for given_up in ((), (LINES,), ("tones",), ("rhyme",), (LINES, "rhyme"), ("tones", "rhyme")):
            if all(name in names or (name == LINES and "tones" in names) for name in given_up):
                yield given_up

    def in_form(self, form: Form, given_up: Sequence[str] = ()) -> "Constraints":
        """What they come to in a poem of this form: what is left open as is usual, unless it is `given_up`."""
        tones = self.tones or (RELAXED if form.regulated and "tones" not in given_up else OFF)
        rhyme = self.rhyme or (AUTO if form.regulated and "rhyme" not in given_up else OFF)
        has_more = len(self.given.feet) == form.line_count // 2 + 1 and (tones, rhyme) != (OFF, OFF)
        rhymes = True if has_more and self.first_line_rhymes is None else self.first_line_rhymes
        return replace(self, form=form, tones=tones, rhyme=rhyme, first_line_rhymes=rhymes)


def _first_again(hanzi: str) -> str:
    """The first that has been there before, in any spelling; "" where none has."""
    words = list(map(word_of, hanzi))
    return next((char for k, char in enumerate(hanzi) if words[k] in words[:k]), "")
