"""The bytes of a text file as text, in whichever encoding people saved it."""

import codecs
from dataclasses import dataclass

from poetgen.errors import CorpusError
from poetgen.language import tr
from poetgen.poem.poem import is_invisible

_BYTE_ORDER_MARKS = (  # UTF-32's begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TEXT = (  # how files begin that are something else, and what they are
    (b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"), (b"PK\x03\x04", "zip, docx or xlsx"),
    (b"Rar!", "rar"), (b"7z\xbc\xaf", "7z"), (b"%PDF", "PDF"), (b"\xd0\xcf\x11\xe0", "doc or xls"),
    (b"{\\rtf", "RTF"), (b"SQLite format 3", "SQLite"), (b"\x89PNG", "PNG"), (b"\xff\xd8\xff", "JPEG"),
    (b"\x93NUMPY", "npy"), (b"PAR1", "Parquet"),
)  # fmt: skip
_CHINESE = ("gb18030", "big5hkscs")  # the encodings of before Unicode, told apart by what comes out
# A third of any classical text, in both scripts; nearly nothing of one decoded wrongly.
_COMMON = frozenset(
    "不人山風日月天無一有何春花來年時中雲水秋上自知為爲是如相子生心詩风无来时云为诗，。？！、；：,.\n\r\t "
)
_ENOUGH = 0.1


@dataclass(frozen=True)
class Decoded:
    """A text; `encoding` as its owner would name it, `invisible` how many invisible characters were left out."""

    text: str
    encoding: str = "UTF-8"
    invisible: int = 0


def decode_text(data: bytes, name: str) -> Decoded:
    """The text of a file, without invisible characters. Raises CorpusError, with `name`, for what is not text."""
    text, encoding = _decode(data, name)
    kept = remove_invisible(text)
    return Decoded(kept, encoding.upper(), len(text) - len(kept))


def remove_invisible(text: str) -> str:
    """The text without its invisible characters."""
    found = {ord(char): None for char in set(text) if is_invisible(char)}
    return text.translate(found) if found else text


def _decode(data: bytes, name: str) -> tuple[str, str]:
    kind = next((kind for start, kind in _NO_TEXT if data.startswith(start)), "")
    if kind:
        raise CorpusError(
            tr(
                "{name} is a file of kind {kind} and not text; unpack it, or save its poems as text",
                name=tr(name),
                kind=kind,
            )
        )
    marked = next((encoding for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(mark)), "")
    try:
        return data.decode(marked or "utf-8").removeprefix("\ufeff"), marked or "utf-8"
    except UnicodeDecodeError as error:
        values = {"name": tr(name), "start": error.start}
        if marked:
            sentence = tr("{name} is not {upper} text (byte {start})", upper=marked.upper(), **values)
            raise CorpusError(sentence) from error
        share, text, encoding = max(map(_attempt, [data] * 4, (*_CHINESE, "utf-16-le", "utf-16-be")))
        if share < _ENOUGH:
            raise CorpusError(
                tr(
                    "{name} is not UTF-8 text ({reason} at byte {start}), nor GBK, Big5 or UTF-16; "
                    "save it as UTF-8",
                    reason=error.reason,
                    **values,
                )
            ) from error
        return text, encoding


def _attempt(data: bytes, encoding: str) -> tuple[float, str, str]:
    """(share of common characters, text, encoding); 0 for what this encoding cannot have written."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return 0.0, "", encoding
    sample = text[:100_000]
    return sum(char in _COMMON for char in sample) / max(1, len(sample)), text, encoding
