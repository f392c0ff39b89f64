"""How files of poems were read: what a command says of it once, on stderr."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Reading:
    """How some files were read: what was found in them, and where."""

    files: int = 0
    poems: int = 0
    titles: int = 0
    authors: int = 0
    layouts: Counter[str] = field(default_factory=Counter)
    encodings: Counter[str] = field(default_factory=Counter)
    invisible: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def is_plain(self) -> bool:
        """Whether it was one poem and nothing else, of which there is nothing to say."""
        odd = self.titles or self.authors or self.invisible or set(self.encodings) - {"UTF-8"} or self.faults
        return self.poems <= 1 and set(self.layouts) <= {""} and not odd

    def __str__(self) -> str:
        """One line for people: how many poems, from where in the file, with how many titles and authors."""
        poems = f"{self.poems:,} poem{'' if self.poems == 1 else 's'}"
        parts = [f"{poems} in {self.files:,} files" if self.files > 1 else poems]
        parts += [layout for layout, _ in self.layouts.most_common(4) if layout]
        found = (("title", self.titles), ("author", self.authors))
        parts.append(
            ", ".join(f"{n:,} {what}{'' if n == 1 else 's'}" if n else f"no {what}s" for what, n in found)
        )
        parts += [f"read as {name}" for name in sorted(self.encodings) if name != "UTF-8"]
        if self.invisible:
            parts.append(f"{self.invisible:,} invisible characters ignored")
        return "; ".join(parts)
