"""What the server answers, as plain values: poems, verdicts, pictures and the model's card."""

from collections.abc import Generator
from typing import Any

from poetgen import __version__
from poetgen.checkpoint import model_name
from poetgen.corpus.typed_poems import read_typed_poems
from poetgen.errors import PoetgenError, PromptError
from poetgen.language import in_script, tr
from poetgen.picture.cards import signed_card
from poetgen.picture.save import render
from poetgen.poem.form import FREE, parse_forms, shared_length
from poetgen.script.convert import lines_to_corpus
from poetgen.script.opencc import SIMPLIFIED, to_script, to_simplified
from poetgen.verse.annotation import annotate_report
from poetgen.verse.check import check_poem
from poetgen.verse.rhyme_books import GROUPS, full_name
from poetgen.verse.rhymes import RhymeTable
from poetgen.verse.summary import summarize
from poetgen.verse.templates import STRICT
from poetgen.web.settings import MOST_CANDIDATES, MOST_HANZI, MOST_POEMS
from poetgen.writing.constraints import USUAL_FORMS
from poetgen.writing.writer import Writer

MOST_CHECKED = 200  # poems judged at once


def describe_model(writer: Writer) -> dict[str, Any]:
    """What the page has to know: the model, what may be chosen, and the limits."""
    return {
        "version": __version__,
        "model": model_name(writer.source) if writer.source else "",
        "vocabulary_size": len(writer.model.vocabulary),
        "knows_titles": writer.model.conditions is not None,
        "poets": list(writer.model.conditions.poets) if writer.model.conditions else [],
        "forms": [*(form.name for form in USUAL_FORMS), "五言排律", FREE],
        "rhymes": {group: [full_name(group), to_simplified(full_name(group))] for group in GROUPS},
        "limits": {"count": MOST_POEMS, "best_of": MOST_CANDIDATES, "hanzi": MOST_HANZI},
    }


def write_poems(writer: Writer, settings: dict[str, Any]) -> Generator[dict[str, Any]]:
    """Poems as `generate --json` prints them. Raises PoetgenError before the first."""
    form = settings.get("form")
    if form and form != FREE:
        longest = max(parse_forms(form), key=lambda parsed: parsed.hanzi)
        if longest.hanzi > MOST_HANZI:
            raise PoetgenError(
                tr(
                    "{form} has {hanzi} hanzi, and this server writes at most {most}; "
                    "the command line writes longer poems",
                    form=longest.name,
                    hanzi=longest.hanzi,
                    most=MOST_HANZI,
                )
            )
    prompt = settings.pop("prompt", None)
    poems = writer.write(prompt, **settings)
    return (poem.to_dict() for poem in poems)


def rewrite_line(writer: Writer, settings: dict[str, Any]) -> Generator[dict[str, Any]]:
    """The poem with another line, as often as asked. Raises PoetgenError before the first."""
    poem, line = settings.pop("poem"), settings.pop("line")
    poems = writer.rewrite(poem, line, **settings)
    return (poem.to_dict() for poem in poems)


def judge_poems(settings: dict[str, Any]) -> dict[str, Any]:
    """Each poem as `check --json` prints it, with its lines' tones and rhymes; or why it cannot be read."""
    forms = parse_forms(settings.get("form"), may_be_free=False)
    table = RhymeTable.load(amended=not settings["book"], book=settings["rhyme_book"])
    poems: list[dict[str, Any]] = []
    for poem in read_typed_poems(settings["text"], line_length=shared_length(forms)):
        if len(poems) == MOST_CHECKED:
            raise PoetgenError(tr("more than {most} poems; check them in parts", most=MOST_CHECKED))
        if isinstance(poem, PromptError):
            poems.append({"error": str(poem)})
            continue
        read = lines_to_corpus(poem.lines)
        script = settings.get("script") or read.script
        with in_script(is_simplified=script == SIMPLIFIED):
            report = check_poem(read.lines, table=table, forms=forms, strict=settings["tones"] == STRICT)
        known = {
            **poem.to_dict(),
            "script": script,
            "read_as": list(read.notes),
            "summary": to_script(summarize(report), script),
            "annotation": [line._asdict() for line in annotate_report(report)],
        }
        poems.append(known | report.to_dict())
    if not poems:
        raise PromptError(tr("the text is empty; give a poem in Chinese characters"))
    return {"poems": poems}


def draw_poem(settings: dict[str, Any]) -> bytes:
    """The bytes of a picture. Raises PoetgenError."""
    poem = next(read_typed_poems(settings["text"]), None)
    if poem is None:
        raise PromptError(tr("the text is empty; give a poem in Chinese characters"))
    if isinstance(poem, PromptError):
        raise poem
    read = lines_to_corpus(poem.lines)
    card = signed_card(
        check_poem(read.lines),
        typed=poem.lines,
        title=settings["title"] or poem.title,
        script=read.script,
        footer=f"poetgen · seed {settings['seed']}" if "seed" in settings else "poetgen",
        annotated=settings["annotate"],
    )
    return render(card, settings["kind"], size=settings["size"], theme=settings["theme"])
