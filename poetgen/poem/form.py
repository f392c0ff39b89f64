"""The forms of a poem: 五絕 七絕 五律 七律, 排律 of any length, and free shapes such as 5x6."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from operator import eq

from poetgen.errors import PromptError
from poetgen.language import join_names, tr

FORMS = {"五絕": (5, 4), "七絕": (7, 4), "五律": (5, 8), "七律": (7, 8)}  # (hanzi a line, lines)
FAMILIES = ("絕句", "律詩", "五言", "七言")  # of which one of two forms may be meant
FREE = "free"  # what a poem without form is asked for by
MIXED = "雜言"  # lines of unlike length
FORM_HELP = "五絕, 七絕, 五律, 七律, 五言排律 or a shape such as 5x6; of 絕句, 律詩, 五言, 七言 either"
MOST_HANZI = 20  # in a line, and
MOST_LINES = 200  # in a poem that can be asked for: 杜甫's longest 排律 has a hundred couplets
FEWEST_COUPLETS = 5  # of a 排律; 4 make a 律詩
USUAL_COUPLETS = 6  # of a 排律 whose length is not said: the examination poem of the Tang, 五言六韻

_LENGTHS = {"五": 5, "七": 7, "wu": 5, "qi": 7}
_KINDS = {"絕句": 4, "絕": 4, "jueju": 4, "jue": 4, "律詩": 8, "律": 8, "lüshi": 8, "lü": 8}
_KINDS |= {"排律": 0, "排": 0, "pailü": 0, "pai": 0}
_SPELLINGS = str.maketrans("绝诗韵×*v", "絕詩韻xxü")
_NAMED = re.compile(
    rf"({'|'.join(_LENGTHS)})(?:言|yan)?({'|'.join(_KINDS)})([0-9]+|[〇零一二三四五六七八九十百]+)?(?:韻|yun)?"
)
_SHAPE = re.compile(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})", re.ASCII)
_DIAERESIS = "\u0308"
_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Form:
    """Lines of one length: `line_length` hanzi in each of `line_count` lines."""

    line_length: int
    line_count: int

    @property
    def hanzi(self) -> int:
        """How many hanzi a poem of it has."""
        return self.line_length * self.line_count

    @property
    def name(self) -> str:
        """五絕 七絕 五律 七律, 五言排律六韻 (its couplets), or a shape such as 5x6."""
        if self.regulated and self.line_count > 8:
            return f"{'五' if self.line_length == 5 else '七'}言排律{numeral(self.line_count // 2)}韻"
        return form_name((self.line_length, self.line_count))

    @property
    def regulated(self) -> bool:
        """Whether the rules of 近體詩 are made for this shape: 絕句, 律詩 or 排律 of 5 or 7 hanzi a line."""
        long = self.line_count >= 2 * FEWEST_COUPLETS and self.line_count % 2 == 0
        return self.line_length in (5, 7) and (self.line_count in (4, 8) or long)


def parse_form(text: str) -> Form:
    """The form named by `text`, in either script, in pinyin or as a shape.

    五絕, 五绝, 五言絕句, wujue, wǔjué and 5x4 are one; a 排律 takes its couplets: 五言排律12 or 五言排律十二韻 has
    24 lines, 五言排律 alone 12. Raises PromptError.
    """
    plain = _plain(text)
    shape = _free_shape(plain) or _named_shape(plain)
    if shape is None:
        raise PromptError(_unknown(text, plain, FORMS, tr("or a shape such as 5x6")))
    if shape[0] > MOST_HANZI or shape[1] > MOST_LINES:
        raise PromptError(
            tr(
                "{shape} lines of {shape2} hanzi are too many; ask for at most {most_lines} lines of "
                "at most {most_hanzi}",
                shape=shape[1],
                shape2=shape[0],
                most_lines=MOST_LINES,
                most_hanzi=MOST_HANZI,
            )
        )
    return Form(*shape)


def parse_forms(text: str | None, *, may_be_free: bool = True) -> tuple[Form, ...]:
    """The form named by `text`, or those of a family: 律詩 绝句 五言 七言; none where none is asked for.

    `may_be_free` is whether FREE, which is none of them, may be had instead. Raises PromptError.
    """
    if not text:
        return ()
    plain = _plain(text)
    family = [form for form in FORMS.values() if _belongs(plain, *form)]
    if family:
        return tuple(Form(*form) for form in family)
    if _free_shape(plain) is _named_shape(plain) is None:
        rest = (
            tr("a shape such as 5x6, or {free}", free=FREE) if may_be_free else tr("or a shape such as 5x6")
        )
        raise PromptError(_unknown(text, plain, (*FORMS, *FAMILIES), rest))
    return (parse_form(text),)


def name_forms(forms: Sequence[Form]) -> str:
    """The name by which parse_forms gives these forms: their own, or their family's; "" for none."""
    if len(forms) < 2:
        return "".join(form.name for form in forms)
    return next(family for family in FAMILIES if parse_forms(family) == tuple(forms))


