"""A poem, and which line → the poem with that line written anew: of several, the one that suits the whole best."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy.typing as npt

from poetgen.corpus.typed_poems import TypedPoem, read_typed_poems
from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.poem.lineation import CORPUS_MARKS, LINE_MARKS, punctuate, split_lines
from poetgen.poem.poem import word_of
from poetgen.script.convert import Conversion, keeps_spelling, print_lines, to_corpus
from poetgen.verse.check import check_poem
from poetgen.verse.prosody import TokenProsody
from poetgen.writing.decoding import Candidate, Matcher, Sampling, decode, random_stream
from poetgen.writing.line_matcher import KeptPoem, join_body, match_line
from poetgen.writing.loaded_model import LoadedModel
from poetgen.writing.network import Prefix
from poetgen.writing.poem import GeneratedPoem, Rank
from poetgen.writing.prompt import read_acrostic
from poetgen.writing.ranking import score

Array = npt.NDArray[Any]
_RUNS = re.compile(f"[{re.escape(LINE_MARKS)}]+")


class Rewriter:
    """Rewrites lines with a model, by the tones and rhymes of one book."""

    def __init__(self, model: LoadedModel, prosody: TokenProsody) -> None:
        self._model, self._network, self._prosody = model, model.network, prosody

    def rewrite(
        self, poem: str, line: int, *, begins: str, sampling: Sampling, script: str | None
    ) -> Iterator[GeneratedPoem]:
        """The poem with that line (from 1) written anew; checked before the first. Raises PromptError."""
        typed, marks = read_kept(poem, line)
        read = to_corpus("\n".join(typed), self._model.variants)
        lines = tuple(read.text.split("\n"))
        head = self._head(begins, lines[line - 1], line)
        kept = KeptPoem(lines, marks, line - 1, head)
        matcher = match_line(kept, self._prosody, keeps_marks=self._model.keeps_marks)
        return self._write(kept, read, matcher, sampling, script or read.script)

    def _head(self, begins: str, present: str, line: int) -> str:
        head = read_acrostic(begins, self._model.variants).text if begins else ""
        if len(head) > len(present):
            raise PromptError(
                tr(
                    "line {line} has {count} hanzi, and {begins!r} has {count2}; shorten it",
                    line=line,
                    count=len(present),
                    begins=begins[:60],
                    count2=len(head),
                )
            )
        return head

    def _write(
        self, kept: KeptPoem, read: Conversion, matcher: Matcher, sampling: Sampling, script: str
    ) -> Iterator[GeneratedPoem]:
        before = self._body(kept.lines[: kept.place], kept.marks[: kept.place])
        prefix = Prefix.read(before + kept.head, self._network)
        for index in range(sampling.count):
            streams = (
                random_stream(sampling.seed, index, f"{before}\n{kept.head}", number)
                for number in range(sampling.best_of)
            )
            candidates = [
                Candidate(rng, matcher.fork(), list(prefix.ids), prefix.log_probability) for rng in streams
            ]
            decode(self._network, prefix.logits, prefix.state, candidates, sampling=sampling)
            length = len(kept.lines[kept.place])
            found = [self._network.vocabulary.decode(each.ids[-length:]) for each in candidates]
            yield self._best(kept, read, found, sampling, index, script)

    def _best(
        self,
        kept: KeptPoem,
        read: Conversion,
        found: Sequence[str],
        sampling: Sampling,
        index: int,
        script: str,
    ) -> GeneratedPoem:
        """The poem with the candidate that makes it score best, of those with two words and more that are new.

        Where there is none, of those with one; the present line only where all are that one.
        """
        new_words = [_count_new_words(line, kept.lines[kept.place]) for line in found]
        least = min(2, max(new_words))
        others = [line for line, count in zip(found, new_words, strict=True) if count >= least]
        poems = [kept.with_line(line) for line in dict.fromkeys(others)]
        totals = self._network.log_probabilities([self._body(lines, kept.marks) for lines in poems]).tolist()
        scores = [
            score(lines, total, known=self._model.known_lines)
            for lines, total in zip(poems, totals, strict=True)
        ]
        best = max(range(len(scores)), key=scores.__getitem__)
        new = poems[best][kept.place]
        table = self._prosody.table
        report = check_poem(poems[best], table=table)
        return GeneratedPoem(
            lines=print_lines(poems[best], script, typed=_typed_places(kept, read, script)),
            marks=kept.marks,
            script=script,
            seed=sampling.seed,
            index=index,
            log_probability=totals[best],
            notes=(*self._model.notes, *read.notes),
            template=report.template,
            rhyme_group=report.rhyme_group if report.rhymes_hold else None,
            tones=tuple(line.tones for line in report.lines),
            rank=Rank(len(found), found.index(new), scores[best]),
            corpus_lines=poems[best],
            rhyme_book=table.book,
        )

    def _body(self, lines: Sequence[str], marks: str) -> str:
        """Lines as the model reads them."""
        return join_body(lines, marks) if self._model.keeps_marks else "".join(lines)


def _count_new_words(line: str, present: str) -> int:
    """In how many places a line has another word than the present one: 溪 is 谿 in another spelling."""
    return sum(word_of(new) != word_of(old) for new, old in zip(line, present, strict=True))


def _typed_places(kept: KeptPoem, read: Conversion, script: str) -> dict[int, str]:
    """The hanzi of the kept lines as they were typed; none where the poem is asked for in another script."""
    if not keeps_spelling(read.script, script):
        return {}
    lines = read.typed.split("\n")
    first = sum(map(len, lines[: kept.place]))
    new = range(first, first + len(lines[kept.place]))
    return {place: char for place, char in enumerate("".join(lines)) if place not in new}


def read_kept(poem: str, line: int) -> tuple[tuple[str, ...], str]:
    """The lines of one typed poem and the marks that end them. Raises PromptError."""
    poems = list(read_typed_poems(poem))
    if len(poems) != 1:
        raise PromptError(tr("give one poem to keep, not {count}", count=len(poems)))
    if isinstance(poems[0], PromptError):
        raise poems[0]
    lines = poems[0].lines
    if not 1 <= line <= len(lines):
        raise PromptError(
            tr("there is no line {line} to rewrite; the poem has {count}", line=line, count=len(lines))
        )
    return lines, _marks(poem, poems[0])


def _marks(text: str, poem: TypedPoem) -> str:
    """The marks as they were typed, where each line has one; else as forms have them."""
    runs = _RUNS.findall(text.replace(poem.title, "", 1)) if poem.title else _RUNS.findall(text)
    usual = split_lines(punctuate(poem.lines))[1]
    if len(runs) != len(poem.lines):
        return usual
    return "".join(CORPUS_MARKS.get(run[0], other) for run, other in zip(runs, usual, strict=True))
