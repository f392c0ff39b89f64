"""The scripts of hanzi: how each prints a character, and the plainest form of what was typed.

The corpus is traditional, in its own choice among variants (爲 not 為, 却 not 卻, 劒 beside 劍); convert.py reads
typed text as the corpus' own characters. OpenCC is imported only here, and only when a text has to be converted.
"""

import os
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from poetgen.errors import ConfigError, PromptError
from poetgen.poem.poem import is_hanzi

if TYPE_CHECKING:
    from opencc import OpenCC

SCRIPTS = TRADITIONAL, SIMPLIFIED = "traditional", "simplified"
SCRIPT_VARIABLE = "POETGEN_SCRIPT"
INSTALL_OPENCC = "OpenCC is not installed; run: pip install 'opencc>=1.4,<2'"

# How others print the corpus' characters: each edition, and OpenCC's table that leads from the corpus to it.
TABLES = {SIMPLIFIED: "t2s", "Taiwan": "t2tw", "Hong Kong": "t2hk", "Japan": "t2jp"}

# Old forms that OpenCC's t2s leaves alone, and what a simplified edition prints for them.
# Most pairs are those of 第一批異體字整理表 (1955).
_OLD_FORMS = str.maketrans(
    "疎劒鴈猨慙簷鬬徧媿嬾蘂堦臯皐珮廻覩飜煖秪髪暎桮歛檝呌竝遰顇隣牋荅燄羇巵珪逈鏁罇鵶"
    "緜僊隄缾壻毬棃栢麤帬筯醆牕窓窻鸎趂牓碁藂邨蹔彊懽粧椀盌汚蔕峩欵穉虵諠飡犂袴怱悤畧"
    "鼈輙胷搆廐蕚塲厓筭賸臙濬襃勅恡椶羗頴鉏碪匳旛嵓嵒嗁頳衞効徴"
    "櫂斾褭妬𬬻顦鼇髣髴嚬讐秖鲙䜩輭悮懃慇俛姪撚怳蜺揜崄毘轝遯瓌磵羃睠噉澣雰駮秔隟蠭衒颕覰"
    "迺倂荳瑯澁甎塼韤韈箒麄鸜墖澘詶顋翺謌甖袵蜨呪鷰畊氊騣躭狥剉餙啗舃勗葅",
    "疏剑雁猿惭檐斗遍愧懒蕊阶皋皋佩回睹翻暖只发映杯敛楫叫并递悴邻笺答焰羁卮圭迥锁樽鸦"
    "绵仙堤瓶婿球梨柏粗裙箸盏窗窗窗莺趁榜棋丛村暂强欢妆碗碗污蒂峨款稚蛇喧餐犁裤匆匆略"
    "鳖辄胸构厩萼场崖算剩胭浚褒敕吝棕羌颖锄砧奁幡岩岩啼赪卫效征"
    "棹旆袅妒炉憔鳌仿佛颦雠只脍宴软误勤殷俯侄捻恍霓掩险毗舆遁瑰涧幂眷啖浣氛驳粳隙蜂炫颖觑"
    "乃并豆琅涩砖砖袜袜帚粗鸲塔潸酬腮翱歌罂衽蝶咒燕耕毡鬃耽徇锉饰啖舄勖菹",
)


def as_utf8(typed: str, name: str) -> str:
    """What was typed; a terminal without UTF-8 hands bytes over as lone surrogates. Raises PromptError."""
    try:
        return typed.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError as error:
        raise PromptError(
            f"{name} is not valid UTF-8; set the terminal to UTF-8 and type it again"
        ) from error


def normalize(text: str) -> str:
    """Unicode's compatibility forms made one (NFKC: ⽉ → 月); blanks and invisible characters dropped."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(char for char in plain if not char.isspace() and not _is_invisible(char))


def plain_forms(text: str) -> str:
    """Compatibility forms of single hanzi made one (⽉ → 月), everything else untouched: the length is kept."""
    if unicodedata.is_normalized("NFKC", text):
        return text
    plain = (unicodedata.normalize("NFKC", char) for char in text)
    return "".join(
        form if len(form) == 1 and is_hanzi(form) else char for char, form in zip(text, plain, strict=True)
    )


def _is_invisible(char: str) -> bool:
    is_selector = 0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF
    return is_selector or unicodedata.category(char) in ("Cc", "Cf")


def preferred_script() -> str:
    """The script that answers a prompt alike in both: POETGEN_SCRIPT, else traditional. Raises ConfigError."""
    script = os.environ.get(SCRIPT_VARIABLE) or TRADITIONAL
    if script not in SCRIPTS:
        raise ConfigError(f"{SCRIPT_VARIABLE} is {script!r}; set it to {TRADITIONAL} or {SIMPLIFIED}")
    return script


@lru_cache
def _converter(name: str) -> "OpenCC | None":
    try:
        from opencc import OpenCC
    except ImportError:  # a machine set up for training only: traditional prompts can still be read
        return None
    return OpenCC(name)


def can_convert() -> bool:
    """Whether OpenCC is installed."""
    return _converter("t2s") is not None


def convert(text: str, name: str) -> str:
    """Convert by one of OpenCC's tables that keep the length, such as t2s; without OpenCC nothing changes."""
    converter = _converter(name)
    if converter is None:
        return text
    converted: str = converter.convert(text)
    return converted if len(converted) == len(text) else "".join(converter.convert(char) for char in text)


def to_simplified(text: str) -> str:
    """Corpus characters as a simplified edition prints them; one character stays one character."""
    return convert(text, "t2s").translate(_OLD_FORMS)


def spellings(characters: Iterable[str], edition: str) -> list[str]:
    """How an edition (of TABLES) prints each character by itself."""
    # One a line, so that no phrase rule of OpenCC reaches from one character into the next.
    apart = "\n".join(characters)
    return (to_simplified(apart) if edition == SIMPLIFIED else convert(apart, TABLES[edition])).split("\n")


def other_forms(tokens: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """How other editions print tokens in the corpus' characters, simplified first: 風 → 风; 爲 → 为, 為."""
    printed = zip(*(spellings(tokens, edition) for edition in TABLES), strict=True)
    return {
        token: tuple(form for form in dict.fromkeys(forms) if form != token)
        for token, forms in zip(tokens, printed, strict=True)
    }