def shared_length(forms: Sequence[Form]) -> int | None:
    """The hanzi a line that all of the forms have; None where they differ or there are none."""
    lengths = {form.line_length for form in forms}
    return lengths.pop() if len(lengths) == 1 else None


def _belongs(family: str, line_length: int, line_count: int) -> bool:
    """Whether a family has such poems: 律詩 those of eight lines, 五言 those of five hanzi a line."""
    named = family.removesuffix("言").removesuffix("yan")
    return _KINDS.get(family) == line_count or _LENGTHS.get(named) == line_length


def _unknown(text: str, plain: str, names: Collection[str], rest: str) -> str:
    shown = text if len(text) <= 20 else text[:20] + "…"
    values = {"form": shown, "names": join_names(map(_say, names)), "rest": rest}
    near = _near(plain, names)
    if near:
        return tr(
            "unknown form {form!r}; did you mean {near}? Choose {names}, 五言排律 or 七言排律 "
            "(with its couplets: 五言排律12), {rest}",
            near=join_names(map(_say, near)),
            **values,
        )
    return tr(
        "unknown form {form!r}; choose {names}, 五言排律 or 七言排律 (with its couplets: 五言排律12), {rest}",
        **values,
    )


def _near(typed: str, names: Collection[str]) -> list[str]:
    """Those of the names that are nearest to what was typed: 律詩 to 律試, but 五絕, 五律 and 五言 to 五决."""
    close = get_close_matches(typed, names, n=len(names), cutoff=0.5)
    agreeing = {name: sum(map(eq, name, typed)) for name in names if name in close}
    return [name for name, count in agreeing.items() if count == max(agreeing.values())]


def _say(name: str) -> str:
    """The name of a form or family in the reader's script."""
    said = {"五絕": tr("五絕"), "七絕": tr("七絕"), "絕句": tr("絕句"), "律詩": tr("律詩")}
    return said.get(name, name)


def form_of(lines: Sequence[str]) -> Form | None:
    """The form of a poem's lines (hanzi alone, without marks); None when they are not of one length."""
    lengths = set(map(len, lines))
    return Form(lengths.pop(), len(lines)) if len(lengths) == 1 and 0 not in lengths else None


def form_name(shape: tuple[int, int] | None) -> str:
    """五絕 七絕 五律 七律 by (hanzi a line, lines) alone; `5x10` for other shapes, 雜言 for None."""
    if shape is None:
        return MIXED
    names = {form: name for name, form in FORMS.items()}
    return names.get(shape, f"{shape[0]}x{shape[1]}")


def _plain(text: str) -> str:
    """One spelling of many: full width, capitals, blanks and tone marks (wǔ lǜ → wu lü) taken away."""
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).lower())
    kept = (
        char for char in text if not (char.isspace() or (unicodedata.combining(char) and char != _DIAERESIS))
    )
    text = unicodedata.normalize("NFC", "".join(kept)).translate(_SPELLINGS)
    return re.sub(r"lu(?=shi|$|[0-9])", "lü", text)


def _free_shape(name: str) -> tuple[int, int] | None:
    match = _SHAPE.fullmatch(name)
    return (int(match[1]), int(match[2])) if match else None


def _named_shape(name: str) -> tuple[int, int] | None:
    match = _NAMED.fullmatch(name)
    if match is None:
        return None
    length, count, couplets = _LENGTHS[match[1]], _KINDS[match[2]], match[3]
    if count:
        return None if couplets else (length, count)
    number = _number(couplets) if couplets else USUAL_COUPLETS
    if number is None:
        return None
    if number < FEWEST_COUPLETS:
        raise PromptError(
            tr(
                "a 排律 has at least {fewest_couplets} couplets, not {number}; for four choose 五律 or 七律",
                fewest_couplets=FEWEST_COUPLETS,
                number=number,
            )
        )
    return length, 2 * number


def _number(text: str) -> int | None:
    """12 or 十二 → 12, 一百二十 → 120; None when it is no number so written."""
    if text.isascii():
        return int(text[:4])  # more digits than can be asked for say no more
    text = text.replace("〇", "零")
    return next((n for n in range(1, 1000) if text in (numeral(n), numeral(n).removeprefix("一"))), None)


def numeral(n: int) -> str:
    """1 ≤ n < 1000 in hanzi: 12 → 十二, 105 → 一百零五; beyond, in digits."""
    if n >= 1000:
        return str(n)
    hundreds, rest = divmod(n, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if hundreds and rest and not tens:
        text += "零"
    if tens:
        text += ("" if tens == 1 and not hundreds else _DIGITS[tens]) + "十"
    return text + (_DIGITS[ones] if ones else "")
