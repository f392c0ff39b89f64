"""The same seed gives the same poem: forty poems of the released model, kept from one version to the next.

Where a change is meant to write other poems, `python tools/record_poems.py` records them anew, and the commit says
so. Probabilities are not compared: another processor's tanh may differ in the last bit.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from poetgen.files import shipped_folder
from poetgen.writing.writer import Writer

KEPT = Path(__file__).with_name("same_poems.json")
RELEASED = "tang.safetensors"


def described(poem) -> dict[str, Any]:
    """What must stay the same of a poem."""
    return {"text": poem.text, "template": poem.template, "rhyme_group": poem.rhyme_group}


def load_cases() -> list[dict[str, Any]]:
    """What was asked for (`write`), and the poems it gave."""
    cases: list[dict[str, Any]] = json.loads(KEPT.read_text(encoding="utf-8"))
    return cases


@pytest.fixture(scope="module")
def released():
    return Writer.load(shipped_folder("checkpoints") / RELEASED)


@pytest.mark.parametrize("case", load_cases(), ids=lambda case: "-".join(map(str, case["write"].values())))
def test_the_same_seed_gives_the_same_poems(released, case):
    assert [described(poem) for poem in released.write(**case["write"])] == case["poems"]


def test_forty_poems_of_every_kind_are_kept():
    cases = load_cases()
    assert sum(len(case["poems"]) for case in cases) >= 40
    asked = {name for case in cases for name in case["write"]}
    assert {"form", "rhyme", "tones", "first_line_rhymes", "acrostic", "no_repeat", "best_of"} < asked
    assert {"temperature", "top_k", "top_p", "repeat_penalty", "max_length", "script", "count"} < asked


def record() -> None:
    """Write all poems anew."""
    writer = Writer.load(shipped_folder("checkpoints") / RELEASED)
    rows = [
        {"write": case["write"], "poems": [described(poem) for poem in writer.write(**case["write"])]}
        for case in load_cases()
    ]
    text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    KEPT.write_text(f"[\n{text}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    record()
