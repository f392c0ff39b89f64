"""Labelled texts that are no verse: how the docstrings of installed packages begin, and whose they are.

    python benchmarks/docstring_labels.py docstrings.csv numpy scipy sklearn matplotlib torch

Every function and class with a docstring is a record: its first paragraph, not its name, and the package.
"""

import argparse
import ast
import csv
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

FEWEST, MOST = 40, 200  # characters of a text


def docstrings(package: str) -> Iterator[str]:
    """The first paragraph of each, tests left out; the package is read, not run."""
    spec = find_spec(package)
    assert spec is not None and spec.origin is not None, f"{package} is not installed"
    folder = Path(spec.origin).parent
    for path in sorted(folder.rglob("*.py")):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8", errors="ignore"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and (text := ast.get_docstring(node)):
                yield " ".join(text.split("\n\n")[0].split())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("packages", nargs="+")
    given = parser.parse_args()
    with given.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for package in given.packages:
            found = dict.fromkeys(docstrings(package))
            texts = [text for text in found if FEWEST <= len(text) <= MOST and package not in text.lower()]
            writer.writerows((text, package) for text in texts)
            print(f"{package}: {len(texts):,} texts")


if __name__ == "__main__":
    main()
