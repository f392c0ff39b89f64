"""A tiny model whose vocabulary has what makes reading prompts hard."""

from typing import Any

import pytest

from poetgen.corpus.vocabulary import SPECIALS, Vocabulary
from poetgen.poem.poem import MARKS

# Characters with how often "training" saw them: among them pairs that simplified spelling merges.
SEEN = {
    **dict.fromkeys("月山水花春秋日風人天地上前明光疑是霜松間照泉流石清舉頭望低思故鄉", 100),
    **{"雲": 142, "云": 17, "後": 44, "后": 3, "里": 45, "裏": 34, "牀": 90, "床": 2, "爲": 120, "為": 1},
    **{"紅": 60, "湖": 30, "海": 50, "夜": 70, "胡": 20, "翫": 17, "玩": 11, "劒": 13, "劍": 5, "三": 40},
    **{"幾": 32, "几": 2, "乾": 9, "干": 8, "發": 22, "髮": 12, "溫": 9, "說": 9, "真": 9, "龍": 9},
}


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """The specials, the marks and the hanzi above, by falling count."""
    hanzi = sorted(SEEN, key=lambda char: (-SEEN[char], char))
    counts = [0, 50, 50, 3, 300, 280, 20, *(SEEN[char] for char in hanzi)]
    return Vocabulary((*SPECIALS, *MARKS, *hanzi), counts, 2)


@pytest.fixture(scope="session")
def tiny_checkpoint(vocabulary: Vocabulary, make_checkpoint: Any) -> Any:
    """`tiny_checkpoint(seed=0, **model_settings)`: random weights, wild enough that no two poems are alike."""

    def make(**settings: Any) -> Any:
        return make_checkpoint(
            vocabulary, **{"spread": 0.5, "embedding_size": 12, "hidden_size": 20} | settings
        )

    return make
