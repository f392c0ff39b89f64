"""Characters that are one word in two spellings: 迴 and 回 rhyme with themselves and not with each other.

Variants (異體字) as 第一批異體字整理表 (1955) and OpenCC's tables of Taiwan and Hong Kong have them, and those
that simplified print merges, where they are one word of one reading: not 後 and 后, 雲 and 云, 發 and 髮.
"""

from functools import cache

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
    """One spelling for all of a word: 回 of 迴, 回 and 廻; any other character itself."""
    return _first_of().get(char, char)
