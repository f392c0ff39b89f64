"""What several tests share: made-up poems, a prepared folder of them, and models too small to be good."""

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# before torch is imported anywhere: tests are small, and threads would only wait for each other
os.environ.setdefault("OMP_NUM_THREADS", "1")
# no test asks anything of another machine: what would is refused at once, as by a proxy that is not there
os.environ.update(
    dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
)
os.environ.update(dict.fromkeys(("no_proxy", "NO_PROXY"), "localhost,127.0.0.1,::1"))
# whatever the user reads: tests read English, and poems alike in both scripts in traditional
os.environ["LC_ALL"] = "C.UTF-8"
os.environ["POETGEN_SCRIPT"] = os.environ["POETGEN_LANGUAGE"] = ""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from poetgen.checkpoint import Checkpoint, parameter_shapes
from poetgen.config import Config
from poetgen.corpus.dataset import SPLITS, Dataset, body, write_dataset
from poetgen.corpus.vocabulary import Vocabulary
from poetgen.poem.poem import Poem
from poetgen.writing.writer import Writer

# a shell makes what it starts in the background deaf to Ctrl-C, and so every process that a test starts
signal.signal(signal.SIGINT, signal.default_int_handler)

# a slow machine is no fault
settings.register_profile("poetgen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("poetgen")

HANZI = (
    "日月山川風花雪雲春秋江水明清白青高遠古今人心客夢酒詩琴鶴松竹梅蘭天地東西南北來去歸行坐看聞聽空寒暮朝夜雨"
)
FORMS = ((5, 4), (7, 4), (5, 8), (7, 8))
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def made_up_poem(number: int) -> Poem:
    """Poem 0, 1, ...: regular, and unlike any other."""
    rng = np.random.default_rng([7, number])
    width, count = FORMS[number % len(FORMS)]
    lines = tuple("".join(rng.choice(list(HANZI), size=width)) for _ in range(count))
    return Poem(f"詩人{number % 5}", f"題{number}", lines, "，。" * (count // 2), f"poem-{number:03d}")


@pytest.fixture(scope="session")
def poems() -> list[Poem]:
    """Sixty regular poems in traditional characters."""
    return [made_up_poem(number) for number in range(60)]


@pytest.fixture(scope="session")
def write_prepared() -> Callable[..., Dataset]:
    """`write_prepared(path, {"train": poems}, min_count=1, **corpus_settings)`: a folder as prepare writes it."""

    def write(
        path: Path, splits: dict[str, Sequence[Poem]], *, min_count: int = 1, **corpus_settings: Any
    ) -> Dataset:
        config = Config().replace({f"corpus.{key}": value for key, value in corpus_settings.items()}).corpus
        splits = {name: splits.get(name, ()) for name in SPLITS}
        vocabulary = Vocabulary.build((body(poem, config.punctuation) for poem in splits["train"]), min_count)
        path.mkdir(parents=True)
        origin = {"url": "file:///made/up", "commit": COMMIT}
        write_dataset(path, splits, vocabulary, config, origin=origin, conditions={})
        return Dataset.open(path)

    return write


@pytest.fixture(scope="session")
def prepared(
    tmp_path_factory: pytest.TempPathFactory,
    poems: list[Poem],
    write_prepared: Callable[..., Dataset],
) -> Dataset:
    """The sixty poems as 44 : 8 : 8 with three fragments; a few characters are unknown. Not to be changed."""
    fragments = [
        Poem("", f"句{k}", (poem.lines[0],), "。", f"fragment-{k}") for k, poem in enumerate(poems[:3])
    ]
    splits = {"train": poems[:44], "validation": poems[44:52], "test": poems[52:], "fragments": fragments}
    return write_prepared(tmp_path_factory.mktemp("shared") / "prepared", splits, min_count=25)


@pytest.fixture(scope="session")
def make_checkpoint() -> Callable[..., Checkpoint]:
    """`make_checkpoint(vocabulary, spread=0.3, card=..., **model_settings)`: random weights, no torch."""

    def make(
        vocabulary: Vocabulary,
        *,
        spread: float = 0.3,
        seed: int = 0,
        card: dict[str, Any] | None = None,
        corpus: dict[str, Any] | None = None,
        **model_settings: Any,
    ) -> Checkpoint:
        sizes = {"embedding_size": 6, "hidden_size": 8, **model_settings}
        config = Config().replace(
            {f"model.{key}": value for key, value in sizes.items()}
            | {f"corpus.{key}": value for key, value in (corpus or {}).items()}
        )
        rng = np.random.default_rng(seed)
        shapes = parameter_shapes(len(vocabulary), config.model)
        weights = {name: rng.normal(0, spread, shape).astype(np.float32) for name, shape in shapes.items()}
        return Checkpoint(weights, vocabulary, config.to_dict(), card or {"corpus": {"commit": COMMIT}})

    return make


@pytest.fixture(scope="session")
def tang() -> Writer:
    """A writer with the released model."""
    return Writer.load()


@pytest.fixture(scope="session")
def contrast() -> Callable[[str, str], float]:
    """WCAG 2's ratio of two colours #rrggbb: 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def ratio(one: str, other: str) -> float:
        light, dark = sorted((luminance(one), luminance(other)), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    return ratio
