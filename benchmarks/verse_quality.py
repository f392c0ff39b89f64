"""Do poems keep their rules, and what does that cost them? Four sets of poems of each form, side by side.

    python benchmarks/verse_quality.py --prepared data/prepared --out verse-quality.json

- real: the validation poems of that form;
- form alone: written with --rhyme off --tones off, so that only shape and marks are given, each the first that
  comes, no repeat discouraged;
- by rule: the same with --tones relaxed --rhyme auto;
- by default: by rule, with the usual --repeat-penalty and --best-of.

Prompts are the first 1 to 5 hanzi (as many of each length) of training poems of the form, drawn at random; those
that break every template are refused, counted and replaced. Form, rhyme and tone are judged by
poetgen.verse.check, which knows nothing of the masks that make poems; rhyme also by the rhyme book alone.
Perplexities are the model's own, without masks, by poetgen.evaluate. Prints Markdown tables; --out keeps all
figures as JSON.
"""

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.checkpoint import Checkpoint
from poetgen.corpus.dataset import Dataset
from poetgen.corpus.line_index import LineIndex
from poetgen.errors import PromptError
from poetgen.evaluate import evaluate_poems
from poetgen.poem.form import Form, parse_form
from poetgen.poem.poem import COMMA, QUESTION, STOP, Poem
from poetgen.verse.check import check_poem
from poetgen.verse.rhymes import RhymeTable
from poetgen.writing.ranking import count_repeats
from poetgen.writing.writer import Writer

Array = npt.NDArray[Any]
FORMS = ("五絕", "七絕", "五律", "七律", "五言排律六韻")
LONGEST_PROMPT = 5
RULED: dict[str, Any] = {"tones": "relaxed", "rhyme": "auto"}
FREE: dict[str, Any] = {"tones": "off", "rhyme": "off"}
PLAIN: dict[str, Any] = {"best_of": 1, "repeat_penalty": 0.0, "common_penalty": 0.0}
COLUMNS = {
    "poems": "poems",
    "form": "form",
    "rhyme": "rhyme",
    "raw_rhyme": "rhyme, raw book",
    "tone": "tone",
    "ppl_token": "`ppl_token`",
    "ppl_hanzi": "`ppl_hanzi`",
    "distinct_1": "distinct-1",
    "distinct_2": "distinct-2",
    "repeats": "hanzi again, a poem",
    "copied_lines": "lines copied",
    "longest_run": "longest run copied",
}


