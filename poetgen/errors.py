"""What can go wrong for a user. The message says what happened, with the value, then what to do.

PoetgenError
├── CorpusError       fetching, reading or preparing poems
├── ConfigError       a setting that is unknown or cannot be
├── CheckpointError   a model file or a run folder that cannot be used
├── TrainingError     a training that cannot go on
└── PromptError       a text no poem can begin with
"""


class PoetgenError(Exception):
    """A fault the user can fix: the command line prints its message and exits with 1."""


class CorpusError(PoetgenError):
    """The corpus cannot be fetched, read or prepared."""


class ConfigError(PoetgenError):
    """A setting is unknown, of the wrong type or out of range."""


class CheckpointError(PoetgenError):
    """A checkpoint or a run folder is missing, damaged, of another version or in use."""


class TrainingError(PoetgenError):
    """Training cannot go on, for instance because the loss is no longer a number."""


class PromptError(PoetgenError):
    """No poem can begin with this text."""


# what reading or using a damaged file may raise, whatever it says, but for OSError
DAMAGE = (
    ValueError, LookupError, TypeError, AttributeError, EOFError, OverflowError, RecursionError, MemoryError,
)  # fmt: skip
