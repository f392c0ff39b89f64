"""What a classifier must beat: always the commonest label, and a linear model on character 1–2-grams."""

from collections.abc import Sequence

import numpy as np

from poetgen.classify.scores import Labels, macro_f1, matrix_of, tally

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0)  # C, chosen on validation


def predict_majority(train: Labels, texts: int) -> Labels:
    """The commonest label of train, the first of equals, for each of so many texts."""
    return np.full(texts, np.bincount(train).argmax(), dtype=np.int64)


def can_compare() -> bool:
    """Whether scikit-learn is installed."""
    try:
        import sklearn  # noqa: F401
    except ImportError:
        return False
    return True


def predict_linear(
    train: tuple[Sequence[str], Labels], validation: tuple[Sequence[str], Labels], held_out: Sequence[str]
) -> tuple[Labels, float]:
    """(predictions for the held-out texts, the C they were made with).

    A linear support vector machine on the TF-IDF (logarithmic counts) of characters and their pairs; of some
    penalties C the one with the best macro-F1 on validation is taken. Raises ImportError without scikit-learn.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    grams = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, lowercase=False)
    rows = grams.fit_transform(train[0])
    tried, other = grams.transform(validation[0]), grams.transform(held_out)
    labels = int(train[1].max()) + 1
    best: tuple[float, float, Labels] | None = None
    for penalty in PENALTIES:
        model = LinearSVC(C=penalty, dual=True, max_iter=20_000, random_state=0).fit(rows, train[1])
        score = float(macro_f1(tally(matrix_of(validation[1], model.predict(tried), labels))))
        if best is None or score > best[0]:
            best = score, penalty, model.predict(other).astype(np.int64)
    assert best is not None
    return best[2], best[1]
