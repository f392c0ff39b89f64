"""Word vectors from text files: word2vec's and GloVe's layout, memory, and everything that is none."""

import bz2
import gzip
import lzma
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.corpus import vectors as module
from poetgen.corpus.vectors import read_vectors, vector_size
from poetgen.errors import CorpusError

ROWS = {"月": (0.5, -1.0, 2.0), "山": (1.0, 2.0, 3.0), "花": (0.0, 0.25, -0.125)}


def write(path: Path, rows: dict[str, tuple[float, ...]], *, header: bool = False, end: str = "\n") -> Path:
    lines = [" ".join([token, *map(str, values)]) + end for token, values in rows.items()]
    first = f"{len(rows)} {len(next(iter(rows.values())))}{end}" if header else ""
    path.write_bytes((first + "".join(lines)).encode())
    return path


@pytest.mark.parametrize("header", [False, True], ids=["GloVe", "word2vec"])
@pytest.mark.parametrize("end", ["\n", "\r\n", " \n"], ids=["plain", "Windows", "trailing blank"])
def test_both_layouts_are_read(tmp_path: Path, header: bool, end: str) -> None:
    path = write(tmp_path / "v.txt", ROWS, header=header, end=end)
    found = read_vectors(path, ["山", "鶴", "月"])
    assert vector_size(path) == found.size == 3
    assert {token: tuple(value) for token, value in found.values.items()} == {t: ROWS[t] for t in "山月"}
    assert found.missing == ("鶴",)
    assert {place: tuple(row) for place, row in found.rows("花山月").items()} == {
        1: ROWS["山"],
        2: ROWS["月"],
    }
    assert "2 of 3 tokens" in str(found) and str(found).endswith("begin at random: 鶴")


@given(
    st.dictionaries(
        st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=3),
        st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=2),
        min_size=1,
        max_size=9,
    )
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[float]]
) -> None:
    path = write(tmp_path_factory.mktemp("v") / "v.txt", {t: tuple(v) for t, v in rows.items()}, header=True)
    found = read_vectors(path, rows)
    assert not found.missing
    for token, values in rows.items():
        np.testing.assert_array_equal(found.values[token], np.array(values, np.float32))


def test_the_first_of_two_vectors_counts_and_phrases_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text("月 1 2\n. . . 3 4\n月 5 6\n\n山 7 8\n", encoding="utf-8")
    found = read_vectors(path, ["月", "山"])
    assert tuple(found.values["月"]) == (1, 2) and tuple(found.values["山"]) == (7, 8)


