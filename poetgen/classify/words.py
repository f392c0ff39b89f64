"""Text → words: Chinese by jieba's dictionary, all else between blanks and marks, in small letters."""

import logging
import re
import warnings
from collections.abc import Callable
from functools import cache

from poetgen.errors import ConfigError
from poetgen.extras import install_command
from poetgen.poem.poem import is_hanzi

# a word of letters and digits with what belongs inside it (don't, 3.5, e-mail), hanzi in a row, any other mark
_WORD = re.compile(
    r"(?:(?!{h})\w)+(?:['’.\-](?:(?!{h})\w)+)*|{h}+|\S".format(h="[\u3400-\u9fff\U00020000-\U0003ffff]")
)


def split_words(text: str) -> list[str]:
    """The words and marks of a text. Raises ConfigError for Chinese text without jieba."""
    words: list[str] = []
    for found in _WORD.findall(text):
        words += load_jieba()(found) if is_hanzi(found[0]) else [found.lower()]
    return words


@cache
def load_jieba() -> Callable[[str], list[str]]:
    """How jieba cuts a run of hanzi, the same on every machine: its own dictionary, nobody's additions."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it speaks of its own future
            import jieba
    except ImportError as error:
        raise ConfigError(f"words of Chinese text need jieba; run: {install_command('words')}") from error
    jieba.setLogLevel(logging.WARNING)
    cut: Callable[[str], list[str]] = jieba.Tokenizer().lcut
    return cut
