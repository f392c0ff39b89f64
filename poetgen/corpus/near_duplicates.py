"""Near-duplicate poems, and the split that keeps them together."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from poetgen.poem.poem import Poem


def cluster_near_duplicates(poems: Sequence[Poem]) -> list[int]:
    """For each poem the number of its cluster's first poem.

    Two poems are near duplicates when they share three quarters or more of the shorter one's (distinct) lines;
    clusters are what follows from that in chains.
    """
    lines = [frozenset(poem.lines) for poem in poems]
    first: dict[frozenset[str], int] = {}  # each set of lines once: a thousand copies make no million pairs
    for k, own in enumerate(lines):
        first.setdefault(own, k)
    clusters = find_clusters(list(first))
    root_of = {own: root for own, root in zip(first, clusters, strict=True)}
    earliest = list(first.values())
    return [earliest[root_of[own]] for own in lines]


def find_clusters(lines: Sequence[frozenset[str]]) -> list[int]:
    """For each set of lines the number of its cluster's first.

    Poems that share a line stand in one list by cluster, and a cluster is passed over as soon as it is one's own:
    so a thousand poems with the same three lines do not look at one another a million times.
    """
    clusters = _Clusters(len(lines))
    holders: dict[str, list[list[int]]] = defaultdict(list)  # by line: those that have it, by cluster
    for k, own in enumerate(lines):
        for line in own:
            holders[line].append([k])
    frequency = {line: len(found) for line, found in holders.items()}
    for a, own in enumerate(lines):
        needed = -(-3 * len(own) // 4)
        # b lacks at most len(own) - needed lines, so it has one of any len(own) - needed + 1: look at the rarest
        for line in sorted(own, key=frequency.__getitem__)[: len(own) - needed + 1]:
            holders[line] = clusters.gather(holders[line])
            for others in holders[line]:
                if clusters.root(others[0]) != clusters.root(a) and any(
                    len(lines[b]) >= len(own) and len(own & lines[b]) >= needed for b in others
                ):
                    clusters.join(a, others[0])
    return [clusters.root(k) for k in range(len(lines))]


class _Clusters:
    """Numbers joined to clusters, each known by its smallest (union–find)."""

    def __init__(self, count: int) -> None:
        self.parent = list(range(count))

    def root(self, k: int) -> int:
        """The smallest number of k's cluster."""
        parent = self.parent
        while parent[k] != k:
            parent[k] = parent[parent[k]]
            k = parent[k]
        return k

    def join(self, a: int, b: int) -> None:
        """Make one of two clusters."""
        earlier, later = sorted((self.root(a), self.root(b)))
        self.parent[later] = earlier

    def gather(self, groups: list[list[int]]) -> list[list[int]]:
        """The groups, those of one cluster made one, the smaller added to the larger."""
        by_root: dict[int, list[int]] = {}
        for group in groups:
            root = self.root(group[0])
            small, large = sorted((group, by_root.get(root, [])), key=len)
            large.extend(small)
            by_root[root] = large
        return list(by_root.values())


def poem_key(poem: Poem) -> str:
    """Its id; without one, the SHA-256 of its body."""
    return poem.id or hashlib.sha256(poem.text.encode()).hexdigest()


def hash_fraction(key: str) -> float:
    """A number in [0, 1) decided by the key alone: the first 8 bytes of SHA-256 of `poetgen split:` + key."""
    digest = hashlib.sha256(f"poetgen split:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_clusters(poems: Sequence[Poem], clusters: Sequence[int], ratio: str) -> dict[str, list[int]]:
    """Numbers of the poems of train, validation and test, whole clusters each, in the order given.

    `ratio` such as 96:2:2, or 9:1 for train and validation alone. A corpus so small that validation (or train)
    would be empty lends it the nearest cluster, so that every training can be measured.
    """
    smallest: dict[int, str] = {}
    for poem, root in zip(poems, clusters, strict=True):
        key = poem_key(poem)
        smallest[root] = min(smallest.get(root, key), key)
    places = {root: hash_fraction(key) for root, key in smallest.items()}
    parts = [float(part) for part in ratio.split(":")]
    train_end, validation_end = parts[0] / sum(parts), (parts[0] + parts[1]) / sum(parts)
    names = {
        root: "train" if place < train_end else "validation" if place < validation_end else "test"
        for root, place in places.items()
    }
    _fill_empty(names, places)
    members: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for k, root in enumerate(clusters):
        members[names[root]].append(k)
    return members


def _fill_empty(names: dict[int, str], places: dict[int, float]) -> None:
    by_place = sorted(places, key=lambda root: places[root])
    if len(by_place) > 1:
        if "train" not in names.values():
            names[by_place[0]] = "train"
        if "validation" not in names.values():
            in_train = [root for root in by_place if names[root] == "train"]
            lender = in_train[-1] if len(in_train) > 1 else by_place[-1]
            names[lender] = "validation"
