"""What was asked of a poem: form, tones, rhyme, line heads."""

from collections.abc import Iterator
from dataclasses import dataclass

from poetgen.errors import PromptError
from poetgen.poem.form import Form
from poetgen.verse.rhymes import LEVEL, Reading, reading_in
from poetgen.verse.templates import MODES, RELAXED

AUTO, OFF = "auto", "off"


@dataclass(frozen=True)
class Rules:
    """The rules of one poem.

    `tones` is strict, relaxed or off; `rhyme` a group, auto (any group) or off; `first_line_rhymes` None leaves
    it free; `heads[k]` begins line k, lines beyond begin freely; `no_repeat`: no character comes twice.
    Raises PromptError for rules that cannot be kept together, whatever the poem.
    """

    form: Form
    tones: str = OFF
    rhyme: str = OFF
    first_line_rhymes: bool | None = None
    heads: str = ""
    no_repeat: bool = False

    def __post_init__(self) -> None:
        reason = next(self._contradictions(), "")
        if reason:
            raise PromptError(reason)

    def _contradictions(self) -> Iterator[str]:
        name, lines = self.form.name, self.form.line_count
        if self.has_tones and not self.form.regulated:
            yield f"{name} has no rules of tone; choose a form such as 五絕, or --tones {OFF}"
        if self.has_rhyme and lines < 4:
            yield f"{name} has no two even lines to rhyme; choose a longer --form, or --rhyme {OFF}"
        if self.has_tones and self.group and self.group.tone != LEVEL:
            yield (
                f"{self.rhyme} is an oblique rhyme and regulated verse rhymes in level tones; "
                f"choose a level group such as 東, or --tones {OFF}"
            )
        if self.first_line_rhymes is not None and not (self.has_rhyme or self.has_tones):
            yield "--first-line-rhymes says nothing without a rhyme; leave it out, or give --rhyme auto"
        if len(self.heads) > lines:
            yield (
                f"the acrostic has {len(self.heads)} characters and {name} {lines} lines; "
                "shorten the acrostic, or choose a longer --form"
            )
        if self.heads and self.form.line_length == 1:
            yield f"lines of one hanzi have no heads; choose another --form than {name}, or leave out --acrostic"
        twice = next((head for k, head in enumerate(self.heads) if head in self.heads[:k]), "")
        if twice and self.no_repeat:
            yield f"{twice} comes twice in the acrostic; leave out --no-repeat, or change the acrostic"

    @property
    def hanzi(self) -> int:
        """How many hanzi the poem has."""
        return self.form.line_length * self.form.line_count

    @property
    def has_tones(self) -> bool:
        """Whether the tones follow a template."""
        return self.tones in MODES

    @property
    def has_rhyme(self) -> bool:
        """Whether the even lines rhyme."""
        return self.rhyme != OFF

    @property
    def group(self) -> Reading | None:
        """The rhyme group asked for by name, as the reading of its characters."""
        return reading_in(self.rhyme) if self.rhyme not in (AUTO, OFF) else None

    @property
    def lifting_tones(self) -> str:
        """The option that allows more tones."""
        return "--tones off" if self.tones == RELAXED else "--tones relaxed or off"
