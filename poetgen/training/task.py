"""What a run learns: its texts in batches, the learner, what a validation measures and what is saved."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from poetgen.corpus.batches import Indices
from poetgen.corpus.dataset import EncodedPoems
from poetgen.training.events import Progress, ValidationReport
from poetgen.training.learner import Learner


class Task(Protocol):
    """Decided by data and configuration."""

    @property
    def learner(self) -> Learner:
        """Who learns."""

    @property
    def texts(self) -> EncodedPoems:
        """The training texts."""

    @property
    def source(self) -> str:
        """Where the texts are from."""

    @property
    def parent(self) -> dict[str, Any] | None:
        """The card of the model whose weights it began with, None without one."""

    @property
    def messages(self) -> Sequence[str]:
        """What to say before the first step."""

    def batch(self, indices: Indices) -> Any:
        """These training texts as `learner` takes them."""

    def validation_loss(self) -> float:
        """Mean natural-log loss on the validation texts; not finite when the training has diverged."""

    def metrics(self, loss: float) -> Mapping[str, float]:
        """What the last validation, of this loss, measured besides."""

    def label(self, loss: float) -> str:
        """The validation's result as part of a file's name."""

    def reason_to_stop(self, report: ValidationReport) -> str:
        """Why what was measured is good enough to stop at; empty when it is not."""

    @property
    def guess_loss(self) -> float:
        """The loss of a uniform guess; infinity where a loss says little."""

    def save_model(
        self, paths: Sequence[Path], *, run: str, progress: Progress, validation: float | None
    ) -> None:
        """Write the model as it stands, with its card, into these files. Raises PoetgenError."""

    def fingerprint(self) -> dict[str, str]:
        """Identifies the data, so that a run goes on with what it began with."""
