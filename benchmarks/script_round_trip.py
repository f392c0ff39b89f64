"""Lines of poems written in another script and read back: how many come out as they were.

    python benchmarks/script_round_trip.py [data/prepared] [--split validation] [--model CHECKPOINT]

Prints Markdown. Every line is printed as another edition would print it (by OpenCC; simplified also as poetgen
prints it, with old forms repaired) and read back on its own, without its mark: untouched; by OpenCC's table for
that edition; by the commonest candidate of each character; by poetgen.script.convert, which is not told the
edition. Then whole poems. In brackets: 95 % bootstrap intervals over poems. The second table: what of the corpus
stays outside GB 2312 when it is printed in simplified characters.

With --model, every 20th line is read by a language model instead, by beam search among the same candidates.
"""

import argparse
import re
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from poetgen.byhand import language_model
from poetgen.byhand.softmax import log_softmax
from poetgen.checkpoint import Checkpoint
from poetgen.corpus.dataset import SPLITS, Dataset
from poetgen.poem.poem import MARKS, is_hanzi
from poetgen.script.bigrams import tang_variants
from poetgen.script.convert import to_corpus
from poetgen.script.opencc import SIMPLIFIED, TAIWAN, convert, to_script, to_simplified
from poetgen.script.variants import VariantTable

Mapping = Callable[[str], str]
# How the lines are printed, and OpenCC's table for the way back.
INPUTS: dict[str, tuple[Mapping, str]] = {
    "simplified": (lambda text: convert(text, "t2s"), "s2t"),
    "simplified, old forms repaired": (to_simplified, "s2t"),
    "Taiwan": (lambda text: convert(text, "t2tw"), "tw2t"),
    "Taiwan, old forms repaired": (lambda text: to_script(text, TAIWAN), "tw2t"),
    "Hong Kong": (lambda text: convert(text, "t2hk"), "hk2t"),
    "Japan": (lambda text: convert(text, "t2jp"), "jp2t"),
    "the corpus' own": (lambda text: text, "s2t"),
}
BEAM = 8
EVERY = 20


def read_bodies(folder: Path, split: str) -> list[str]:
    """The poems of a split, lines with their marks."""
    return [poem.text for poem in Dataset.open(folder).poems(split)]


def lines_of(body: str) -> list[str]:
    """The lines of a poem, without marks."""
    return [line for line in re.split(f"[{MARKS}]", body) if line]


def commonest(text: str) -> str:
    """Each character by itself."""
    return "".join(tang_variants().lone(char) or char for char in text)


def lattice(text: str) -> str:
    """By the lattice of every edition."""
    return to_corpus(text).text


def percent(part: float, whole: float) -> str:
    """100 part / whole."""
    return f"{100 * part / whole:.2f}"


def interval(right: Sequence[Sequence[bool]]) -> str:
    """Share of lines that are right, with its interval over poems."""
    sums = np.array([(sum(poem), len(poem)) for poem in right])
    rng = np.random.default_rng(0)
    picks = rng.integers(len(sums), size=(1000, len(sums)))
    shares = sums[picks, 0].sum(1) / sums[picks, 1].sum(1)
    low, high = np.quantile(shares, (0.025, 0.975)) * 100
    share = percent(*sums.sum(0))
    return f"{share} ({low:.2f} – {high:.2f})"


def characters_right(pairs: Iterable[tuple[str, str]]) -> str:
    """Share of characters that came back."""
    same = [a == b for line, back in pairs for a, b in zip(line, back, strict=True)]
    return percent(sum(same), len(same))


def round_trip(name: str, bodies: Sequence[str]) -> str:
    """One row of the table."""
    printed, table = INPUTS[name]
    poems = [[(line, printed(line)) for line in lines_of(body)] for body in bodies]
    lines = [pair for poem in poems for pair in poem]
    plain: dict[str, Mapping] = {
        "untouched": str,
        "OpenCC": lambda text: convert(text, table),
        "commonest": commonest,
    }
    shares = [
        percent(sum(read(typed) == line for line, typed in lines), len(lines)) for read in plain.values()
    ]
    start = time.perf_counter()
    found = [[(line, lattice(typed)) for line, typed in poem] for poem in poems]
    each = (time.perf_counter() - start) / len(lines)
    right = interval([[line == back for line, back in poem] for poem in found])
    characters = characters_right(pair for poem in found for pair in poem)
    whole = percent(sum(lattice(printed(body)) == body for body in bodies), len(bodies))
    cells = [name, *shares, f"**{right}**", characters, whole, f"{1000 * each:.2f} ms"]
    return f"| {' | '.join(cells)} |"