def test_a_file_far_larger_than_what_is_kept_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    row = " ".join(["0.123456"] * 100)
    with path.open("w", encoding="utf-8") as file:
        for k in range(6_000):
            file.write(f"w{k} {row}\n")
    told: list[tuple[int, int]] = []
    tracemalloc.start()
    found = read_vectors(path, ["w5999"], on_progress=lambda done, total: told.append((done, total)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert list(found.values) == ["w5999"]
    assert path.stat().st_size > 8 * peak
    assert told == sorted(told) and told[-1][1] == path.stat().st_size


BAD = {
    "ragged, fewer": ("月 1 2 3\n山 1 2\n", "line 2 has 2 numbers, the lines before it 3"),
    "ragged, more": ("月 1 2 3\n山 1 2 3 4\n", "line 2 has 4 numbers, the lines before it 3"),
    "ragged after a header": ("2 3\n月 1 2 3\n山 1 2\n", "line 3 has 2 numbers"),
    "no number": ("月 1 2\n山 1 x\n", "line 2 has 'x' where a number"),
    "not finite": ("月 1 2\n山 1 nan\n", "line 2 has a value that is not a finite number"),
    "too large": ("月 1 2\n山 1 1e999\n", "line 2 has a value that is not a finite number"),
    "cut short": ("5 2\n月 1 2\n", "promises 5 vectors in its first line and has 1"),
    "empty": ("", "has no vectors"),
    "words alone": ("月\n山\n", "line 1 has 0 numbers"),
}


@pytest.mark.parametrize(("text", "told"), BAD.values(), ids=BAD)
@pytest.mark.filterwarnings("ignore:overflow")
def test_what_is_no_file_of_vectors_is_named_by_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "v.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match=f"^{re.escape(str(path))}.*{re.escape(told)}") as caught:
        read_vectors(path, ["月", "山"])
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_and_files_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "v.bin"
    path.write_bytes(b"2 3\nmoon \xff\xfe\x00\x01 1 2\n")
    with pytest.raises(CorpusError, match="line 2 is not UTF-8; save the vectors as UTF-8 text"):
        read_vectors(path, ["月"])
    for size in (read_vectors, vector_size):
        with pytest.raises(CorpusError, match="no vectors at"):
            size(tmp_path / "none", *(() if size is vector_size else (["月"],)))  # type: ignore[operator]
    with pytest.raises(CorpusError, match="cannot read"):
        vector_size(tmp_path)


def test_a_line_without_end_is_refused_before_it_fills_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_LINE", 1000)
    path = tmp_path / "v.txt"
    path.write_text("月 " + "1 " * 5000, encoding="utf-8")
    with pytest.raises(CorpusError, match="line 1 is longer than 1,000 bytes"):
        vector_size(path)


def test_a_first_line_of_thousands_of_digits_is_told_of(tmp_path):
    (tmp_path / "vectors.txt").write_text(f"3 {'9' * 5000}\n", encoding="utf-8")
    with pytest.raises(CorpusError):
        vector_size(tmp_path / "vectors.txt")


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
def test_a_compressed_file_is_read_as_it_is(tmp_path: Path, suffix: str) -> None:
    plain = write(tmp_path / "v.txt", ROWS, header=True)
    path = plain.with_suffix(suffix)
    path.write_bytes({".gz": gzip, ".bz2": bz2, ".xz": lzma}[suffix].compress(plain.read_bytes()))
    assert vector_size(path) == 3
    assert not read_vectors(path, ROWS).missing
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(CorpusError, match="cannot be read to its end"):
        read_vectors(path, ROWS)


@pytest.mark.parametrize("header", [False, True], ids=["GloVe", "word2vec"])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_row_whose_token_is_a_blank_is_skipped_and_counted(
    tmp_path: Path, header: bool, place: int
) -> None:
    lines = write(tmp_path / "v.txt", ROWS).read_text(encoding="utf-8").splitlines()
    lines.insert(place, " 0.5 0.5 0.5")
    path = tmp_path / "blank.txt"
    path.write_text("\n".join(["4 3"] * header + lines) + "\n", encoding="utf-8")
    found = read_vectors(path, ROWS)
    assert (found.size, found.missing, found.blank) == (3, (), 1)
    assert "1 rows without a token skipped" in str(found)


@pytest.mark.parametrize("header", [False, True], ids=["GloVe", "word2vec"])
def test_a_byte_order_mark_is_no_part_of_the_first_token(tmp_path: Path, header: bool) -> None:
    path = write(tmp_path / "v.txt", ROWS, header=header)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert not read_vectors(path, ROWS).missing


def test_a_token_is_found_by_another_form_where_the_file_lacks_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "v.txt", {"风": (1.0,), "云": (2.0,), "雲": (3.0,), "月": (4.0,)})
    forms = {"風": ("风",), "雲": ("云",), "鶴": ("鹤",)}
    found = read_vectors(path, "風雲月鶴", forms=forms)
    assert {token: float(value[0]) for token, value in found.values.items()} == {"風": 1, "雲": 3, "月": 4}
    assert (found.forms, found.missing) == ({"風": "风"}, ("鶴",))
    assert "1 of them by another form, such as 风 for 風" in str(found)
    assert {k: float(row[0]) for k, row in found.rows("月風").items()} == {0: 4, 1: 1}
    both = read_vectors(path, "云風风", forms=forms)
    assert {token: float(value[0]) for token, value in both.values.items()} == {"云": 2, "风": 1, "風": 1}
