"""Arrays in files: read only when they are what they should be, written so that a full disk is reported."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.files import check_file


def load_array(path: Path) -> npt.NDArray[Any]:
    """A list of whole numbers, not read before it is looked at. Raises OSError or ValueError."""
    try:
        array: npt.NDArray[Any] = np.load(check_file(path), mmap_mode="r", allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # its header is read as Python is, and fails in as many ways
        raise ValueError(f"{path.name}: {error}") from error
    if array.ndim != 1 or array.dtype.kind not in "ui":
        raise ValueError(f"{path.name} is not a list of whole numbers")
    return array


def save_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write an .npy file. Raises OSError.

    By way of memory: of a full disk NumPy itself says but "17040 requested and 10176 written".
    """
    file = io.BytesIO()
    np.save(file, array)
    path.write_bytes(file.getvalue())


def save_arrays(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Write an .npz file in the same way. Raises OSError."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    path.write_bytes(file.getvalue())
