"""Lines of poems that exist in both scripts, printed in the other and compared: character by character.

    npm pack chinese-poetry@2.0.1 && tar xzf chinese-poetry-2.0.1.tgz
    python benchmarks/script_pairs.py package/dist

全唐詩 there is traditional; 水墨唐詩 and 花間集, which share lines with it, were typed in simplified characters by
others. A pair of lines differs in spelling alone: in characters that simplified print makes one.
Places where the simplified text has a traditional character (洛陽城里) tell nothing and are left out.
"""

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from poetgen.poem.poem import is_hanzi
from poetgen.script.convert import to_corpus
from poetgen.script.opencc import SIMPLIFIED, WORDS_KEPT, convert, is_simplified, spellings, to_simplified

BOOKS = {"水墨唐詩": "shuimotangshi/*.json", "花間集": "wudaishici/huajianji/*.json"}
# what one editor prints as the first and another as the second, in either script
EITHER_WAY = str.maketrans("着沉乾徵馀", "著沈干征余")

Pair = tuple[str, str]


def read_lines(paths: Iterable[Path]) -> Iterator[str]:
    """The lines of all poems of these files, without marks."""
    for path in sorted(paths):
        records = json.loads(path.read_text(encoding="utf-8"))
        for record in records if isinstance(records, list) else ():
            for paragraph in record.get("paragraphs", ()):
                yield from filter(None, re.split(r"[^\w]|[（(].*?[)）]", paragraph))


def pair_lines(folder: Path) -> dict[str, list[Pair]]:
    """For each book the pairs (traditional, simplified), each once; of several the commonest traditional one."""
    spelled: dict[str, str] = {}

    def key(line: str) -> str:
        for char in {*line} - spelled.keys():
            spelled[char] = spellings([char], SIMPLIFIED)[0].translate(EITHER_WAY)
        return "".join(spelled[char] for char in line)

    alike: dict[str, Counter[str]] = defaultdict(Counter)
    for line in read_lines((folder / "quantangshi").glob("poet.tang.*.json")):
        if all(map(is_hanzi, line)):
            alike[key(line)][line] += 1
    return {
        book: [
            (alike[key(line)].most_common(1)[0][0], line)
            for line in dict.fromkeys(read_lines(folder.glob(pattern)))
            if key(line) in alike
        ]
        for book, pattern in BOOKS.items()
    }


def compare(pairs: Iterable[Pair], printed: Callable[[str], str]) -> list[tuple[str, str, str]]:
    """(source, printed, expected) of every character."""
    return [
        each for source, expected in pairs for each in zip(source, printed(source), expected, strict=True)
    ]


def share(found: Iterable[tuple[str, str, str]]) -> str:
    """Per cent of characters that are as expected, and how many are not."""
    right = [printed == expected for _, printed, expected in found]
    return f"{100 * sum(right) / len(right):.2f} ({len(right) - sum(right)})"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    books = pair_lines(parser.parse_args().folder)
    print("| book | lines | characters | to simplified: OpenCC | poetgen | back: OpenCC | poetgen |")
    print("|---|---|---|---|---|---|---|")
    wrong: Counter[str] = Counter()
    left: Counter[str] = Counter()
    split: Counter[tuple[str, bool, bool]] = Counter()
    for book, pairs in books.items():
        back = [(new, old) for old, new in pairs]
        plain, ours = (
            [each for each in compare(pairs, printed) if is_simplified(each[2])]
            for printed in (lambda text: convert(text, "t2s"), to_simplified)
        )
        left.update(char for _, new in pairs for char in new if not is_simplified(char))
        cells = [book, f"{len(pairs):,}", f"{len(ours):,}", share(plain), f"**{share(ours)}**"]
        cells += [share(compare(back, lambda text: convert(text, "s2t")))]
        cells += [f"**{share(compare(back, lambda text: to_corpus(text).text))}**"]
        print(f"| {' | '.join(cells)} |")
        wrong.update(f"{a}: {b}, not {c}" for a, b, c in ours if b != c)
        for (char, one, expected), (_, other, _) in zip(ours, plain, strict=True):
            if char in WORDS_KEPT:
                split[char, True, one == expected] += 1
                split[char, False, other == expected] += 1
    print("\nOf the characters printed in two ways, as expected by OpenCC and by poetgen:")
    for char in WORDS_KEPT:
        total = split[char, True, True] + split[char, True, False]
        print(f"{char}: {split[char, False, True]} and {split[char, True, True]} of {total}")
    print("\nTraditional in the simplified text:", " ".join(f"{char} {n}" for char, n in left.most_common()))
    print("\nNot as expected:", "; ".join(f"{what} ({often})" for what, often in wrong.most_common()))


if __name__ == "__main__":
    main()