def main() -> None:
    """Parse the command line, write, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path, help="default: the released model")
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--forms", nargs="+", default=FORMS)
    parser.add_argument("--prompts", type=int, default=125, help="for each form")
    parser.add_argument("--count", type=int, default=8, help="poems for each prompt")
    parser.add_argument("--ranked", type=int, default=3, help="poems by default for each prompt")
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--out", type=Path, help="JSON")
    given = parser.parse_args()
    study = Study(Writer.load(given.checkpoint), Dataset.open(given.prepared), given)
    found = []
    for name in given.forms:
        found.append(study.measured(parse_form(name)))
        print(table(found[-1]), flush=True)
        if given.out:
            given.out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


class Study:
    """The corpus, the model, and what both have in common for all forms."""

    def __init__(self, writer: Writer, prepared: Dataset, given: argparse.Namespace) -> None:
        assert writer.source is not None
        self.writer, self.given = writer, given
        self.checkpoint = Checkpoint.load(writer.source)
        self.train, self.held_out = (list(prepared.poems(name)) for name in ("train", "validation"))
        self.known = LineIndex.of(poem.text for poem in self.train)
        self.runs = LongestRuns(poem.lines for poem in self.train)

    def measured(self, form: Form) -> dict[str, Any]:
        """All figures of a form, and some of its poems."""
        shape, given = (form.line_length, form.line_count), self.given
        prompts, refused = self.prompts([poem for poem in self.train if poem.shape == shape], form)
        sets, seconds = {"real": [poem for poem in self.held_out if poem.shape == shape]}, {}
        for name, count, settings in (
            ("form alone", given.count, {**FREE, **PLAIN}),
            ("by rule", given.count, {**RULED, **PLAIN}),
            ("by default", given.ranked, RULED),
        ):
            started = time.perf_counter()
            sets[name] = [poem for prompt in prompts for poem in self.write(prompt, form, count, settings)]
            seconds[name] = round(time.perf_counter() - started, 1)
            print(f"{form.name}, {name}: {len(sets[name])} poems, {seconds[name]} s", file=sys.stderr)
        alike = min(
            map(len, sets.values())
        )  # distinct characters grow with the text: counted on as many poems
        return {
            "form": form.name,
            "model": str(self.writer.source),
            "seed": given.seed,
            "temperature": given.temperature,
            "prompts": len(prompts),
            "prompts_refused": refused,
            "distinct_on_poems": alike,
            "seconds": seconds,
            "sets": {name: self.figures(poems, form, alike) for name, poems in sets.items()},
            "samples": {name: [poem.text for poem in spread_out(poems, 10)] for name, poems in sets.items()},
        }

    def prompts(self, poems: Sequence[Poem], form: Form) -> tuple[list[str], dict[int, str]]:
        """Beginnings of 1 to 5 hanzi that the rules admit; for each length how many of those drawn they refuse."""
        rng = np.random.default_rng(self.given.seed)
        found: list[str] = []
        refused, drawn = Counter[int](), Counter[int]()
        while len(found) < self.given.prompts:
            length = 1 + len(found) % LONGEST_PROMPT
            prompt = "".join(poems[int(rng.integers(len(poems)))].lines)[:length]
            drawn[length] += 1
            try:
                self.writer.write(prompt, seed=0, form=form.name, script="traditional", **RULED)
                found.append(prompt)
            except PromptError:
                refused[length] += 1
        return found, {length: f"{refused[length]} of {drawn[length]}" for length in sorted(drawn)}

    def write(self, prompt: str, form: Form, count: int, settings: dict[str, Any]) -> Iterator[Poem]:
        """Poems that begin so."""
        given = self.given
        for poem in self.writer.write(
            prompt,
            seed=given.seed,
            count=count,
            temperature=given.temperature,
            form=form.name,
            script="traditional",
            **settings,
        ):
            yield Poem("", prompt, poem.lines, poem.marks)

    def figures(self, poems: Sequence[Poem], form: Form, alike: int) -> dict[str, Any]:
        """What docs/measures.md asks of poems. A prompt (here the title) that is a whole line is no copy."""
        raw = RhymeTable.load(amended=False)
        reports = [check_poem(poem.lines) for poem in poems]
        measured = evaluate_poems(self.checkpoint, poems)
        own = [line for poem in poems for line in poem.lines if line != poem.title]
        few = ["".join(poem.lines) for poem in spread_out(poems, alike)]
        return {
            "poems": len(poems),
            "form": mean(well_formed(poem, form) for poem in poems),
            "rhyme": mean(bool(report.rhymes_hold) for report in reports),
            "raw_rhyme": mean(bool(check_poem(poem.lines, table=raw).rhymes_hold) for poem in poems),
            "tone": mean(bool(report.tones_hold) for report in reports),
            "holds": mean(report.holds for report in reports),
            "ppl_token": measured.ppl_token,
            "ppl_hanzi": measured.ppl_hanzi,
            "ppl_token_interval": measured.intervals["ppl_token"],
            "distinct_1": distinct(few, 1),
            "distinct_2": distinct(few, 2),
            "repeats": mean(count_repeats(poem.lines) for poem in poems),
            "copied_lines": mean(line in self.known for line in own),
            "longest_run": statistics.median(self.runs.of(poem.lines) for poem in poems),
        }


class LongestRuns:
    """The longest run of hanzi in a line that a line of training has too."""

    def __init__(self, poems: Iterable[Sequence[str]]) -> None:
        self._grams: list[set[int]] = [set() for _ in range(8)]
        for lines in poems:
            for line in lines:
                for length in range(2, 8):
                    self._grams[length].update(
                        hash(line[k : k + length]) for k in range(len(line) - length + 1)
                    )

    def of(self, lines: Sequence[str]) -> int:
        """In hanzi; 1 where not even two side by side are known."""
        for length in range(7, 1, -1):
            grams = self._grams[length]
            if any(
                hash(line[k : k + length]) in grams for line in lines for k in range(len(line) - length + 1)
            ):
                return length
        return 1


def well_formed(poem: Poem, form: Form) -> bool:
    """Exact line count, line length and punctuation."""
    is_shaped = poem.shape == (form.line_length, form.line_count)
    return is_shaped and set(poem.marks[::2]) == {COMMA} and set(poem.marks[1::2]) <= {STOP, QUESTION}


def distinct(texts: Sequence[str], n: int) -> float:
    """Different n-grams as a share of all of them."""
    grams = [text[k : k + n] for text in texts for k in range(len(text) - n + 1)]
    return len(set(grams)) / len(grams)


def mean(values: Iterable[float]) -> float:
    """Of true and false: the share that is true."""
    return float(np.mean(list(values)))


def spread_out(poems: Sequence[Poem], count: int) -> list[Poem]:
    """`count` of the poems, at even distances."""
    return [poems[k * len(poems) // count] for k in range(min(count, len(poems)))]


def table(found: dict[str, Any]) -> str:
    """Markdown: a row a set."""
    rows = [f"| {found['form']} | {' | '.join(COLUMNS.values())} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, figures in found["sets"].items():
        rows.append(f"| {name} | {' | '.join(shown(key, figures[key]) for key in COLUMNS)} |")
    return "\n".join([*rows, ""])


def shown(key: str, value: float) -> str:
    """Shares of rules in three places, the rest as precise as it is."""
    if key in ("poems", "longest_run"):
        return f"{value:,g}"
    return f"{value:.1f}" if key.startswith("ppl") else f"{value:.3f}"


if __name__ == "__main__":
    main()
