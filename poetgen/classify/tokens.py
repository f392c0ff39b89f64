"""Text → tokens: characters, pairs of them, or words, without the words that are to be overlooked."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path

from poetgen.classify.words import split_words
from poetgen.errors import ConfigError, CorpusError
from poetgen.files import check_file

PAD, BEGIN, UNKNOWN = SPECIALS = ("<pad>", "<begin>", "<unknown>")
TOKENISERS = ("characters", "bigrams", "words")

# 虛字, the particles of classical prose and verse, as both scripts write them
CLASSICAL = "之乎者也矣焉哉兮耳歟欤邪耶而以於于其所則则且夫蓋盖乃與与為爲为"


def read_stop_words(name: str) -> tuple[str, ...]:
    """`none`, `classical`, or the words of a UTF-8 file, one a line. Raises ConfigError or CorpusError."""
    if name in ("", "none"):
        return ()
    if name == "classical":
        return tuple(CLASSICAL)
    try:
        words = check_file(Path(name)).read_text(encoding="utf-8-sig").split()
    except FileNotFoundError as error:
        raise ConfigError(f"no stop words at {name}; give a file, or classical, or none") from error
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{name} is not UTF-8 (byte {error.start}); save the stop words as UTF-8"
        ) from error
    except OSError as error:
        raise CorpusError(f"cannot read {name}: {error.strerror or error}") from error
    if not words:
        raise CorpusError(f"{name} has no stop words; give one a line, or --stop-words none")
    return tuple(dict.fromkeys(words))


class Tokeniser:
    """Cuts a text into tokens by name, `characters`, `bigrams` or `words`, without its stop words.

    A stop word is never cut out of a longer word: one of letters goes where it stands alone, and of `words` go
    those that are one, in small letters or not. Hanzi have no blanks between them, so of characters and bigrams
    a stop word of hanzi goes wherever it stands.

    Bigrams are neighbours within a phrase: none reaches over a mark, a blank or a stop word. Marks stay as
    tokens of their own, as does a character that stands alone; blanks do not.
    """

    def __init__(self, kind: str, stop_words: Sequence[str] = ()) -> None:
        self.kind, self.stop_words = kind, tuple(stop_words)

    @cached_property
    def _stops(self) -> re.Pattern[str] | None:
        words = [_alone(word) for word in sorted(self.stop_words, key=len, reverse=True)]
        return re.compile("|".join(words)) if words else None

    @cached_property
    def _stop_words(self) -> frozenset[str]:
        return frozenset(word.lower() for word in self.stop_words)

    def __call__(self, text: str) -> list[str]:
        """The tokens of a text. Raises ConfigError for words of Chinese text without jieba."""
        if self.kind == "words":
            return [word for word in split_words(text) if word not in self._stop_words]
        pieces = self._stops.split(text) if self._stops else [text]
        if self.kind == "characters":
            return [char for piece in pieces for char in piece if not char.isspace()]
        return [token for piece in pieces for phrase in phrases(piece) for token in bigrams(phrase)]


def _alone(word: str) -> str:
    """A pattern for a stop word: its letters and digits must not go on, before it or after it."""
    letters = r"[^\W\u3400-\u9fff\U00020000-\U0003ffff]"
    before = rf"(?<!{letters})" if re.match(letters, word[0]) else ""
    after = rf"(?!{letters})" if re.match(letters, word[-1]) else ""
    return before + re.escape(word) + after


def phrases(text: str) -> Iterator[str]:
    """Runs of characters that are not marks, and each mark for itself; blanks separate them and are gone."""
    run = ""
    for char in text:
        if not is_mark(char):
            run += char
            continue
        if run:
            yield run
        run = ""
        if not char.isspace():
            yield char
    if run:
        yield run


@cache
def is_mark(char: str) -> bool:
    """Punctuation, blanks and invisible characters."""
    return unicodedata.category(char)[0] in "PZC"


def bigrams(phrase: str) -> list[str]:
    """Every two neighbours; a lone character is its own token."""
    return [phrase[k : k + 2] for k in range(len(phrase) - 1)] or [phrase]


class TokenVocabulary:
    """The tokens a classifier knows: `<pad> <begin> <unknown>`, then others by falling count."""

    pad, begin, unknown = range(len(SPECIALS))

    def __init__(self, tokens: Sequence[str]) -> None:
        """Raises CorpusError when the specials are not in their places or a token comes twice."""
        if tuple(tokens[: len(SPECIALS)]) != SPECIALS or len(set(tokens)) != len(tokens):
            raise CorpusError(f"a classifier's tokens begin with {' '.join(SPECIALS)}, and none comes twice")
        self.tokens = tuple(tokens)
        self._ids = {token: number for number, token in enumerate(tokens)}

    @classmethod
    def build(cls, texts: Iterable[Sequence[str]], min_count: int = 1) -> "TokenVocabulary":
        """Every token seen at least `min_count` times in the training texts."""
        seen = Counter(token for text in texts for token in text)
        kept = sorted((t for t in seen if seen[t] >= min_count), key=lambda token: (-seen[token], token))
        return cls((*SPECIALS, *kept))

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def encode(self, tokens: Iterable[str], *, limit: int = 0) -> list[int]:
        """`<begin>` and the numbers of the tokens, of a long text only the first `limit` if not 0."""
        ids = [self.begin, *(self._ids.get(token, self.unknown) for token in tokens)]
        return ids[: limit + 1] if limit else ids
