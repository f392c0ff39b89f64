"""A poem as it is typed or pasted, judged: what `poetgen.check` does."""

from poetgen.argument_types import check_arguments
from poetgen.corpus.typed_poems import read_typed_poems
from poetgen.errors import PromptError
from poetgen.language import tr
from poetgen.poem.form import parse_forms, shared_length
from poetgen.verse.check import RELAXED, STRICT, check_poem
from poetgen.verse.report import Report
from poetgen.verse.rhyme_books import PINGSHUI, parse_book
from poetgen.verse.rhymes import RhymeTable


@check_arguments
def check(
    text: str,
    *,
    form: str | None = None,
    tones: str = RELAXED,
    book: bool = False,
    rhyme_book: str = PINGSHUI,
) -> Report:
    """Judge one poem, in either script, rule by rule.

    `form` is the one it must have, such as 五絕, or 律詩 for either length; None: any. `tones` are relaxed or
    strict: every position held to its template. `rhyme_book` is 平水韻, 詞林正韻 or 新韻, `book` takes the first
    alone.
    Raises PromptError for what is not one poem.
    """
    from poetgen.script.convert import lines_to_corpus

    if tones not in (RELAXED, STRICT):
        raise PromptError(
            tr(
                "tones cannot be {tones!r:.60}; choose {relaxed} or {strict}",
                tones=tones,
                relaxed=RELAXED,
                strict=STRICT,
            )
        )
    forms = parse_forms(form, may_be_free=False)
    poems = list(read_typed_poems(text, line_length=shared_length(forms)))
    if len(poems) != 1:
        raise PromptError(
            tr("the text has {count} poems; give one in Chinese characters", count=len(poems) or "no")
        )
    if isinstance(poems[0], PromptError):
        raise poems[0]
    lines = lines_to_corpus(poems[0].lines).lines
    table = RhymeTable.load(amended=not book, book=parse_book(rhyme_book))
    return check_poem(lines, table=table, forms=forms, strict=tones == STRICT)
