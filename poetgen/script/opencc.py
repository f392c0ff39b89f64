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
from poetgen.language import CHINESE, locale_of, locale_parts
from poetgen.poem.poem import is_hanzi

if TYPE_CHECKING:
    from opencc import OpenCC

SCRIPTS = TRADITIONAL, SIMPLIFIED, TAIWAN, HONGKONG = "traditional", "simplified", "taiwan", "hongkong"
SCRIPT_VARIABLE = "POETGEN_SCRIPT"
INSTALL_OPENCC = "OpenCC is not installed; run: pip install 'opencc>=1.4,<2'"

# How others print the corpus' characters: each edition, and OpenCC's table that leads from the corpus to it.
TABLES = {SIMPLIFIED: "t2s", TAIWAN: "t2tw", HONGKONG: "t2hk", "Japan": "t2jp"}
# The locales in which people read each of them.
_TERRITORIES = {"tw": TAIWAN, "hk": HONGKONG, "mo": HONGKONG, "hant": TRADITIONAL}

# Old forms that OpenCC leaves alone, and the form that it begins from.
# Most pairs are those of 第一批異體字整理表 (1955).
_OLD_FORMS = str.maketrans(
    "疎劒鴈猨慙簷鬬徧媿嬾蘂堦臯皐珮廻覩飜煖秪髪暎桮歛檝呌竝遰顇隣牋荅燄羇巵珪逈鏁罇鵶緜僊隄缾壻毬棃栢"
    "麤帬筯醆牕窓窻鸎趂牓碁藂邨蹔彊懽粧椀盌汚蔕峩欵穉虵諠飡犂袴怱悤畧鼈輙胷搆廐蕚塲厓筭賸臙濬襃勅恡椶"
    "羗頴鉏碪匳旛嵓嵒嗁頳衞効徴櫂斾褭妬鑪顦鼇髣髴嚬讐秖鱠讌輭悮悞懃慇俛姪撚怳蜺揜嶮毘轝遯瓌磵羃睠噉澣雰"
    "駮秔隟蠭衒颕覰迺倂荳瑯澁甎塼韤韈箒麄鸜墖澘詶顋翺謌甖袵蜨呪鷰畊氊騣躭狥剉餙啗舃勗葅",
    "疏劍雁猿慚檐鬥遍愧懶蕊階皋皋佩迴睹翻暖只髮映杯斂楫叫並遞悴鄰箋答焰羈卮圭迥鎖樽鴉綿仙堤瓶婿球梨柏"
    "粗裙箸盞窗窗窗鶯趁榜棋叢村暫強歡妝碗碗污蒂峨款稚蛇喧餐犁褲匆匆略鱉輒胸構廄萼場崖算剩胭浚褒敕吝棕"
    "羌穎鋤砧奩幡巖巖啼赬衛效徵棹旆裊妒爐憔鰲仿佛顰讎只膾宴軟誤誤勤殷俯侄捻恍霓掩險毗輿遁瑰澗冪眷啖浣氛"
    "駁粳隙蜂炫穎覷乃併豆琅澀磚磚襪襪帚粗鴝塔潸酬腮翱歌罌衽蝶咒燕耕氈鬃耽徇銼飾啖舄勖菹",
)
# Of these, the ones that are common in Taiwan as they are: 常用國字, the first level of Big5.
_KEPT_IN_TAIWAN = frozenset("簷珮煖燄珪隄毬彊搆賸濬櫂鼇慇姪撚迺瑯啗勗")
# What the corpus has and neither Taiwan nor Hong Kong does: forms of the mainland and of Japan, all outside Big5.
_FOREIGN_FORMS = str.maketrans(
    "却荆迹幷脚棊烟凭脉笋敎衮葱耻墻恒踪麽鈎擡灧綫駡飱强猪猫粤緑黄宫来亘撑頽懔灾个墙届粮韵憇鵞脇葢麯虬"
    "溼遶悞敍壠竚瑇顚徃菓騘麞蹰鴂鷀穽珉絶顔説録歳温淸眞靑旣鄕緖",
    "卻荊跡並腳棋煙憑脈筍教袞蔥恥牆恆蹤麼鉤抬灩線罵飧強豬貓粵綠黃宮來亙撐頹懍災個牆屆糧韻憩鵝脅蓋麴虯"
    "濕繞誤敘壟佇玳顛往果驄獐躕鴃鶿阱岷絕顏說錄歲溫清真青既鄉緒",
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
    """The script that answers a prompt alike in all: POETGEN_SCRIPT, else that of the user's locale, else
    traditional. Raises ConfigError."""
    script = os.environ.get(SCRIPT_VARIABLE)
    if script and script not in SCRIPTS:
        raise ConfigError(
            f"{SCRIPT_VARIABLE} is {script[:60]!r}; set it to {', '.join(SCRIPTS[:-1])} or {SCRIPTS[-1]}"
        )
    return script or script_of_locale() or TRADITIONAL


def preferred_traditional() -> str:
    """The script that answers what is traditional: that of Taiwan or Hong Kong where it is preferred."""
    script = preferred_script()
    return TRADITIONAL if script == SIMPLIFIED else script


def script_of_locale() -> str | None:
    """The script of a Chinese locale, be it that of messages or that of characters; None for any other."""
    for category in ("LC_MESSAGES", "LC_CTYPE"):
        language, *where = locale_parts(locale_of(category))
        if language in CHINESE:
            found = [_TERRITORIES[part] for part in where if part in _TERRITORIES]
            return next(
                (script for script in found if script != TRADITIONAL), found[0] if found else SIMPLIFIED
            )
    return None


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
    return convert(text.translate(_OLD_FORMS), "t2s")


def to_script(text: str, script: str) -> str:
    """Corpus characters as one of SCRIPTS prints them, or an edition of TABLES; the length is kept."""
    if script == SIMPLIFIED:
        return to_simplified(text)
    if script in (TAIWAN, HONGKONG):
        modern = "".join(char if char in _KEPT_IN_TAIWAN else char.translate(_OLD_FORMS) for char in text)
        return convert(modern.translate(_FOREIGN_FORMS), TABLES[script])
    return convert(text, TABLES[script]) if script in TABLES else text


def spellings(characters: Iterable[str], edition: str) -> list[str]:
    """How an edition (of TABLES) prints each character by itself."""
    # One a line, so that no phrase rule of OpenCC reaches from one character into the next.
    return to_script("\n".join(characters), edition).split("\n")


def other_forms(tokens: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """How other editions print tokens in the corpus' characters, simplified first: 風 → 风; 爲 → 为, 為."""
    printed = zip(*(spellings(tokens, edition) for edition in TABLES), strict=True)
    return {
        token: tuple(form for form in dict.fromkeys(forms) if form != token)
        for token, forms in zip(tokens, printed, strict=True)
    }
