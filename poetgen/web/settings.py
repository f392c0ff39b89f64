"""What may be asked of the server: names as on the command line, with kinds, limits and defaults.

The limits keep one request to a few seconds of work; the command line has none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from poetgen.errors import PoetgenError
from poetgen.language import join_names, tr
from poetgen.picture import SIZES, THEMES
from poetgen.picture.save import FORMATS
from poetgen.script.opencc import SCRIPTS
from poetgen.verse.rhyme_books import BOOKS, PINGSHUI
from poetgen.verse.templates import MODES, RELAXED
from poetgen.writing.constraints import DEFAULT_MAX_LENGTH, OFF
from poetgen.writing.decoding import CANDIDATES, MOST_GUIDANCE, Sampling

MOST_BYTES = 64 * 1024  # of a request
MOST_POEMS = 12
MOST_CANDIDATES = 32
MOST_HANZI = 240  # in a poem: a 排律 of 24 couplets of 5
BOOK_ALONE = "The rhyme book alone, without readings that others add."
MOST_TEXT = 20_000  # characters to be judged at once
NAMES: dict[str, Any] = {"string": str, "integer": int, "number": (int, float), "boolean": bool}


@dataclass(frozen=True)
class Setting:
    """One setting: its JSON type, what it means, its default and its limits."""

    kind: str
    meaning: str
    default: Any = None
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    is_required: bool = False

    def check(self, name: str, value: Any) -> Any:
        """The value, if it may be. Raises PoetgenError."""
        if not isinstance(value, NAMES[self.kind]) or (isinstance(value, bool) and self.kind != "boolean"):
            raise PoetgenError(
                tr(
                    "{name} must be a JSON {kind}, not {value}",
                    name=name,
                    kind=self.kind,
                    value=_describe(value),
                )
            )
        if self.choices and value not in self.choices:
            raise PoetgenError(
                tr(
                    "{name} cannot be {value}; choose one of: {choices}",
                    name=name,
                    value=_describe(value),
                    choices=join_names(self.choices),
                )
            )
        size = len(value) if isinstance(value, str) else value
        what = tr("{name} is {value}", name=name, value=_describe(value))
        if isinstance(value, str):
            what = tr("{name} has {size:,} characters", name=name, size=size)
        if self.most is not None and not size <= self.most:
            raise PoetgenError(tr("{what}; here it may be at most {most:,}", what=what, most=self.most))
        if self.least is not None and not size >= self.least:
            raise PoetgenError(tr("{what}; it must be at least {least:,}", what=what, least=self.least))
        return value


def text(meaning: str, most: int, **more: Any) -> Setting:
    """A setting that is a text of at most `most` characters."""
    return Setting("string", meaning, most=most, **more)


def choice(meaning: str, choices: Mapping[str, Any] | tuple[str, ...], default: str | None = None) -> Setting:
    """A setting that is one of a few words."""
    return Setting("string", meaning, default, choices=tuple(choices))


DRAWING = {
    "best_of": Setting("integer", "Write so many candidates, give the best.", CANDIDATES, 1, MOST_CANDIDATES),
    "count": Setting("integer", "How many poems.", 1, 1, MOST_POEMS),
    "seed": Setting("integer", "Same seed, same poems; default: random.", None, 0, 2**53),
    "temperature": Setting(
        "number", "0 always takes the likeliest; higher is bolder.", Sampling.temperature, 0, 10
    ),
    "top_k": Setting("integer", "Choose among the likeliest only; 0: all.", Sampling.top_k, 0, 100_000),
    "top_p": Setting("number", "Choose among the likeliest that hold this share.", Sampling.top_p, 0, 1),
    "repeat_penalty": Setting(
        "number", "Penalty in nats on characters already used.", Sampling.repeat_penalty, 0, 100
    ),
    "common_penalty": Setting(
        "number",
        "0: as the model says; 1: as if all characters were equally common.",
        Sampling.common_penalty,
        0,
        1,
    ),
    "script": choice("Script of the poems; default: that of what was typed.", SCRIPTS),
}
GENERATE = {
    "prompt": text("How the poem begins, in either script.", MOST_HANZI + 100),
    "title": text("What the poem is about, as a title: 春夜喜雨.", 60),
    "about": text("The same in words of today.", 60),
    "poet": text("In whose manner: 李白.", 20),
    "guidance": Setting(
        "number", "How much more than in training title and poet weigh.", Sampling.guidance, 0, MOST_GUIDANCE
    ),
    "form": text("五絕, 七絕, 五律, 七律, 五言排律12, a shape such as 5x6, or free; default: random.", 40),
    "rhyme": text("A rhyme group such as 東, auto or off.", 40),
    "rhyme_book": choice("The rhyme book.", BOOKS, PINGSHUI),
    "book": Setting("boolean", BOOK_ALONE, False),
    "tones": choice("Keep to a tone template.", (*MODES, OFF)),
    "first_line_rhymes": Setting("boolean", "Whether the first line rhymes too."),
    "acrostic": text("The first character of each line.", 60),
    "feet": text("The rhymes, in order (次韻): 流樓愁洲.", 60),
    "last_line": text("The last line.", 40),
    "fill": text("A whole poem with □ for each hanzi to be written.", MOST_HANZI + 100),
    "avoid": text("Hanzi that no poem is to have.", 100),
    "no_repeat": Setting("boolean", "No character comes twice.", False),
    "max_length": Setting(
        "integer", f"Most hanzi in a poem; default: {DEFAULT_MAX_LENGTH}.", None, 1, MOST_HANZI
    ),
    **DRAWING,
}
REWRITE = {
    "poem": text("The poem; its other lines are kept.", 2_000, is_required=True),
    "line": Setting("integer", "Which line to write anew, from 1.", None, 1, 400, is_required=True),
    "begins": text("How the new line begins.", 40, default=""),
    "rhyme_book": choice("The rhyme book.", BOOKS, PINGSHUI),
    "book": Setting("boolean", BOOK_ALONE, False),
    **DRAWING,
}
CHECK = {
    "text": text("One poem or several, blank lines between.", MOST_TEXT, is_required=True),
    "form": text("The form a poem must have, such as 五絕; default: any.", 40),
    "tones": choice("strict holds each place to its template.", MODES, RELAXED),
    "book": Setting("boolean", BOOK_ALONE, False),
    "rhyme_book": choice("The rhyme book.", BOOKS, PINGSHUI),
    "script": choice("Script of the summary; default: the poem's.", SCRIPTS),
}
PICTURE = {
    "text": text("The poem.", 2_000, is_required=True),
    "title": text("Its title; default: its first two characters.", 40, default=""),
    "seed": Setting("integer", "The seed that stands below.", None, 0, 2**53),
    "annotate": Setting("boolean", "Tones and rhymes beside the characters.", False),
    "kind": choice("The kind of file.", FORMATS, "png"),
    "size": choice("For a phone, a screen or A4 paper.", SIZES, "phone"),
    "theme": choice("Ink on paper, or light on dark.", THEMES, "paper"),
}


def read_settings(body: Any, known: Mapping[str, Setting]) -> dict[str, Any]:
    """The settings of a request, as they may be handed on; null is as good as absent. Raises PoetgenError."""
    if not isinstance(body, dict):
        raise PoetgenError(tr('send a JSON object, such as {"prompt": "月"}'))
    for name in body:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = tr("choose among: {known}", known=join_names(known))
            if near:
                hint = tr("did you mean {near}?", near=near[0])
            raise PoetgenError(tr("unknown setting {name}; {hint}", name=_describe(name), hint=hint))
    given = {name: value for name, value in body.items() if value is not None}
    for name, setting in known.items():
        if setting.is_required and name not in given:
            raise PoetgenError(tr("{name} is missing: {meaning}", name=name, meaning=tr(setting.meaning)))
    defaults = {name: one.default for name, one in known.items() if one.default is not None}
    return defaults | {name: known[name].check(name, value) for name, value in given.items()}


def _describe(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:60] + "…"