def by_model(checkpoint: Checkpoint, lines: Sequence[str]) -> None:
    """The same choice by a language model, and by the lattice; both are told that the lines are simplified."""
    readings = VariantTable(checkpoint.vocabulary)
    typed = [convert(line, "t2s") for line in lines]
    choices: dict[str, Mapping] = {
        "language model": lambda text: beam_search(checkpoint, readings, text),
        "lattice": lambda text: to_corpus(text, readings, script=SIMPLIFIED).text,
    }
    for name, choose in choices.items():
        start = time.perf_counter()
        right = sum(choose(text) == line for text, line in zip(typed, lines, strict=True))
        each = (time.perf_counter() - start) / len(lines)
        print(
            f"{name}: {right} of {len(lines)} lines ({percent(right, len(lines))} %), {1000 * each:.2f} ms a line"
        )


def beam_search(checkpoint: Checkpoint, readings: VariantTable, text: str) -> str:
    """The reading that a language model finds likeliest as the first line of a poem."""
    params, vocabulary = language_model.read_parameters(checkpoint.weights), checkpoint.vocabulary
    logits, state = language_model.step(params, [vocabulary.begin], language_model.init_state(params, 1))
    texts, scores = [""], np.zeros(1)
    for char in text + MARKS[0]:
        costs = readings.costs(char, SIMPLIFIED)
        ids = np.array(vocabulary.encode("".join(costs)))
        totals = scores[:, None] + log_softmax(logits)[:, ids] - np.array([*costs.values()])
        best = (-totals).ravel().argsort(kind="stable")[:BEAM]
        rows, columns = np.divmod(best, len(ids))
        texts = [texts[row] + [*costs][column] for row, column in zip(rows, columns, strict=True)]
        scores = totals.ravel()[best]
        logits, state = language_model.step(params, ids[columns], language_model.select_rows(state, rows))
    return texts[0][: len(text)]


def is_modern(char: str) -> bool:
    """Whether GB 2312, the 6,763 characters of simplified print, has it."""
    try:
        return bool(char.encode("gb2312"))
    except UnicodeEncodeError:
        return False


def outside(name: str, bodies: Sequence[str], printed: Mapping) -> str:
    """One row: hanzi, and poems with such, outside GB 2312."""
    texts = ["".join(filter(is_hanzi, printed(body))) for body in bodies]
    strange = [sum(not is_modern(char) for char in text) for text in texts]
    hanzi = percent(sum(strange), sum(map(len, texts)))
    return f"| {name} | {hanzi} | {percent(sum(map(bool, strange)), len(texts))} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Lines written in another script and read back.")
    parser.add_argument("folder", nargs="?", default="data/prepared", type=Path)
    parser.add_argument("--split", default="validation", choices=SPLITS)
    parser.add_argument("--model", type=Path, help="a checkpoint, to choose in place of the lattice")
    given = parser.parse_args()
    bodies = read_bodies(given.folder, given.split)
    lines = [line for body in bodies for line in lines_of(body)]
    lattice("".join(lines[:2]))  # tables are loaded once
    if given.model:
        by_model(Checkpoint.load(given.model), lines[::EVERY])
        return
    print(
        f"{len(lines):,} lines of the {len(bodies):,} {given.split} poems, per cent that come back exact:\n"
    )
    print(
        "| written in | untouched | OpenCC | commonest | **lattice** | its characters | whole poems | a line |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in INPUTS:
        print(round_trip(name, bodies), flush=True)
    every = [body for split in SPLITS for body in read_bodies(given.folder, split)]
    print(f"\nPer cent outside GB 2312 of all {len(every):,} poems:\n")
    print("| printed by | hanzi | poems |\n|---|---|---|")
    print(outside("OpenCC's t2s", every, lambda text: convert(text, "t2s")))
    print(outside("poetgen", every, to_simplified))


if __name__ == "__main__":
    main()
