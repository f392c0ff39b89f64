"""Labelled texts held out by cluster: near duplicates stay together, every label has its share of each part."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

from poetgen.classify.labels import Labelled
from poetgen.classify.tokens import is_mark, phrases
from poetgen.corpus.near_duplicates import cluster_near_duplicates, hash_fraction
from poetgen.errors import CorpusError
from poetgen.poem.poem import Poem

PARTS = TRAIN, VALIDATION, TEST = ("train", "validation", "test")


def stratified_group_split(texts: Sequence[Labelled], ratio: str) -> dict[str, list[int]]:
    """Numbers of the texts of train, validation and test, in the order given.

    Clusters are taken by the number in [0, 1) that docs/measures.md gives them, and each goes to the part in
    which its labels fall short most of their share; a label of three clusters or more is in every part, one of
    two in train and validation. Raises CorpusError for a label whose texts are all one cluster.
    """
    roots = cluster_near_duplicates([as_poem(text) for text in texts])
    members: dict[int, list[int]] = defaultdict(list)
    for k, root in enumerate(roots):
        members[root].append(k)
    wanted = _shares(texts, roots, ratio)
    places = {root: min(_key(texts[k]) for k in members[root]) for root in members}
    parts: dict[str, list[int]] = {part: [] for part in PARTS}
    for root in sorted(members, key=lambda root: (hash_fraction(places[root]), places[root])):
        labels = Counter(texts[k].label for k in members[root])
        part = max(PARTS, key=lambda part: sum(wanted[label][part] * n for label, n in labels.items()))
        parts[part] += members[root]
        for label, n in labels.items():
            wanted[label][part] -= n
    _check_learnable(texts, parts)
    return {part: sorted(numbers) for part, numbers in parts.items()}


def count_near_duplicates(texts: Sequence[Labelled], of: Sequence[Labelled]) -> int:
    """How many of the texts are near duplicates of some `of` others."""
    if not texts:
        return 0
    roots = cluster_near_duplicates([as_poem(text) for text in [*texts, *of]])
    known = set(roots[len(texts) :])
    return sum(root in known for root in roots[: len(texts)])


def as_poem(text: Labelled) -> Poem:
    """Any text as lines between marks, by which near duplicates are found."""
    lines = tuple(phrase for phrase in phrases(text.text) if not is_mark(phrase[0]))
    return Poem("", "", lines, "。" * len(lines), text.key)


def _key(text: Labelled) -> str:
    return text.key or hashlib.sha256(text.text.encode()).hexdigest()


def _shares(texts: Sequence[Labelled], roots: Sequence[int], ratio: str) -> dict[str, dict[str, float]]:
    """How many texts of each label each part should have."""
    weights = [float(weight) for weight in ratio.split(":")]
    counts = Counter(text.label for text in texts)
    clusters: dict[str, set[int]] = defaultdict(set)
    for text, root in zip(texts, roots, strict=True):
        clusters[text.label].add(root)
    wanted = {}
    for label, n in counts.items():
        held = [max(1.0, n * weight / sum(weights)) for weight in weights[1:]]
        held = [share if len(clusters[label]) > k + 1 else 0.0 for k, share in enumerate(held)]
        wanted[label] = dict(zip(PARTS, (n - sum(held), *held), strict=True))
    return wanted


def _check_learnable(texts: Sequence[Labelled], parts: dict[str, list[int]]) -> None:
    learned = {texts[k].label for k in parts[TRAIN]}
    held = {texts[k].label for part in (VALIDATION, TEST) for k in parts[part]}
    for label in dict.fromkeys(text.label for text in texts):
        if label not in learned or label not in held:
            raise CorpusError(
                f"the texts of the label {label!r} are near duplicates of one another or of others, so none can "
                "be learned from and another held out; give more of its texts"
            )
