"""Write poetgen/picture/poetgen-serif.woff2: the characters that poems are set in, of Noto Serif CJK TC.

    apt-get download fonts-noto-cjk=1:20220127+repack1-1
    pip install -e '.[picture]' && python tools/build_font.py fonts-noto-cjk_*.deb

It needs dpkg-deb. The characters are those of the released model and how other editions print them, the names
of the rhyme groups, and what people type beside: the commonest of GB 2312 and Big5 (their first levels), ASCII and
Chinese marks, with the forms that marks take in vertical columns. A simplified form that the face lacks (𫛶) shows
the outline of its traditional one (鶒), as many editions print it. The same package and fontTools: the same bytes.
"""

import hashlib
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from arguments import make_parser
from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

from poetgen.checkpoint import Checkpoint
from poetgen.files import shipped_folder
from poetgen.poem.poem import is_hanzi
from poetgen.script.opencc import HONGKONG, SIMPLIFIED, TAIWAN, spellings
from poetgen.verse.rhyme_books import GROUPS

PACKAGE_SUM = "4a2515eb6db3978b897fef9709ed0d2b1f4c6c4df4d83d6c4ef65f71f1b1f502"  # SHA-256 of the .deb
COLLECTION = "usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc"
FACE = "Noto Serif CJK TC"
FONT = Path(__file__).parents[1] / "poetgen" / "picture" / "poetgen-serif.woff2"

# the rows of a character set's first level, by their first bytes
FIRST_LEVELS = {"gb2312": range(0xB0, 0xD8), "big5": range(0xA4, 0xC7)}
ASCII = "".join(map(chr, range(0x20, 0x7F)))
MARKS = "、。，．：；？！…—·‧「」『』《》〈〉（）〔〕【】“”‘’〇〓○●◎△□✓×"


def known_characters() -> list[str]:
    """What the model knows, and rhyme groups."""
    vocabulary = Checkpoint.load(shipped_folder("checkpoints") / "tang.safetensors").vocabulary
    return [*dict.fromkeys([*vocabulary.tokens[vocabulary.first_hanzi :], *GROUPS])]


def usual_characters() -> set[str]:
    """What is typed beside."""
    return {*ASCII, *MARKS}.union(*(first_level(codec, rows) for codec, rows in FIRST_LEVELS.items()))


def first_level(codec: str, rows: range) -> Iterator[str]:
    """The hanzi of these rows of a double-byte character set."""
    for row in rows:
        for cell in range(0x40, 0xFF):
            char = bytes([row, cell]).decode(codec, "ignore")
            if len(char) == 1 and is_hanzi(char):
                yield char


def read_face(package: Path) -> TTFont:
    """The face, out of the Debian package."""
    if not package.is_file():
        raise SystemExit(f"no package at {package}; fetch it with: apt-get download fonts-noto-cjk")
    found = hashlib.sha256(package.read_bytes()).hexdigest()
    if found != PACKAGE_SUM:
        raise SystemExit(f"{package} is not the package this font is made from: its SHA-256 is {found}")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
        faces = TTCollection(Path(folder) / COLLECTION, lazy=False).fonts
        return next(face for face in faces if face["name"].getDebugName(1) == FACE)


def lend_outlines(face: TTFont, forms: dict[str, str]) -> list[str]:
    """Let the simplified forms that the face lacks show their traditional ones; which those are."""
    cmap = face.getBestCmap()
    lent = {simple: char for char, simple in forms.items() if ord(simple) not in cmap and ord(char) in cmap}
    for table in face["cmap"].tables:
        if table.format == 12:  # the only one that reaches beyond the first plane
            table.cmap |= {ord(simple): cmap[ord(char)] for simple, char in lent.items()}
    return sorted(lent)


def main() -> None:
    """Subset, write, and say what came out."""
    options = subset.Options(
        flavor="woff2", layout_features=["vert", "vrt2"], hinting=False, desubroutinize=True, name_IDs=["*"]
    )
    parser = make_parser(__doc__)
    parser.add_argument("package", type=Path)
    face, known = read_face(parser.parse_args().package), known_characters()
    borrowed = lend_outlines(face, dict(zip(known, spellings(known, SIMPLIFIED), strict=True)))
    editions = (spellings(known, edition) for edition in (SIMPLIFIED, TAIWAN, HONGKONG))
    wanted = {*known, *chain.from_iterable(editions), *usual_characters()}
    lacking = sorted(char for char in wanted if ord(char) not in face.getBestCmap())
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(wanted))
    subsetter.subset(face)
    subset.save_font(face, FONT, options)
    print(f"{FONT.name}: {len(face.getBestCmap()):,} characters, {FONT.stat().st_size:,} bytes")
    print(f"in their traditional form: {''.join(borrowed)}")
    print(f"{FACE} lacks {len(lacking)} of {len(wanted):,}: {''.join(lacking)}")


if __name__ == "__main__":
    main()
