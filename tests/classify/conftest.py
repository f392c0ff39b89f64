"""Labelled texts of our own making, and settings too small to be good."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poetgen.classify.labels import Labelled
from poetgen.classify.settings import ClassifierConfig
from poetgen.classify.texts import LabelledTexts
from poetgen.classify.tokens import Tokeniser

# modern sentences: another kind of text than verse, in simplified characters
TOPICS = {
    "天气": ("今天", "明天", "后天", "早上", "晚上", "下雨", "刮风", "晴朗", "降温", "有雾"),
    "足球": ("球队", "前锋", "门将", "裁判", "教练", "进球", "扑救", "传球", "射门", "换人"),
    "厨房": ("鸡蛋", "豆腐", "青菜", "米饭", "面条", "切碎", "油炸", "清蒸", "加盐", "煮熟"),
}


def sentence(topic: str, number: int) -> str:
    """Sentence 0, 1, ... about a topic: what, and what happens to it."""
    rng = np.random.default_rng([3, number, len(topic), ord(topic[0])])
    words = TOPICS[topic]
    what, done = rng.choice(words[:5], 2, replace=False), rng.choice(words[5:], 2, replace=False)
    return f"{what[0]}和{what[1]}先{done[0]}再{done[1]}，第{number}句。"


@pytest.fixture(scope="session")
def sentences() -> list[Labelled]:
    """Thirty sentences about each of three topics."""
    return [Labelled(sentence(topic, number), topic) for number in range(30) for topic in TOPICS]


@pytest.fixture
def label_file(tmp_path: Path, sentences: list[Labelled]) -> Path:
    """The sentences as CSV."""
    path = tmp_path / "topics.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows((text.text, text.label) for text in sentences)
    return path


@pytest.fixture
def topics(sentences: list[Labelled]) -> LabelledTexts:
    """The sentences held out and numbered."""
    return LabelledTexts.build(sentences, Tokeniser("characters"), split="8:1:1", min_count=1, max_length=64)


@pytest.fixture(scope="session")
def small() -> Callable[..., ClassifierConfig]:
    """`small(**settings)`: a few units, a few steps; `section__key` changes any setting."""

    def settings(**changes: Any) -> ClassifierConfig:
        base = {
            "model.embedding_size": 6,
            "model.hidden_size": 7,
            "training.batch_size": 12,
            "training.epochs": 2,
            "training.warmup_steps": 3,
            "training.device": "cpu",
            "classify.labels": "topics.csv",
        }
        return ClassifierConfig().replace({**base, **{k.replace("__", "."): v for k, v in changes.items()}})

    return settings
