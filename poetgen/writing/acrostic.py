"""An acrostic's phrase as the subject of its poem: the candidate that keeps to it and does not spoil it is taken.

恭喜發財 down the margin is a wish, whatever the lines beside it say; 財物不成功 ends it badly. So a candidate
gains by what it is likelier for being told the phrase as its title (their pointwise mutual information), and what
denies or laments costs, unless the phrase does so itself (莫愁).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from poetgen.poem.poem import word_of
from poetgen.writing.decoding import Candidate
from poetgen.writing.network import Network

if TYPE_CHECKING:
    from poetgen.writing.conditions import Conditions
    from poetgen.writing.loaded_model import LoadedModel

# Nats for a hanzi that denies, as for one that comes again: many deny nothing that was wished (安得不閑身); and
# for one that laments, so that any candidate without it is better.
PRICES = dict.fromkeys(map(word_of, "不無未非莫休否勿難空絕盡"), 8.0)
PRICES |= dict.fromkeys(map(word_of, "愁憂悲恨淚病死亡哭泣哀傷怨孤獨老衰殘斷苦亂離別愧慙羞"), 20.0)


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


def read_phrase(model: "LoadedModel", text: str, told: "Conditions | None") -> Phrase:
    """The phrase of an acrostic, as the title of a poem that has no other title and no poet's manner."""
    if told is None or model.conditions is None or told.title or told.poet:
        return Phrase(text, None)
    from poetgen.writing.conditions import to_classical

    title = replace(told, title=to_classical(text))
    return Phrase(text, model.network.after(title.prefix(model.conditions, model.vocabulary)))
