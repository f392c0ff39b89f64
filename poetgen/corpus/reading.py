"""How files of poems were read: what a command says of it once, on stderr."""

from collections import Counter
from dataclasses import dataclass, field

from poetgen.language import tr


@dataclass
class ReadingReport:
    """How some files were read: what was found in them, and where."""

    files: int = 0
    poems: int = 0
    titles: int = 0
    authors: int = 0
    layouts: Counter[str] = field(default_factory=Counter)
    encodings: Counter[str] = field(default_factory=Counter)
    invisible: int = 0
    left_out: int = 0  # rows of a text that are notes, addresses, letters
    faults: list[str] = field(default_factory=list)

    @property
    def is_plain(self) -> bool:
        """Whether it was one poem and nothing else, of which there is nothing to say."""
        odd = (
            self.titles
            or self.authors
            or self.invisible
            or self.left_out
            or set(self.encodings) - {"UTF-8"}
            or self.faults
        )
        return self.poems <= 1 and set(self.layouts) <= {""} and not odd

    def __str__(self) -> str:
        """One line for people: how many poems, from where in the file, with how many titles and authors."""
        one, many = tr("{count:,} poem"), tr("{count:,} poems")
        poems = (one if self.poems == 1 else many).format(count=self.poems)
        parts = [tr("{poems} in {files:,} files", poems=poems, files=self.files) if self.files > 1 else poems]
        parts += [tr(layout) for layout, _ in self.layouts.most_common(4) if layout]
        titles = (tr("{count:,} title"), tr("{count:,} titles"), tr("no titles"))
        authors = (tr("{count:,} author"), tr("{count:,} authors"), tr("no authors"))
        parts.append(
            tr(", ").join(
                (few if count == 1 else several if count else none).format(count=count)
                for (few, several, none), count in ((titles, self.titles), (authors, self.authors))
            )
        )
        parts += [tr("read as {name}", name=name) for name in sorted(self.encodings) if name != "UTF-8"]
        if self.invisible:
            one, many = tr("1 invisible character ignored"), tr("{count:,} invisible characters ignored")
            parts.append((one if self.invisible == 1 else many).format(count=self.invisible))
        if self.left_out:
            one, many = (
                tr("1 row that is not verse left out"),
                tr("{count:,} rows that are not verse left out"),
            )
            parts.append((one if self.left_out == 1 else many).format(count=self.left_out))
        return tr("; ").join(parts)
