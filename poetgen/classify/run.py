"""A classifier's run from its data to its events; training itself is that of poetgen.training.trainer."""

from collections.abc import Callable, Iterator
from pathlib import Path

from poetgen.classify.label_files import Tell, read_labels
from poetgen.classify.labels import Labelled, choose_texts, choose_validation, label_poems
from poetgen.classify.learner import Classification
from poetgen.classify.settings import COMMAND, POETS, ClassifierConfig
from poetgen.classify.texts import LabelledTexts
from poetgen.classify.tokens import Tokeniser, read_stop_words
from poetgen.corpus.dataset import Dataset
from poetgen.training.events import Event
from poetgen.training.run_folder import RunFolder
from poetgen.training.trainer import open_session


def load_labelled_texts(
    config: ClassifierConfig, prepared: Path, *, tell: Tell = lambda _: None
) -> LabelledTexts:
    """What the settings name: poems of the folder `prepared`, or the file of labels; chosen, held out, numbered.

    `tell` is called with a line that says how a file was read.
    Raises CorpusError or ConfigError.
    """
    wanted = config.classify
    most = POETS if wanted.by == "poet" else 0
    found = _read(config, prepared, tell)
    texts = choose_texts(found, classes=wanted.classes, most=most, equal=wanted.equal)
    validation: list[Labelled] = []
    if wanted.validation:
        given = _read_file(config, wanted.validation, tell)
        validation = choose_validation(given, texts, {text.label for text in found})
    tokeniser = Tokeniser(wanted.tokens, read_stop_words(wanted.stop_words))
    return LabelledTexts.build(
        texts,
        tokeniser,
        split=wanted.split,
        min_count=wanted.min_count,
        max_length=wanted.max_length,
        validation=validation,
    )


def _read(config: ClassifierConfig, prepared: Path, tell: Tell) -> list[Labelled]:
    wanted = config.classify
    if wanted.by:
        return label_poems(Dataset.open(prepared), wanted.by)
    return _read_file(config, wanted.labels, tell)


def _read_file(config: ClassifierConfig, name: str, tell: Tell) -> list[Labelled]:
    wanted = config.classify
    return read_labels(
        Path(name), text_column=wanted.text_column, label_column=wanted.label_column, tell=tell
    )


def train_classifier(
    data: LabelledTexts,
    run_dir: Path,
    config: ClassifierConfig,
    *,
    resume: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Train in `run_dir` until the settings, or `should_stop` asked after each step, say to stop.

    Raises CheckpointError when the folder is in use, already holds a run (or none, to resume) or began with
    other settings or texts; ConfigError for settings that cannot be; TrainingError when the loss is not a number.
    """
    task = Classification(data, config, is_new=not resume)
    with open_session(task, RunFolder(run_dir, COMMAND), config, resume=resume) as trainer:
        yield from trainer.run(should_stop)
