"""Write poetgen/script/bigrams.npz: how often the training poems use a character, and which ones side by side.

    python tools/build_bigrams.py [data/prepared]

The same poems, and the same OpenCC, give the same bytes.
"""

from importlib.metadata import version
from pathlib import Path

from arguments import parse_prepared

from poetgen.corpus.dataset import Dataset
from poetgen.script import bigrams
from poetgen.script.bigrams import Bigrams

TABLE = Path(bigrams.__file__).with_name("bigrams.npz")
ABOUT = """\
Characters, and pairs of neighbours within a line, of {poems:,} training poems ({lines:,} lines) of {name}, \
in the text of chinese-poetry (https://github.com/chinese-poetry/chinese-poetry, MIT, see NOTICE); pairs \
without a character that some edition prints like another (OpenCC {opencc}) are left out. \
Made by tools/build_bigrams.py."""


def main() -> None:
    """Count, write, and say how large it came out."""
    prepared = Dataset.open(parse_prepared(__doc__))
    manifest, lines = prepared.manifest, [line for poem in prepared.poems("train") for line in poem.lines]
    about = ABOUT.format(
        poems=manifest["splits"]["train"]["poems"],
        lines=len(lines),
        name=manifest["corpus"]["selection"],
        opencc=version("opencc"),
    )
    table = Bigrams.of(lines, about)
    table.save(TABLE)
    print(about)
    print(
        f"{TABLE.name}: {len(table.characters) - 1:,} characters, {len(table.times):,} pairs, "
        f"{TABLE.stat().st_size:,} bytes"
    )


if __name__ == "__main__":
    main()
