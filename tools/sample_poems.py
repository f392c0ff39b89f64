"""Write 120 poems that nobody picked, to be read line by line: 40 to titles, 80 in four forms from 20 beginnings.

    python tools/sample_poems.py > sample.md

Poem k has seed k, the released model, usual settings; titles and beginnings are the card's, and more. What was
found by reading them is docs/reading.md.
"""

from collections.abc import Iterator
from typing import Any

from arguments import make_parser
from release_model import PROMPTS as CARD_PROMPTS
from release_model import TITLES as CARD_TITLES

from poetgen.poem.form import FORMS
from poetgen.script.opencc import TRADITIONAL
from poetgen.writing.writer import Writer

TITLES = (
    *CARD_TITLES,
    *[
        "採蓮",
        "漁父",
        "古寺",
        "新晴",
        "苦熱",
        "對雪",
        "聞笛",
        "落花",
        "宮怨",
        "閨情",
        "除夜",
        "清明",
        "重陽",
        "泊舟",
    ],
    *[
        "讀書",
        "飲酒",
        "老馬",
        "孤雁",
        "長安道",
        "洞庭",
        "瀑布",
        "病起",
        "寄兄弟",
        "田家",
        "贈僧",
        "早行",
        "南園",
        "柳",
    ],
)
PROMPTS = ("", *CARD_PROMPTS, *"風雪春秋江花雲酒夢客雨琴")


def main() -> None:
    """See the module."""
    writer = Writer.load()
    for k, asked in enumerate(list_requests()):
        (poem,) = writer.write(**asked, seed=k, script=TRADITIONAL)
        words = " ".join(
            value if name == "prompt" else f"--{name} {value}" for name, value in asked.items() if value
        )
        print(f"{k}. `{words} --seed {k}`  \n   {poem.text}", flush=True)


def list_requests() -> Iterator[dict[str, Any]]:
    """What each poem is asked to be."""
    yield from ({"title": title} for title in TITLES)
    for prompt in PROMPTS:
        yield from ({"prompt": prompt or None, "form": form} for form in FORMS)


if __name__ == "__main__":
    make_parser(__doc__).parse_args()
    main()
