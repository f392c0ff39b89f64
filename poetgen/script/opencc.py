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
from poetgen.language import CHINESE, join_names, locale_of, locale_parts, tr
from poetgen.poem.poem import is_hanzi, is_invisible

if TYPE_CHECKING:
    from opencc import OpenCC

SCRIPTS = TRADITIONAL, SIMPLIFIED, TAIWAN, HONGKONG = "traditional", "simplified", "taiwan", "hongkong"
SCRIPT_VARIABLE = "POETGEN_SCRIPT"
INSTALL_OPENCC = "OpenCC is not installed; run: pip install 'opencc>=1.4,<2'"

_NAMES = {
    "简体": SIMPLIFIED,
    "简": SIMPLIFIED,
    "繁体": TRADITIONAL,
    "繁": TRADITIONAL,
    "台湾": TAIWAN,
    "香港": HONGKONG,
}

# How others print the corpus' characters: each edition, and OpenCC's table that leads from the corpus to it.
TABLES = {SIMPLIFIED: "t2s", TAIWAN: "t2tw", HONGKONG: "t2hk", "Japan": "t2jp"}
# The locales in which people read each of them.
_TERRITORIES = {"tw": TAIWAN, "hk": HONGKONG, "mo": HONGKONG, "hant": TRADITIONAL}


def as_utf8(typed: str, name: str) -> str:
    """What was typed; a terminal without UTF-8 hands bytes over as lone surrogates. Raises PromptError."""
    try:
        return typed.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError as error:
        raise PromptError(
            tr("{name} is not valid UTF-8; set the terminal to UTF-8 and type it again", name=tr(name))
        ) from error


