"""A poem, and which lines → the poem with those written anew: of several, the line that suits the whole best."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy.typing as npt

from poetgen.corpus.typed_poems import TypedPoem, read_typed_poems
from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.poem.lineation import CORPUS_MARKS, LINE_MARKS, punctuate, split_lines
from poetgen.poem.poem import word_of
from poetgen.script.convert import Conversion, keeps_spelling, lines_to_corpus, print_lines
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


class _Chosen(NamedTuple):
    lines: tuple[str, ...]
    log_probability: float
    rank: Rank


class Rewriter:
    """Rewrites lines with a model, by the tones and rhymes of one book."""

    def __init__(self, model: LoadedModel, prosody: TokenProsody) -> None:
        self._model, self._network, self._prosody = model, model.network, prosody

    def rewrite(
        self, poem: str, lines: Sequence[int], *, begins: str, sampling: Sampling, script: str | None
    ) -> Iterator[GeneratedPoem]:
        """The poem with those lines (from 1) written anew, each between the others as they then are.

        Checked before the first. Raises PromptError.
        """
        typed, marks = read_kept(poem, lines)
        read = lines_to_corpus(typed, self._model.variants)
        kept_lines = tuple(read.lines)
        first, *later = sorted({line - 1 for line in lines})
        kept = KeptPoem(kept_lines, marks, first, self._head(begins, kept_lines[first], first + 1))
        matcher = self._match(kept)
        return self._write(kept, matcher, later, read, sampling, script or read.script)

    def _match(self, kept: KeptPoem) -> Matcher:
        return match_line(kept, self._prosody, keeps_marks=self._model.keeps_marks)

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
        self,
        kept: KeptPoem,
        matcher: Matcher,
        later: Sequence[int],
        read: Conversion,
        sampling: Sampling,
        script: str,
    ) -> Iterator[GeneratedPoem]:
        places = {kept.place, *later}
        for index in range(sampling.count):
            chosen = self._choose(kept, matcher, sampling, index)
            for place in later:
                between = KeptPoem(chosen.lines, kept.marks, place)
                chosen = self._choose(between, self._match(between), sampling, index)
            yield self._poem(chosen, kept.marks, places, read, sampling, index, script)

    def _choose(self, kept: KeptPoem, matcher: Matcher, sampling: Sampling, index: int) -> _Chosen:
        """The poem with the candidate that makes it score best, of those with two words and more that are new.

        Where there is none, of those with one; the present line only where all are that one.
        """
        found = self._decode(kept, matcher, sampling, index)
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
        rank = Rank(len(found), found.index(poems[best][kept.place]), scores[best])
        return _Chosen(poems[best], totals[best], rank)

    def _decode(self, kept: KeptPoem, matcher: Matcher, sampling: Sampling, index: int) -> list[str]:
        """The candidates for the line."""
        before = self._body(kept.lines[: kept.place], kept.marks[: kept.place])
        prefix = Prefix.read(before + kept.head, self._network)
        streams = (
            random_stream(sampling.seed, index, f"{before}\n{kept.head}", number)
            for number in range(sampling.best_of)
        )
        candidates = [
            Candidate(rng, matcher.fork(), list(prefix.ids), prefix.log_probability) for rng in streams
        ]
        decode(self._network, prefix.logits, prefix.state, candidates, sampling=sampling)
        length = len(kept.lines[kept.place])
        return [self._network.vocabulary.decode(each.ids[-length:]) for each in candidates]

    def _poem(
        self,
        chosen: _Chosen,
        marks: str,
        places: Collection[int],
        read: Conversion,
        sampling: Sampling,
        index: int,
        script: str,
    ) -> GeneratedPoem:
        table = self._prosody.table
        report = check_poem(chosen.lines, table=table)
        return GeneratedPoem(
            lines=print_lines(chosen.lines, script, typed=_typed_places(places, read, script)),
            marks=marks,
            script=script,
            seed=sampling.seed,
            index=index,
            log_probability=chosen.log_probability,
            notes=(*self._model.notes, *read.notes),
            template=report.template,
            rhyme_group=report.rhyme_group if report.rhymes_hold else None,
            tones=tuple(line.tones for line in report.lines),
            rank=chosen.rank,
            corpus_lines=chosen.lines,
            rhyme_book=table.book,
        )

    def _body(self, lines: Sequence[str], marks: str) -> str:
        """Lines as the model reads them."""
        return join_body(lines, marks) if self._model.keeps_marks else "".join(lines)


def _count_new_words(line: str, present: str) -> int:
    """In how many places a line has another word than the present one: 溪 is 谿 in another spelling."""
    return sum(word_of(new) != word_of(old) for new, old in zip(line, present, strict=True))


def _typed_places(rewritten: Collection[int], read: Conversion, script: str) -> dict[int, str]:
    """The hanzi of the kept lines as they were typed; none where the poem is asked for in another script."""
    if not keeps_spelling(read.script, script):
        return {}
    lines = read.typed_lines
    numbered = enumerate((number, char) for number, line in enumerate(lines) for char in line)
    return {place: char for place, (number, char) in numbered if number not in rewritten}


def read_kept(poem: str, rewritten: Sequence[int]) -> tuple[tuple[str, ...], str]:
    """The lines of one typed poem, which has those to be rewritten, and their marks. Raises PromptError."""
    poems = list(read_typed_poems(poem))
    if len(poems) != 1:
        raise PromptError(tr("give one poem to keep, not {count}", count=len(poems)))
    if isinstance(poems[0], PromptError):
        raise poems[0]
    lines = poems[0].lines
    if not rewritten:
        raise PromptError(tr("say which line to rewrite"))
    for line in rewritten:
        if line not in range(1, len(lines) + 1):
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
