"""A workspace with everything in it that poetgen reads: grown by its own commands, each a scenario for strikes."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import made_up_poem
from tests.faults.forked import run
from tests.faults.strikes import STRANGERS, Scenario, copy

SMALL = [f"--set={key}" for key in ("model.embedding_size=4", "model.hidden_size=4", "training.device=cpu")]
STEPS = "--steps=2"
RESUME = ["train", "--resume", "moon"]
COMPARE = ["compare", "--optimizer=sgd", "--optimizer=adam", "--seeds=1", STEPS, *SMALL]
DRAW = ["gradients", "--steps=2", "--hidden-size=2", "--scale=1", "--out=reach.png"]
FETCH = ["fetch"]  # and --url, of the repository
# name, command, and what is typed where the same command again is refused
COMMANDS = (
    ("draw", DRAW, ()),
    ("generate", ["generate", "月", "--seed=1", "--picture=poem.png"], ()),
    (
        "generate into a file",
        ["generate", "月", "--seed=1", "--count=2", "--out=poem.txt", "--picture=poem.svg"],
        (),
    ),
    ("check", ["check", "judged.txt", "--picture=judged.svg"], ()),
    ("score", ["score", "judged.txt", "--picture=score.png"], ()),
    ("fetch", FETCH, ()),
    ("prepare", ["prepare", "--min-count=1"], ()),
    ("prepare anew", ["prepare", "--min-count=2", "--limit=30"], ()),
    ("prepare as at first", ["prepare", "--min-count=1"], ()),
    ("train", ["train", "--run=moon", STEPS, *SMALL], RESUME),
    ("train by NumPy", ["train", "--run=sun", "--backend=numpy", STEPS, *SMALL], ["train", "--resume=sun"]),
    ("resume", RESUME, ()),
    (
        "classify",
        [
            "classify",
            "train",
            "--by=form",
            "--run=moon",
            "--set=classify.linear_baseline=false",
            "--set=training.steps=2",
            *SMALL,
        ],
        ["classify", "train", "--resume=moon"],
    ),
    ("compare", COMPARE, ()),
    ("compare, own poems", [*COMPARE, "--out=own", "--set=corpus.limit=30"], ()),
)


def make_home(home: Path, corpus: Path) -> None:
    """A repository of poems, and a folder with files of a user's own."""
    poems = [made_up_poem(number) for number in range(40)]
    records = [{"author": p.author, "title": p.title, "id": p.id, "paragraphs": [p.text]} for p in poems]
    labels = "".join(f"{p.text},{p.author}\n" for p in poems).replace("，", " ")
    files = {
        **{home / name: "mine" for name in STRANGERS},
        corpus / "全唐诗" / "poet.tang.0.json": json.dumps(records),
        corpus / "LICENSE": "MIT",
        home / "poems.txt": "\n".join(p.text for p in poems),
        home / "poems.json": json.dumps(records),
        home / "poems.csv": "題目,作者,內容\n" + "".join(f"{p.title},{p.author},{p.text}\n" for p in poems),
        home / "judged.txt": "\n".join(f"{p.title}:{p.text}" for p in poems[:3]),
        home / "labels.csv": f"text,label\n{labels}",
        home / "vectors.txt": "月 1 2 3\n日 4 5 6\n",
        home / "own.toml": "[model]\nembedding_size = 4\n[training]\nseed = 3\n",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for words in ("init -q", "add -A", "-c user.name=a -c user.email=a@b commit -qm a"):
        subprocess.run(["git", "-C", str(corpus), *words.split()], check=True)


def grow(home: Path, corpus: Path, folder: Path) -> Iterator[Scenario]:
    """The commands that write, each begun where the one before it ended. Raises RuntimeError when one fails."""
    for name, words, again in COMMANDS:
        words = [*words, "--url", str(corpus)] if words is FETCH else words
        start = copy(home, folder / f"before {name}")
        ended = run(words, home)
        if ended.status:
            raise RuntimeError(f"{name}: {ended.stderr}")
        yield Scenario(name, words, start, tuple(again))


def list_readers(home: Path) -> dict[str, list[str]]:
    """Every file that is read, below `home`, and a command that reads it."""
    evaluate = ["evaluate", "--checkpoint=checkpoints/moon", "--device=cpu"]
    prepared = home / "data" / "prepared"
    readers = {
        f"data/prepared/{path.name}": evaluate for path in prepared.iterdir() if "report" not in path.name
    }
    readers["data/prepared/train.ids.npy"] = readers["data/prepared/train.offsets.npy"] = RESUME
    readers |= {f"checkpoints/moon/{name}": RESUME for name in ("config.json", "metrics.jsonl", "state.pt")}
    [comparison] = (home / "comparisons").iterdir()
    for path in (comparison / "comparison.json", *comparison.glob("runs/*/result.json")):
        readers[path.relative_to(home).as_posix()] = COMPARE
    return readers | {
        "checkpoints/moon/best.safetensors": ["generate", "月", "--seed=1", "--checkpoint=moon"],
        "checkpoints/classifiers/moon/best.safetensors": ["classify", "predict", "月"],
        "data/corpus/fetched.json": ["fetch"],
        "poems.txt": ["prepare", "poems.txt", "--out=p", "--strict"],
        "poems.json": ["prepare", "poems.json", "--out=p"],
        "poems.csv": ["evaluate", "--poems=poems.csv", "--checkpoint=moon", "--device=cpu"],
        "judged.txt": ["check", "judged.txt"],
        "labels.csv": ["classify", "train", "--labels=labels.csv", "--set=training.steps=1", *SMALL],
        "vectors.txt": ["train", "--vectors=vectors.txt", "--steps=1", "--set=model.hidden_size=4"],
        "own.toml": ["train", "--config=own.toml", "--steps=1", *SMALL],
    }
