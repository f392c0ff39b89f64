"""The confusion matrix: what its shades mean and how good the classifier is can be read off the picture."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poetgen.classify.report import BaselineComparison
from poetgen.classify.scores import score_predictions
from poetgen.plots import confusion


def test_it_tells_its_accuracy_and_the_scale_of_its_shades(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    drawn: list[Any] = []
    new_picture = confusion.new_picture

    @contextmanager
    def kept(*arguments: Any) -> Iterator[Any]:
        with new_picture(*arguments) as figure:
            drawn.append(figure)
            yield figure

    monkeypatch.setattr(confusion, "new_picture", kept)
    found = score_predictions(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), 2)
    comparison = BaselineComparison(("天氣", "飯菜"), "test", 9, found, found, None, None, None)
    confusion.draw_confusion(
        comparison.labels, comparison.classifier.confusion, tmp_path / "confusion.png", "moon: test texts"
    )
    matrix, bar = drawn[0].axes
    assert matrix.get_title(loc="left") == "moon: test texts\naccuracy 75.0%"
    assert bar.get_ylabel() == "share of the true label's texts"
    assert [text.get_text() for text in matrix.texts] == ["2", "1", "1"]
