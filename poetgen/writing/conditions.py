"""What a poem is to be about, by whom and in which form, as the model reads it before the poem begins.

An acrostic's phrase is the subject of its poem too: 恭喜發財 down the margin is a wish, whatever the lines beside
it say; 財物不成功 ends it badly. So a candidate gains by what it is likelier for being told the phrase as its
title (their pointwise mutual information), and what denies or laments costs, unless the phrase does so itself
(莫愁).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from poetgen.corpus.conditions import ConditionTable, condition_form
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.errors import PromptError
from poetgen.files import read_table_rows
from poetgen.language import SIMPLIFIED_CHINESE, join_names, language, tr
from poetgen.poem.form import Form
from poetgen.poem.poem import is_hanzi, word_of
from poetgen.script.convert import to_corpus
from poetgen.script.opencc import as_utf8, normalize, to_simplified
from poetgen.script.variants import VariantTable
from poetgen.writing.decoding import Candidate
from poetgen.writing.network import Network

if TYPE_CHECKING:
    from poetgen.writing.loaded_model import LoadedModel

NEAREST = 4  # names told for one that is not known
LEAST_ALIKE = 0.5  # as difflib measures
_MODERN_WORDS = Path(__file__).with_name("modern_words.txt")
# Nats for a hanzi that denies or laments, so that any candidate without it is better. At 8 nats for those that
# deny, which often deny nothing that was wished (安得不閑身), three times as many wishes have one.
PRICES = dict.fromkeys(
    map(word_of, "不無未非莫休否勿難空絕盡愁憂悲恨淚病死亡哭泣哀傷怨孤獨老衰殘斷苦亂離別愧慙羞"), 20.0
)


@dataclass(frozen=True)
class Conditions:
    """What the model is told: a title in corpus characters (""), a poet of its table (""), a form (None)."""

    title: str = ""
    poet: str = ""
    form: Form | None = None
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.title or self.poet or self.form)

    def prefix(self, table: ConditionTable, vocabulary: Vocabulary) -> list[int]:
        """The numbers that are read before <begin>."""
        form = condition_form((self.form.line_length, self.form.line_count)) if self.form else None
        return table.prefix(
            len(vocabulary),
            title=vocabulary.encode(self.title),
            poet=table.poets.index(self.poet) if self.poet else -1,
            form=table.forms.index(form) if form in table.forms else -1,
        )


def read_conditions(
    table: ConditionTable | None,
    variants: VariantTable,
    *,
    title: str | None = None,
    about: str | None = None,
    poet: str | None = None,
    form: Form | None = None,
) -> Conditions:
    """What was typed, in any script, as the model's characters and names; `form` is told if anything can be.

    Raises PromptError for a model that is told nothing, a poet it does not know, and a title without a hanzi.
    """
    if title is not None and about is not None:
        raise PromptError(tr("--title and --about are one thing said twice; give one of them"))
    asked = {"--title": title, "--about": about, "--poet": poet}
    if table is None:
        for name, value in asked.items():
            if value is not None:
                raise PromptError(
                    tr(
                        "this model was trained on poems alone and cannot be told a title or a poet; "
                        "omit {name}, or train one with --set model.conditions=true",
                        name=name,
                    )
                )
        return Conditions()
    read = ""
    notes: tuple[str, ...] = ()
    if title is not None:
        read, notes = read_title(title, variants, "--title")
    elif about is not None:
        classical = to_classical(as_utf8(about, "--about"))
        read, notes = read_title(classical, variants, "--about", said=about)
        notes = (tr("about {strip}: read as the title {read}", strip=about.strip(), read=read), *notes)
    return Conditions(read, find_poet(poet, table) if poet is not None else "", form, notes)


def read_title(
    typed: str, variants: VariantTable, name: str, *, said: str = ""
) -> tuple[str, tuple[str, ...]]:
    """A title in corpus characters, and what was read otherwise than typed. Raises PromptError.

    `said` is what option `name` was given, where that is not the title itself.
    """
    from poetgen.corpus.titles import LONGEST, clean_title  # a poem without a title does without

    plain = "".join(filter(is_hanzi, normalize(as_utf8(typed, name))))
    mapped = to_corpus(plain, variants)
    title = clean_title(mapped.text)
    if not title:
        raise PromptError(
            tr(
                "{name} {typed!r:.60} says nothing the model can read; give it a few hanzi: 春夜喜雨",
                name=name,
                typed=said or typed,
            )
        )
    notes = list(mapped.notes)
    if len(mapped.text) > LONGEST:
        notes.append(tr("a title is read to its {longest}th hanzi: {title}", longest=LONGEST, title=title))
    unknown = sorted({char for char in title if not variants.candidates(char)})
    if unknown:
        notes.append(tr("in the title the model does not know {unknown}", unknown=" ".join(unknown)))
    return title, tuple(notes)


def to_classical(text: str) -> str:
    """Modern words as titles have them, in either script: 想家 → 思鄉; one said twice in a row is said once."""
    words = _modern_words()
    modern = "|".join(sorted(words, key=len, reverse=True))
    parts = [words.get(part, part) for part in re.split(f"({modern})", normalize(text))]
    return "".join(part for part, _ in groupby(filter(None, parts))) or text  # 媽媽的母親節 is 母 once


def _modern_words() -> dict[str, str]:
    """modern_words.txt, in both scripts: a word of today, and that of titles."""
    words = {modern: word.strip("-") for modern, word in map(str.split, read_table_rows(_MODERN_WORDS))}
    return words | {to_simplified(modern): word for modern, word in words.items()}


def find_poet(typed: str, table: ConditionTable) -> str:
    """The name as the table has it, typed in either script. Raises PromptError with the nearest."""
    name = normalize(as_utf8(typed, "--poet"))
    known = {to_simplified(poet): poet for poet in reversed(table.poets)}  # the more frequent of two wins
    if name in table.poets:
        return name
    if to_simplified(name) in known:
        return known[to_simplified(name)]
    near = nearest_poets(to_simplified(name), [*reversed(known)])
    if near:
        names = near if language() == SIMPLIFIED_CHINESE else [known[one] for one in near]
        raise PromptError(
            tr(
                "the model does not know the poet {name!r}; did you mean {near}? "
                "poetgen generate --poets lists all it knows",
                name=name[:20],
                near=join_names(names),
            )
        )
    raise PromptError(
        tr(
            "the model does not know the poet {name!r}; poetgen generate --poets lists all it knows",
            name=name[:20],
        )
    )


def nearest_poets(name: str, poets: Sequence[str]) -> list[str]:
    """Names alike, the nearest first; else those that share the family name. Of equals, as `poets` has them."""
    from difflib import SequenceMatcher  # only for who mistypes

    ratios = {poet: SequenceMatcher(None, poet, name).ratio() for poet in poets}
    near = [poet for poet in poets if ratios[poet] >= LEAST_ALIKE] or [
        poet for poet in poets if name and poet[0] == name[0]
    ]
    return sorted(near, key=ratios.__getitem__, reverse=True)[:NEAREST]


# ---- an acrostic's phrase ----


class Phrase(NamedTuple):
    """`text` in corpus characters, and the network that was told it as a title; None: it can be told nothing."""

    text: str
    network: Network | None

    def merits(self, candidates: Sequence[Candidate], *, given: int) -> list[float]:
        """Nats for each of the candidates, whose first `given` hanzi are the prompt's; all are of one form."""
        texts = ["".join(candidate.matcher.lines()[0]) for candidate in candidates]
        merits = [-self.price(text[given:]) for text in texts]
        if self.network is None:
            return merits
        tokens = self.network.vocabulary.tokens
        bodies = ["".join(tokens[number] for number in candidate.ids) for candidate in candidates]
        told = self.network.log_probabilities(bodies).tolist()
        plain = (candidate.log_probability for candidate in candidates)
        return [merit + more - less for merit, more, less in zip(merits, told, plain, strict=True)]

    def price(self, text: str) -> float:
        """Nats for all that denies or laments; nothing where the phrase does so itself."""
        is_sad = any(word_of(hanzi) in PRICES for hanzi in self.text)
        return 0.0 if is_sad else sum(PRICES.get(word_of(hanzi), 0.0) for hanzi in text)


def read_phrase(model: "LoadedModel", text: str, conditions: Conditions | None) -> Phrase:
    """The phrase of an acrostic, as the title of a poem that has no other title and no poet's manner."""
    if conditions is None or model.conditions is None or conditions.title or conditions.poet:
        return Phrase(text, None)
    title = replace(conditions, title=to_classical(text))
    return Phrase(text, model.network.after(title.prefix(model.conditions, model.vocabulary)))