def normalize(text: str) -> str:
    """Unicode's compatibility forms made one (NFKC: ⽉ → 月); blanks and invisible characters dropped."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(char for char in plain if not (char.isspace() or is_invisible(char) or _is_control(char)))


def plain_forms(text: str) -> str:
    """Compatibility forms of single hanzi made one (⽉ → 月), everything else untouched: the length is kept."""
    if unicodedata.is_normalized("NFKC", text):
        return text
    plain = (unicodedata.normalize("NFKC", char) for char in text)
    return "".join(
        form if len(form) == 1 and is_hanzi(form) else char for char, form in zip(text, plain, strict=True)
    )


def _is_control(char: str) -> bool:
    return unicodedata.category(char) == "Cc"


def preferred_script() -> str:
    """The script that answers a prompt alike in all: POETGEN_SCRIPT, else that of the user's locale, else
    traditional. Raises ConfigError."""
    script = os.environ.get(SCRIPT_VARIABLE)
    if script and script not in SCRIPTS:
        raise ConfigError(
            tr(
                "{script_variable} is {script!r}; set it to {scripts} or {scripts2}",
                script_variable=SCRIPT_VARIABLE,
                script=script[:60],
                scripts=join_names(SCRIPTS[:-1]),
                scripts2=SCRIPTS[-1],
            )
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


def script_named(name: str) -> str:
    """One of SCRIPTS by its Chinese name (简体, 繁體, 台湾, 香港); any other name itself."""
    return _NAMES.get(to_simplified(name), name)


def can_convert() -> bool:
    """Whether OpenCC is installed."""
    return _converter("t2s") is not None


def convert(text: str, name: str) -> str:
    """Convert by one of OpenCC's tables that keep the length, such as t2s; without OpenCC nothing changes.

    Nor does a text with bytes that are no UTF-8, in which OpenCC reads nothing.
    """
    converter = _converter(name)
    if converter is None:
        return text
    try:
        converted: str = converter.convert(text)
    except UnicodeEncodeError:
        return text
    return converted if len(converted) == len(text) else "".join(converter.convert(char) for char in text)


def to_simplified(text: str) -> str:
    """Corpus characters as a simplified edition prints them; one character stays one character.

    What simplified print writes in two ways (著 or 着, 乾 or 干) is decided by OpenCC's words, then by ours.
    """
    modern = text.translate(OLD_FORMS)
    printed = convert(modern, "t2s")
    split = [place for place, char in enumerate(modern) if char in WORDS_KEPT]
    if not split:
        return printed
    chosen = list(printed)
    for place in split:
        char = modern[place]
        if printed[place] == convert(char, "t2s"):  # no word of OpenCC's
            chosen[place] = char if _stands_in_word(modern, place) else WORDS_KEPT[char][0]
    return "".join(chosen)


def _stands_in_word(text: str, place: int) -> bool:
    """Whether the character here is part of one of the words in which it is kept."""
    return any(
        text.startswith(word, place - word.index(text[place]))
        for word in WORDS_KEPT[text[place]][1].split()
        if place >= word.index(text[place])
    )


def is_simplified(char: str) -> bool:
    """Whether simplified print has a character as it is, at least in some words."""
    return char in WORDS_KEPT or to_simplified(char) == char


def to_script(text: str, script: str) -> str:
    """Corpus characters as one of SCRIPTS prints them, or an edition of TABLES; the length is kept."""
    if script == SIMPLIFIED:
        return to_simplified(text)
    if script in (TAIWAN, HONGKONG):
        modern = "".join(char if char in KEPT_IN_TAIWAN else char.translate(OLD_FORMS) for char in text)
        return convert(modern.translate(FOREIGN_FORMS), TABLES[script])
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


# ---- what an edition prints where OpenCC has no rule: old forms, and characters that are printed in two ways ----
#
# Most pairs of OLD_FORMS are those of 第一批異體字整理表 (1955); others are what 通用規范漢字表 (2013) lacks
# beside a form that it has. Where two words share a character (著 "write" and 着) simplified print has two:
# WORDS_KEPT were read off the neighbours that the character has in the training poems.


def _pairs(words: str) -> dict[int, str]:
    """What str.translate takes, of pairs of characters."""
    return {ord(pair[0]): pair[1] for pair in words.split()}


# an old form, and the one that OpenCC begins from
OLD_FORMS = _pairs(
    "疎疏 劒劍 鴈雁 猨猿 慙慚 簷檐 鬬鬥 徧遍 媿愧 嬾懶 蘂蕊 堦階 臯皋 皐皋 珮佩 廻迴 覩睹 飜翻 煖暖 秪只 "
    "髪髮 暎映 桮杯 歛斂 檝楫 呌叫 竝並 遰遞 顇悴 隣鄰 牋箋 荅答 燄焰 羇羈 巵卮 珪圭 逈迥 鏁鎖 罇樽 鵶鴉 "
    "緜綿 僊仙 隄堤 缾瓶 壻婿 毬球 棃梨 栢柏 麤粗 帬裙 筯箸 醆盞 牕窗 窓窗 窻窗 鸎鶯 趂趁 牓榜 碁棋 藂叢 "
    "邨村 蹔暫 彊強 懽歡 粧妝 椀碗 盌碗 汚污 蔕蒂 峩峨 欵款 穉稚 虵蛇 諠喧 飡餐 犂犁 袴褲 怱匆 悤匆 畧略 "
    "鼈鱉 輙輒 胷胸 搆構 廐廄 蕚萼 塲場 厓崖 筭算 賸剩 臙胭 濬浚 襃褒 勅敕 恡吝 椶棕 羗羌 頴穎 鉏鋤 碪砧 "
    "匳奩 旛幡 嵓巖 嵒巖 嗁啼 頳赬 衞衛 効效 徴徵 櫂棹 斾旆 褭裊 妬妒 鑪爐 顦憔 鼇鰲 髣仿 髴佛 嚬顰 讐讎 "
    "秖只 鱠膾 讌宴 輭軟 悮誤 悞誤 懃勤 慇殷 俛俯 姪侄 撚捻 怳恍 蜺霓 揜掩 嶮險 毘毗 轝輿 遯遁 瓌瑰 磵澗 "
    "羃冪 睠眷 噉啖 澣浣 雰氛 駮駁 秔粳 隟隙 蠭蜂 衒炫 颕穎 覰覷 迺乃 倂併 荳豆 瑯琅 澁澀 甎磚 塼磚 韤襪 "
    "韈襪 箒帚 麄粗 鸜鴝 墖塔 澘潸 詶酬 顋腮 翺翱 謌歌 甖罌 袵衽 蜨蝶 呪咒 鷰燕 畊耕 氊氈 騣鬃 躭耽 狥徇 "
    "剉銼 餙飾 啗啖 舃舄 勗勖 葅菹 拏拿 穽阱 殽淆 瀁漾 瑠琉 崪崒 沍冱 蹏蹄 齩咬 帀匝 偪逼 唅含 埜野 廼乃 "
    "敍敘 疋匹 陁陀 勑敕 尅剋 徃往 炰炮 燿耀 菓果 齅嗅 抝拗 瑇玳 稉粳 粃秕 雝雍 宂冗 醻酬 鞵鞋 刦劫 刼劫 "
    "吚咿 憇憩 歠啜 躶裸 阬坑 婬淫 幙幕 湼涅 痺痹 磥磊 箎篪 蕋蕊 鞾靴 麞獐 鼃蛙 倣仿 唫吟 嘷嗥 揑捏 曡疊 "
    "槖橐 沲沱 瘉愈 篴笛 耼聃 脃脆 葢蓋 蜋螂 霶滂 乹乾 倐倏 叡睿 搤扼 攷考 涖蒞 煑煮 熈熙 瓈璃 皥皞 砦寨 "
    "竢俟 裠裙 酧酬 餻糕 髙高 篠筱 餧餵 壠壟 熳漫 歘欻 跼局 罏壚 攲欹 敧欹 惸煢 斵斫 斲斫 斮斫 蟇蟆 蛬蛩 "
    "鎗槍 搥捶 愬訴 箆篦 鰕蝦 壍塹 竚佇 讙歡 驩歡 阯址 駞駝 麏麇 麕麇 淛浙 髠髡 柟楠 觝抵 隲騭 騘驄 蒭芻 "
    "剏創 寔實 歕噴 艣櫓 茘荔 逓遞 醼宴 頟額 顚顛 颿帆 馀餘 傚效 勌倦 勦剿 敭揚 踡蜷 鵞鵝 脇脅 飱飧 甦蘇"
)
# Of these, the ones that are common in Taiwan as they are: 常用國字, the first level of Big5.
KEPT_IN_TAIWAN = frozenset("簷珮煖燄珪隄毬彊搆賸濬櫂鼇慇姪撚迺瑯啗勗沍疋阬痺倣瘉篠跼斲鎗讙驩寔傚勦踡甦")
# What the corpus has and neither Taiwan nor Hong Kong does: forms of the mainland and of Japan, outside Big5.
FOREIGN_FORMS = _pairs(
    "却卻 荆荊 迹跡 幷並 脚腳 棊棋 烟煙 凭憑 脉脈 笋筍 敎教 衮袞 葱蔥 耻恥 墻牆 恒恆 踪蹤 麽麼 鈎鉤 擡抬 "
    "灧灩 綫線 駡罵 强強 猪豬 猫貓 粤粵 緑綠 黄黃 宫宮 来來 亘亙 撑撐 頽頹 懔懍 灾災 个個 墙牆 届屆 粮糧 "
    "韵韻 麯麴 虬虯 溼濕 遶繞 悞誤 蹰躕 鴂鴃 鷀鶿 珉岷 絶絕 顔顏 説說 録錄 歳歲 温溫 淸清 眞真 靑青 旣既 "
    "鄕鄉 緖緒"
)

# A character, what simplified print makes of it, and the words in which it stays as it is.
WORDS_KEPT: dict[str, tuple[str, str]] = {
    "著": (
        "着",
        "著書 著作 著論 著述 著名 著文 著詩 著錄 著撰 著稱 著姓 著籍 著令 著美 著嘉 "
        "著盛 著功 著勳 著節 著德 著誠 著績 著聲 著乎 著於 著明 著經 著史 著易 著辭 "
        "著詞 著玄 著潘 著儒 著簡 著誥 著編 著篇 著賦 著頌 著銘 著聞 著政 著族 著號 "
        "著效 著斯文 名著 功著 顯著 昭著 彰著 威著 斯著 詎著 述著 撰著 論著 編著 稱著 "
        "聲著 忠著 孝著 義著 德著 勳著 績著 教著 道著書 事著 文著 纂著 表著 炳著 兼著 "
        "宿著 夙著 迹著 跡著 久著 共著書 政著 化著 文章著 土著 遺著 卓著 雅著",
    ),
    "沈": (
        "沉",
        "沈約 沈郎 沈謝 沈宋 沈隱侯 沈隱 沈侯 沈尹 沈腰 沈范 沈公 沈家 沈休文 沈休 "
        "沈八 沈十 沈佺期 沈亞之 沈千運 沈傳師 沈彬 沈炯 沈麟士 沈諸梁 沈東美 沈東陽 "
        "沈侍御 沈尚書 沈中丞 沈記室 沈校書 沈秀才 沈進士 沈道士 沈山人 沈徵士 沈徵君 "
        "沈著作 沈員外 沈郎中 沈判官 沈大夫 沈明府 沈少府 沈光祿 沈樓 沈園 沈陽 沈病 "
        "沈瘦 沈姓 潘沈 謝沈 江沈 任沈 顏沈 何沈 曹沈 姓沈 學沈約 瘦沈 休文沈 東陽沈 "
        "隱侯沈 宋沈",
    ),
    "乾": (
        "干",
        "乾坤 乾乾 乾元 乾德 乾符 乾道 乾象 乾文 乾靈 乾源 乾綱 乾行 乾維 乾樞 乾剛 "
        "乾健 乾封 乾寧 乾龍 乾宮 乾光 乾垂 乾動 乾陽 乾曜 乾祐 乾隆 乾化 乾興 乾景 "
        "乾睿 乾覆 乾宇 乾開 乾闢 乾網 乾圖 乾馬 乾位 乾清 乾陰 乾遊 乾午 乾統 乾運 "
        "乾極 乾儀 乾暉 乾輝 乾澤 乾恩 乾施 乾闥 乾陵 乾州 乾爻 乾卦 闢乾 承乾 竺乾 "
        "拱乾 合乾 乘乾 連乾 式乾 御乾 體乾 法乾 離乾 極乾 統乾 配乾 應乾 純乾 重乾 "
        "見乾龍 飛乾 順乾 坤乾",
    ),
    "徵": (
        "征",
        "宮徵 商徵 清徵 下徵 急徵 流徵 變徵 含徵 角徵 徵角 徵羽 徵聲 徵音 徵招 徵韻 "
        "嚼徵 咀徵 奏徵 引徵 扣徵 魏徵 閑徵 閒徵 徵商 徵宮 改徵 換徵 迭徵 叩徵 徵弦 "
        "徵絃",
    ),
}
