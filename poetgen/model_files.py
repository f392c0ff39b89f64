"""Files of models of any kind: safetensors weights and JSON metadata, in which nothing can execute.

They are written whole, read without torch, and found by the name of a run.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from poetgen.errors import CheckpointError
from poetgen.files import expand_home, to_json, write_whole
from poetgen.language import tr

LANGUAGE_MODEL = "language model"
USES = {
    LANGUAGE_MODEL: "it writes with: poetgen generate --checkpoint FILE",
    "classifier": "it classifies with: poetgen classify predict --checkpoint FILE TEXT",
}
BEST = "best.safetensors"
NEWEST = "newest"  # the name of the run whose best model was saved last
LARGEST_WEIGHT = (
    1e6  # products of smaller ones stay finite in float32; a trained model's stay below a hundred
)
Array = npt.NDArray[Any]

_KEY = "poetgen"


def write_model_file(path: Path, weights: Mapping[str, Array], metadata: Mapping[str, Any]) -> None:
    """Weights and JSON metadata as one file, whole or not at all. Raises PoetgenError when the disk refuses."""
    from safetensors.numpy import save

    with write_whole(path) as temporary:
        arrays = {name: np.ascontiguousarray(array) for name, array in weights.items()}
        # not save_file, whose errors hide that the disk is full
        temporary.write_bytes(save(arrays, metadata={_KEY: to_json(metadata)}))


def read_model_file(path: Path, kind: str, version: int) -> tuple[dict[str, Array], dict[str, Any]]:
    """Weights and metadata of a model of this kind and format version. Raises CheckpointError."""
    weights, metadata = _read(path)
    found = metadata.get("kind", LANGUAGE_MODEL)  # a language model's file names none
    if found != kind:
        use = USES.get(found if isinstance(found, str) else "", tr("use the poetgen version that wrote it"))
        raise CheckpointError(
            tr(
                "{path} is the checkpoint of a {found!s:.30}, not of a {kind}; {use}",
                path=path,
                found=found,
                kind=kind,
                use=use,
            )
        )
    if "format_version" not in metadata:
        raise unusable(tr("{path} is a damaged checkpoint (format_version is missing)", path=path))
    found = metadata["format_version"]
    if type(found) is not int or found != version:
        raise CheckpointError(
            tr(
                "{path} has checkpoint format {found!r:.20}, this poetgen reads {version}; use the "
                "poetgen version that wrote it",
                path=path,
                found=found,
                version=version,
            )
        )
    return weights, metadata


def _read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Weights and metadata as they stand in the file. safetensors bounds and checks its own header."""
    from safetensors import SafetensorError, safe_open

    try:
        if not path.exists():
            raise CheckpointError(tr("no checkpoint at {path}; train one with: poetgen train", path=path))
        if not path.is_file():
            raise CheckpointError(tr("{path} is not a file; give a checkpoint file or a run", path=path))
        path.open("rb").close()  # whatever refuses, safetensors says "No such file"
        with safe_open(path, framework="np") as file:
            header = (file.metadata() or {}).get(_KEY)
            if header is None:
                raise CheckpointError(
                    tr("{path} is a safetensors file, but not a poetgen checkpoint", path=path)
                )
            metadata = json.loads(header)
            if not isinstance(metadata, dict):
                raise unusable(tr("{path} is a damaged checkpoint (its metadata is not a table)", path=path))
            return {name: file.get_tensor(name) for name in list(file.keys())}, metadata
    except (SafetensorError, ValueError, TypeError, AttributeError, RecursionError) as error:
        reason = str(error).removeprefix("Error while deserializing header: ")
        raise unusable(
            tr("{path} is not a checkpoint, or only part of one ({reason})", path=path, reason=reason)
        ) from error
    except OSError as error:
        raise CheckpointError(
            tr("cannot read {path}: {strerror}", path=path, strerror=error.strerror or error)
        ) from error


def unusable(fault: str) -> CheckpointError:
    """The error that says what is wrong with a file, and what to do."""
    return CheckpointError(tr("{fault}; fetch or train it again", fault=fault))


def check_values(path: Path, weights: Mapping[str, Array]) -> None:
    """Raises CheckpointError for weights of another type or that are not numbers."""
    for name, array in weights.items():
        if array.dtype not in (np.float32, np.float16):
            fault = tr(
                "{path} holds {name} as {dtype}, not float32 or float16",
                path=path,
                name=name,
                dtype=array.dtype,
            )
            raise unusable(fault)
        largest = largest_magnitude(array)
        if not math.isfinite(largest):
            raise unusable(tr("{path} holds values in {name} that are not numbers", path=path, name=name))
        if largest > LARGEST_WEIGHT:
            fault = tr(
                "{path} holds values in {name} beyond {largest_weight:,.0f}: its training went astray",
                path=path,
                name=name,
                largest_weight=LARGEST_WEIGHT,
            )
            raise unusable(fault)


def largest_magnitude(array: Array) -> float:
    """The largest |value| of float16 or float32 numbers, NaN where there is one; 0 without any.

    Read off their bits, for speed: without the sign these order as the numbers do, NaN after infinity (IEEE 754).
    """
    bits = array.view(np.dtype(f"u{array.itemsize}"))
    magnitude = (bits & bits.dtype.type((1 << (8 * array.itemsize - 1)) - 1)).max(initial=0)
    return float(bits.dtype.type(magnitude).view(array.dtype))


def find_model(runs: Path, given: Path) -> Path:
    """`given`: a file, a run folder, the name of one of `runs`, or newest.

    A plain name is that of a run, if there is one, and else of a file. Raises CheckpointError, saying what there
    is, when `given` is none of these.
    """
    if str(given) == NEWEST:
        there = sorted(runs.glob(f"*/{BEST}"), key=lambda path: (path.stat().st_mtime, path))
        if not there:
            raise CheckpointError(tr("no run in {runs} has a model; train one first", runs=runs))
        return there[-1]
    given = Path(expand_home(str(given)))
    named = runs / given
    places = (named, given) if len(given.parts) == 1 else (given, named)
    usable = (place for place in places if place.is_file() or (place / BEST).is_file())
    place = next(usable, given if given.exists() or not named.exists() else named)
    if not place.is_dir() and place.exists():
        return place
    if (place / BEST).is_file():
        return place / BEST
    raise CheckpointError(
        tr("{what}; give a checkpoint file or a run ({known})", what=_lack(place), known=_names(runs))
    )


def _lack(place: Path) -> str:
    if place.is_dir():
        return tr("{place} holds no {best}", place=place, best=BEST)
    return tr("no checkpoint at {place}", place=place)


def _names(runs: Path) -> str:
    names = sorted(path.parent.name for path in runs.glob(f"*/{BEST}"))
    if not names:
        return tr("no run in {runs} has one", runs=runs)
    return tr("runs here: {names}", names=", ".join(names))
