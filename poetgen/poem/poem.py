"""A poem as poetgen sees it: lines of hanzi, each with the mark that ends it; and which hanzi spell one word."""

import unicodedata
from dataclasses import dataclass
from functools import cache

COMMA, STOP, QUESTION = "，", "。", "？"
MARKS = COMMA + STOP + QUESTION

_HANZI_RANGES = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x3FFFF), (0xF900, 0xFAFF))


def is_hanzi(char: str) -> bool:
    """A Han character: the unified ideographs, their extensions and compatibility forms, and 〇."""
    return char == "〇" or any(first <= ord(char) <= last for first, last in _HANZI_RANGES)


def is_invisible(char: str) -> bool:
    """Zero-width spaces and joiners, direction marks, soft hyphens, variation selectors."""
    is_selector = 0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF
    return is_selector or unicodedata.category(char) == "Cf"


FRAGMENT_LINES = 4
FRAGMENT_HANZI = 20


@dataclass(frozen=True)
class Poem:
    """One poem after cleaning.

    A line is one 句, the hanzi between two marks; `marks[k]` ends `lines[k]`. `id` is the corpus' own, or "".
    """

    author: str
    title: str
    lines: tuple[str, ...]
    marks: str
    id: str = ""

    @property
    def text(self) -> str:
        """The body: every line with its mark, nothing between."""
        return "".join(line + mark for line, mark in zip(self.lines, self.marks, strict=True))

    @property
    def hanzi(self) -> int:
        """How many hanzi the body has."""
        return sum(map(len, self.lines))

    @property
    def is_fragment(self) -> bool:
        """Fewer than 4 lines or 20 hanzi: left out of every split by default (docs/measures.md)."""
        return len(self.lines) < FRAGMENT_LINES or self.hanzi < FRAGMENT_HANZI

    @property
    def shape(self) -> tuple[int, int] | None:
        """(hanzi a line, lines) when all lines are of one length, else None: a 五律 is (5, 8)."""
        lengths = {len(line) for line in self.lines}
        return (lengths.pop(), len(self.lines)) if len(lengths) == 1 else None


# Variants (異體字) as 第一批異體字整理表 (1955) and OpenCC's tables of Taiwan and Hong Kong have them, and those
# that simplified print merges, where they are one word of one reading: not 後 and 后, 雲 and 云, 發 and 髮.
_WORDS = (
    "回迴廻 閑閒 臺台 繞遶 暖煖 跡迹蹟 濕溼 杯桮盃 煙烟 雞鷄 溪谿 淒凄 歎嘆 詠咏 蹤踪 沈沉 牀床 "
    "線綫 村邨 棋碁 砧碪 裊嫋褭 淚泪 飧飱 冰氷 決决 淨净 況况 涼凉 減减 豔艷 絃弦 並竝併倂并 羣群 "
    "峰峯 棲栖 鳧鳬 崑崐 斂歛 珍珎 樽罇 個箇个 脣唇 嘯歗 效効 筍笋 貓猫 睹覩 蕊蘂 衆眾 鉤鈎 "
    "鬧閙 陰隂 雁鴈 掛挂 牆墻 卻却 腳脚 鼓皷 驅駈 讚贊 煮煑 館舘 畫畵 繡綉 糧粮 蓋盖 寶寳 "
    "寧寜 弔吊 擣搗 藥葯 體体 爲為 歌謌 仙僊 裏裡 窗牕窓窻 疏疎 燕鷰 臥卧 歡懽 啼嗁 只秪秖衹 劒劍 "
    "巖嵒岩嵓 徵徴 著着 翻飜 映暎 掩揜 暫蹔 鶯鸎 鄰隣 喧諠 猨猿 叢藂 勤懃 慙慚 澗磵 妝粧 強彊强 "
    "耕畊 階堦 殷慇 蝶蜨 簷檐 佩珮 場塲 柏栢 鎖鏁 遍徧 崖厓 酬詶 迥逈 羈羇 堤隄 氛雰 櫂棹 "
    "啟啓 斾旆 媿愧 嬾懶 峨峩 輿轝 綿緜 蛇虵 餐飡 皋臯皐 略畧 霓蜺 梨棃 衛衞 塔墖 鴉鵶 遞遰 "
    "瓶缾 裙帬 蜂蠭 稚穉 眷睠 胸胷 稜棱 算筭 羌羗 悴顇 軟輭 妬妒 檝楫 鋤鉏 叫呌 澀澁 豆荳 "
    "飾餙 琅瑯 答荅 憔顦 萼蕚 卮巵 牋箋 浣澣 祕秘 鼇鰲 榜牓 珪圭 隙隟 構搆 嚬顰 耽躭 讐讎 "
    "壻婿 幡旛 毬球 剩賸 蔥葱 趁趂 遁遯 麤粗麄 筯箸 款欵 盞醆 徇狥 鉢缽 針鍼 敘敍 氈氊 褒襃 "
    "汙汚污 冪羃幂 椀盌碗 恍怳 舃舄 潸澘 蔕蒂 犂犁 瑰瓌 敕勅 匆怱悤 襪韈韤 輒輙 鼈鱉 毗毘 翱翺 泄洩 "
    "皂皁 廄廐厩 腮顋 濬浚 赬頳 吝恡 棕椶 踴踊 駁駮 奩匳 咒呪 噉啖 粳秔 衒炫 穎頴 臙胭 覷覰 "
    "帚箒 勗勖 甎塼磚 罌甖 鸜鴝 髮髪"
)


@cache
def _first_of() -> dict[str, str]:
    return {char: word[0] for word in _WORDS.split() for char in word}


def word_of(char: str) -> str:
    """One spelling for all of a word: 回 of 迴, 回 and 廻; any other character itself.

    Characters of one word rhyme with themselves, and not with each other.
    """
    return _first_of().get(char, char)
