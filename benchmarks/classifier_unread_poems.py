"""A classifier on the held-out poems that the language model it began with did not learn from, and on the others.

    python benchmarks/classifier_unread_poems.py poets --part validation

The classifier holds out by labels, the language model by its own split, so most of what the one holds out is
training text of the other: without the poets' names, but read. The linear baseline stands beside it.
"""

import argparse
from pathlib import Path

import numpy as np

from poetgen.classify import baselines
from poetgen.classify.classifier import log_probabilities
from poetgen.classify.report import format_interval
from poetgen.classify.run import load_labelled_texts
from poetgen.classify.saved import SavedClassifier, find_classifier
from poetgen.classify.scores import score_predictions
from poetgen.classify.split import TRAIN, VALIDATION
from poetgen.corpus.dataset import Dataset
from poetgen.files import Workspace


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--home", type=Path, default=Path())
    parser.add_argument("--part", choices=["validation", "test"], default="validation")
    given = parser.parse_args()
    workspace = Workspace(given.home)
    saved = SavedClassifier.load(find_classifier(workspace, given.run))
    data = load_labelled_texts(saved.settings, workspace.prepared)
    train, validation, held = data.parts[TRAIN], data.parts[VALIDATION], data.parts[given.part]
    known = {poem.text for poem in Dataset.open(workspace.prepared).poems("train")}
    read = np.array([text in known for text in held.texts])
    ours = log_probabilities(saved.model(), held.encoded).argmax(axis=1)
    linear, _ = baselines.predict_linear(
        (train.texts, train.labels), (validation.texts, validation.labels), held.texts
    )
    for what, chosen in (("read", read), ("unread", ~read)):
        for name, guesses in (("linear", linear), ("classifier", ours)):
            found = score_predictions(held.labels[chosen], guesses[chosen], len(data.labels))
            accuracy = format_interval(found.accuracy, found.accuracy_interval)
            print(f"{what:<7} {found.texts:>4} texts  {name:<11}accuracy {accuracy}, ", end="")
            print(f"macro-F1 {format_interval(found.macro_f1, found.macro_f1_interval)}")


if __name__ == "__main__":
    main()
