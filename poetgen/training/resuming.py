"""What must be as it was when a run goes on: its settings, but for the device, and its poems."""

import hashlib
from collections.abc import Mapping

from poetgen.config import Config, flatten
from poetgen.corpus.dataset import PreparedFolder
from poetgen.errors import CheckpointError
from poetgen.training.folder import RunFolder

CHANGEABLE = {"training.device"}


def check_resumable(folder: RunFolder, config: Config, fingerprint: Mapping[str, str], *, where: str) -> None:
    """Raises CheckpointError naming each setting, or the data, that is not as the run began."""
    saved = folder.read_config()
    before = flatten(type(config)().replace(flatten(saved["config"], str(folder.config))).to_dict(), "config")
    now = flatten(config.to_dict(), "config")
    changed = [key for key in before if before[key] != now[key] and key not in CHANGEABLE]
    if changed:
        listed = ", ".join(f"{key} was {before[key]!r} and is now {now[key]!r}" for key in changed)
        raise CheckpointError(
            f"cannot resume {folder.name} with other settings: {listed}; start another --run"
        )
    if saved["data"] != fingerprint:
        raise CheckpointError(
            f"cannot resume {folder.name}: the texts in {where} are not those it began with; "
            "prepare them as before, or start another --run"
        )


def data_fingerprint(prepared: PreparedFolder) -> dict[str, str]:
    """SHA-256 of the vocabulary and the training poems."""
    poems = prepared.split("train")
    digest = hashlib.sha256("\n".join(prepared.vocabulary.tokens).encode())
    digest.update(poems.offsets.tobytes())
    digest.update(poems.ids.tobytes())
    return {"sha256": digest.hexdigest()}
