"""Settings of a classifier: those every model has, with defaults of their own, and a section [classify]."""

from dataclasses import dataclass

from poetgen.classify.tokens import TOKENISERS
from poetgen.config import Config, ModelConfig, TrainingConfig
from poetgen.files import expand_home
from poetgen.setting import setting

COMMAND = "poetgen classify train"
DIRECTIONS = ("forward", "both")
POOLINGS = ("last", "mean")
SKIPS = ("none", "tokens", "pairs")
EMBEDDINGS = ("random", "checkpoint", "vectors")
CRITERIA = ("", "poet", "form")
SPLITS = ("8:1:1", "96:2:2")
POETS = 20  # classes at most, unless more are asked for


@dataclass(frozen=True)
class ClassifyConfig:
    """The classes, and how texts are read."""

    by: str = setting("", "what poems are classified by; empty: labels", choices=CRITERIA)
    labels: str = setting("", "a JSON or CSV file of labelled texts", read=expand_home)
    validation: str = setting(
        "",
        "a file of labelled texts to validate on; those of labels are then all trained on",
        read=expand_home,
    )
    text_column: str = setting("text", "the file's key or column of texts")
    label_column: str = setting("label", "the file's key or column of labels")
    classes: int = setting(
        0, "number of classes, the most frequent labels; 0: all, of poets the first 20", minimum=0
    )
    equal: bool = setting(False, "as many texts of every label as the rarest has")
    split: str = setting("8:1:1", "train : validation : test, by clusters of near duplicates", choices=SPLITS)
    tokens: str = setting(
        "characters", "what is read at a step; words of Chinese by jieba", choices=TOKENISERS
    )
    stop_words: str = setting(
        "none", "left out: none, classical, or those of a file, one a line", read=expand_home
    )
    min_count: int = setting(2, "tokens rarer than this in train are unknown", minimum=1)
    max_length: int = setting(512, "of longer texts only so many tokens are read", minimum=1)
    directions: str = setting("forward", "read forward only, or backward too", choices=DIRECTIONS)
    pooling: str = setting("mean", "classify by the last state, or the mean of all", choices=POOLINGS)
    embeddings: str = setting(
        "random", "how they begin; vectors: model.pretrained_embeddings", choices=EMBEDDINGS
    )
    checkpoint: str = setting("", "the language model that embeddings begin with", read=expand_home)
    copy_layers: bool = setting(False, "begin with that model's recurrent layers too")
    linear_baseline: bool = setting(True, "measure a linear model beside the classifier")
    frozen: bool = setting(False, "leave those layers, and the embedding they read, as they are")
    skip: str = setting("none", "what goes past the layers too: tokens, or also pairs of them", choices=SKIPS)
    ensemble_size: int = setting(
        1, "output layers learned side by side, their probabilities averaged", minimum=1, maximum=64
    )


# texts are fewer than the poems a language model learns from, and a label says less than every next character
MODEL = ModelConfig(embedding_size=128, hidden_size=128, dropout=0.5, embedding_dropout=0.1, tied=False)
TRAINING = TrainingConfig(epochs=20, batch_size=32, warmup_steps=100, patience=4)


@dataclass(frozen=True)
class ClassifierConfig(Config):
    """All settings of a classifier's run."""

    model: ModelConfig = MODEL
    training: TrainingConfig = TRAINING
    classify: ClassifyConfig = ClassifyConfig()
