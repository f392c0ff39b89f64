"""The pictures of docs/ show what the code computes now."""

import json
from typing import Any

import numpy as np
import pytest

from tools import draw_pictures
from tools.draw_pictures import DOCS, EVERY, PICTURES, REDRAW, SCALES, section

RECORD: dict[str, Any] = json.loads(draw_pictures.RECORD.read_text(encoding="utf-8"))
STEPS = 3 * EVERY  # of learning done again: later ones amplify what rounding differs by between machines


def test_every_picture_has_a_record_and_is_the_one_recorded() -> None:
    assert RECORD.keys() == PICTURES.keys() == {path.name for path in DOCS.glob("*.png")}
    for name, entry in RECORD.items():
        stale = f"{name} is stale; draw it: {PICTURES[name].command}"
        assert draw_pictures.checksum(DOCS / name) == entry["sha256"], stale


@pytest.mark.parametrize(
    "name", ["library-lstm.png", "compare-optimizers.png", "written.png", "page.png", "page-phone.png"]
)
def test_what_is_read_off_a_page_or_written_is_as_drawn(name: str) -> None:
    numbers = PICTURES[name].compute()
    assert all(numbers.values())
    assert numbers == RECORD[name]["numbers"], f"{name} is stale; draw it: {PICTURES[name].command}"


def test_the_times_drawn_are_those_of_the_page() -> None:
    """The measurement's own file was not kept: its rows were read off the first drawing, to three digits."""
    numbers, page = RECORD["time-to-quality.png"]["numbers"], section("## Speed")
    target = numbers["baseline, ppl_hanzi"][-1]
    assert f"after twenty minutes ({target:.0f})" in page and numbers["baseline, seconds"][-1] == 1200
    for name, told in (("float32", 429), ("bfloat16", 305)):
        perplexities, seconds = numbers[f"{name}, ppl_hanzi"], numbers[f"{name}, seconds"]
        reached = np.interp(-target, [-value for value in perplexities[-2:]], seconds[-2:])
        assert reached == pytest.approx(told, rel=0.01) and f" | {told} | " in page


def test_how_far_gradients_reach_is_as_drawn() -> None:
    drawn = RECORD["gradient-reach.png"]["numbers"]
    now = draw_pictures.reach_numbers(draw_pictures.compute_reach((1.0,)))
    assert len(drawn) == len(now) * len(SCALES)
    for curve, values in now.items():
        assert values == pytest.approx(drawn[curve], rel=1e-3), f"{curve} is stale; draw it: {REDRAW}"


def test_what_equal_weights_learn_is_as_drawn() -> None:
    drawn = RECORD["equal-units.png"]["numbers"]
    now = draw_pictures.symmetry_numbers(draw_pictures.compute_symmetry(STEPS))
    assert now.keys() == drawn.keys()
    for init, losses in now.items():
        assert losses == pytest.approx(drawn[init][: len(losses)], rel=1e-3), f"{init} is stale: {REDRAW}"
    assert np.ptp(list(now.values()), axis=0)[-1] > 0.1  # the curves are told apart by then


def test_the_poem_that_is_judged_is_judged_so_now() -> None:
    now = draw_pictures.judged_numbers(draw_pictures.judge_example())
    assert now == RECORD["check.png"]["numbers"], f"the verdict is another: {REDRAW}"
    assert now["broken"] == [3, 2] and now["rhymes"] == [1, 2, 4]


def test_what_was_measured_is_what_the_page_of_results_tells() -> None:
    speed = draw_pictures.read_speed()
    assert list(speed) == [*(f"{part} {name}" for part in ("layer", "step") for name in "abcd"), *POEMS]
    assert speed["poems a"]["ratio"]["float32"] == [5.07, 4.91, 5.23]
    assert RECORD["training-speed.png"]["numbers"] == draw_pictures.speed_numbers(speed), (
        f"the table is another: {REDRAW}"
    )

    confusion = np.array([*RECORD["classify-poets.png"]["numbers"].values()])
    accuracy = np.trace(confusion) / confusion.sum()
    assert f"| {confusion.sum()} test poems |" in section("## Whose hand?")
    assert f"**{accuracy:.3f}**" in section("## Whose hand?")

    perplexities = np.exp(RECORD["tang-curves.png"]["numbers"]["validation loss"])
    for told in ("{:.2f}, {:.2f} after one and two epochs", "{:.2f}, {:.2f} |"):
        first, second, *perplexities = perplexities
        assert told.format(first, second) in section("## The released model")


POEMS = ("poems a", "poems b", "poems c")
