"""Every setting: one frozen dataclass a section; defaults, then a TOML file, then --set, then flags."""

import dataclasses
import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, get_type_hints

from poetgen.errors import ConfigError, PoetgenError
from poetgen.files import check_file, expand_home, shipped
from poetgen.optimizers import CONSTANTS, OWN, RULES, choose_constants
from poetgen.poem.form import FORM_HELP, parse_form

BIG = 2**31 - 1  # counts beyond this are a slip of the hand, and torch would refuse them with a riddle


def _key(
    default: Any,
    meaning: str,
    *,
    minimum: float | None = None,
    maximum: float = BIG,
    below: float | None = None,
    choices: Sequence[str] = (),
    read: Callable[[str], str] | None = None,
) -> Any:
    """A setting: its default, its meaning in a line, and what it may be; `below` is a limit never reached.

    `read` turns what is given into the one way to write it. Raises PoetgenError.
    """
    limits = {"minimum": minimum, "maximum": maximum, "below": below, "choices": tuple(choices)}
    return field(default=default, metadata={"meaning": meaning, **limits, "read": read})


def _form(text: str) -> str:
    return parse_form(text).name if text else ""


setting = _key  # for sections that stand beside what they are about


BACKWARDS = ("handwritten", "autograd")
CELLS = ("lstm", "rnn")
BACKENDS = ("torch", "numpy")
PRECISIONS = ("float32", "bfloat16")
TOO_LONG = ("drop", "crop", "crop-characters")
GRADIENTS = ("bptt", "rtrl")
TARGETS = ("validation", "training")
ALSO = ("", "song")
SPLITS = ("96:2:2", "8:1:1", "8:2", "9:1")
INITIALIZATIONS = ("uniform", "normal", "xavier", "orthogonal", "zeros", "constant")
OPTIMIZERS = tuple(RULES)


# keys as older versions wrote them into files, where they are read as the new; who sets one is told its new name
FORMER_KEYS = {
    "classify.judges": "classify.ensemble_size",
    "classify.layers_too": "classify.copy_layers",
    "model.implementation": "model.backward",
    "model.vectors": "model.pretrained_embeddings",
    "training.average": "training.ema_decay",
    "training.final_rate": "training.final_lr_fraction",
    "training.segment_length": "training.bptt_length",
    "training.stop_at": "training.target_perplexity",
}
FORMER_VALUES = {("model.backward", "bptt"): "handwritten"}


@dataclass(frozen=True)
class CorpusConfig:
    """What is prepared: which poems, how they are split, which characters are known."""

    supplement: bool = _key(False, "add the volumes of 全唐詩補編 (50000 and up)")
    limit: int = _key(0, "take only the first N poems in volume order; 0: all", minimum=0)
    form: str = _key("", f"keep one form only: {FORM_HELP}; empty: all", read=_form)
    min_length: int = _key(0, "drop poems with fewer hanzi", minimum=0)
    max_length: int = _key(0, "hanzi of a poem at most; 0: no limit", minimum=0)
    too_long: str = _key(
        "drop",
        "of longer poems: drop them, crop them after the last sentence that fits, or at the very character",
        choices=TOO_LONG,
    )
    min_count: int = _key(2, "characters rarer than this in the training poems become <unknown>", minimum=1)
    punctuation: str = _key(
        "keep", "keep ，。？ as tokens, or drop them and restore them in print", choices=("keep", "drop")
    )
    split: str = _key("96:2:2", "train : validation : test, or train : validation", choices=SPLITS)
    also: str = _key("", "train on this collection too, and validate and test without it", choices=ALSO)
    also_min_count: int = _key(
        6, "a character below min_count is known all the same if the added poems bring it to this", minimum=1
    )


@dataclass(frozen=True)
class ModelConfig:
    """The network: embedding → LSTM → linear → softmax."""

    embedding_size: int = _key(256, "E, size of a character's embedding", minimum=1, maximum=65536)
    hidden_size: int = _key(512, "H, hidden units of each LSTM layer", minimum=1, maximum=65536)
    cell: str = _key(
        "lstm",
        "kind of recurrent layer: the LSTM, or the simple one it is compared with",
        choices=CELLS,
    )
    num_layers: int = _key(1, "L, number of LSTM layers", minimum=1, maximum=64)
    backward: str = _key(
        "handwritten",
        "what computes the LSTM's gradients: equations by hand, or autograd (as always for rnn); they are equal",
        choices=BACKWARDS,
    )
    tied: bool = _key(True, "share the embedding with the output layer, through a projection H → E")
    dropout: float = _key(
        0.2,
        "probability of dropping each output of an LSTM layer, one mask for a whole poem",
        minimum=0,
        below=1,
    )
    embedding_dropout: float = _key(
        0.0, "probability of dropping a character's whole embedding, for a batch", minimum=0, below=1
    )
    initialization: str = _key("uniform", "initialisation of the weights", choices=INITIALIZATIONS)
    forget_bias: float = _key(1.0, "initial bias of the forget gate", minimum=-BIG)
    weight_drop: float = _key(
        0.0, "share of each recurrent matrix's weights zeroed, for a batch (DropConnect)", minimum=0, below=1
    )
    conditions: bool = _key(False, "read title, poet and form, where they are given, before the poem begins")
    pretrained_embeddings: str = _key(
        "",
        "initialise the embedding from this word2vec or GloVe text file; empty: do not",
        read=expand_home,
    )


@dataclass(frozen=True)
class TrainingConfig:
    """The optimizer, its schedule, and when to stop."""

    seed: int = _key(0, "random seed of weights, order of batches and dropout", minimum=0)
    optimizer: str = _key("adam", "name of the optimizer", choices=OPTIMIZERS)
    learning_rate: float = _key(0.0, "peak learning rate; 0: the optimizer's own default", minimum=0)
    weight_decay: float = _key(0.0, "L2 penalty as torch.optim defines it for each rule", minimum=0)
    momentum: float = _key(OWN, "μ of momentum and nesterov; -1: its own", minimum=OWN, below=1)
    beta1: float = _key(OWN, "β₁ of adam and its kin, adabound among them; -1: its own", minimum=OWN, below=1)
    beta2: float = _key(OWN, "β₂ of the same; -1: its own", minimum=OWN, below=1)
    eps: float = _key(OWN, "ε of all but sgd, momentum and nesterov; -1: its own", minimum=OWN)
    rho: float = _key(OWN, "ρ of adadelta; -1: its own", minimum=OWN, below=1)
    alpha: float = _key(OWN, "α of rmsprop; -1: its own", minimum=OWN, below=1)
    momentum_decay: float = _key(OWN, "ψ of nadam; -1: its own", minimum=OWN)
    final_lr: float = _key(OWN, "α* of adabound, the rate at its end; -1: its own", minimum=OWN)
    gamma: float = _key(OWN, "γ of adabound, how fast its bounds close; -1: its own", minimum=OWN)
    variant: str = _key(
        "",
        "of adabound: its authors' code, or the paper's rule with 1/√t; empty: code",
        choices=("", "code", "paper"),
    )
    temperature: float = _key(
        1.0,
        "τ of the loss, which divides the logits in training; a checkpoint has it in its weights",
        minimum=0.01,
        maximum=100,
    )
    gradient: str = _key(
        "bptt",
        "with backend numpy: backpropagation through time, or real-time recurrent learning, equal and far dearer",
        choices=GRADIENTS,
    )
    schedule: str = _key(
        "cosine", "what the learning rate does after warm-up", choices=("constant", "linear", "cosine")
    )
    warmup_steps: int = _key(
        200, "steps over which the learning rate rises, at most a tenth of the run", minimum=0
    )
    final_lr_fraction: float = _key(
        0.02, "learning rate at the end of the decay, as a fraction of the peak", minimum=0, maximum=1
    )
    clip_norm: float = _key(
        1.0, "gradients of a larger norm are scaled to this one; 0: no clipping", minimum=0
    )
    start: str = _key("", "a checkpoint whose weights training begins with; empty: none", read=expand_home)
    batch_size: int = _key(64, "poems in a batch", minimum=1)
    bptt_length: int = _key(
        128, "truncated BPTT: longer poems are read in segments of this many tokens, state carried", minimum=1
    )
    epochs: int = _key(10, "passes over the training poems", minimum=1)
    steps: int = _key(0, "train for this many steps, which overrides epochs; 0: let epochs decide", minimum=0)
    minutes: float = _key(0.0, "stop after this many minutes of training; 0: no limit", minimum=0)
    validate_every: int = _key(0, "validate after every so many steps; 0: at the ends of epochs", minimum=0)
    patience: int = _key(3, "stop after this many validations without a lower loss; 0: never", minimum=0)
    target_perplexity: float = _key(
        0.0, "stop at the first validation at which perplexity (per token) is this low; 0: never", minimum=0
    )
    target_on: str = _key(
        "validation",
        "whose perplexity that is: of the validation poems, or in training since the validation before",
        choices=TARGETS,
    )
    ema_decay: float = _key(
        0.0,
        "decay of the exponential moving average of weights that is validated and saved; 0: none",
        minimum=0,
        below=1,
    )
    precision: str = _key(
        "float32",
        "precision of the large matrix products in training; evaluation is always float32",
        choices=PRECISIONS,
    )
    backend: str = _key(
        "torch",
        "what computes gradients and updates: PyTorch, or NumPy by hand",
        choices=BACKENDS,
    )
    device: str = _key("auto", "auto: CUDA if there is any, else the CPU", choices=("auto", "cpu", "cuda"))
    unconditional: float = _key(
        0.5,
        "with model.conditions: share of poems read without any; the others are given some of theirs",
        minimum=0,
        maximum=1,
    )
    processes: int = _key(
        1,
        "processes of this machine that share every batch; torchrun's number counts where it starts them",
        minimum=1,
        maximum=1024,
    )
    keep_epochs: bool = _key(False, "keep the checkpoint of every epoch")

    @property
    def optimizer_constants(self) -> dict[str, Any]:
        """The rule's own, those given before its defaults. Raises ConfigError for one that it does not have."""
        return choose_constants(self.optimizer, {name: getattr(self, name) for name in CONSTANTS})


@dataclass(frozen=True)
class Config:
    """All settings of a run."""

    corpus: CorpusConfig = CorpusConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Plain values, section by section."""
        return dataclasses.asdict(self)

    def replace(self, values: Mapping[str, Any]) -> Self:
        """A copy with `section.key` values changed. Raises ConfigError for a key or value that cannot be."""
        config = self
        for dotted, value in values.items():
            if dotted in FORMER_KEYS:
                raise ConfigError(f"{dotted} is now called {FORMER_KEYS[dotted]}; write that instead")
            section_name, _, key = dotted.partition(".")
            section = getattr(config, _known(section_name, _names(type(self)), "section"))
            _known(key, _names(type(section)), f"key in [{section_name}]")
            changed = dataclasses.replace(section, **{key: _checked(section, section_name, key, value)})
            config = dataclasses.replace(config, **{section_name: changed})
        return config


def _names(section: type) -> list[str]:
    return [f.name for f in dataclasses.fields(section)]


def _known(name: str, names: list[str], what: str) -> str:
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"
    raise ConfigError(f"unknown {what}: {_short(name)}; {hint}")


def _checked(section: Any, section_name: str, key: str, value: Any) -> Any:
    kind = get_type_hints(type(section))[key]
    limits = next(f for f in dataclasses.fields(section) if f.name == key).metadata
    name = f"{section_name}.{key}"
    if kind is float and type(value) is int and abs(value) <= BIG:
        value = float(value)
    if type(value) is not kind:
        raise ConfigError(f"{name} must be of type {kind.__name__}, not {_short(value)}")
    if limits["choices"] and value not in limits["choices"]:
        raise ConfigError(f"{name} cannot be {_short(value)}; choose one of: {', '.join(limits['choices'])}")
    if kind in (int, float):
        _check_range(name, value, limits)
    try:
        return limits["read"](value) if limits["read"] else value
    except PoetgenError as error:
        raise ConfigError(f"{name}: {error}") from error


def _check_range(name: str, value: float, limits: Mapping[str, Any]) -> None:
    minimum, maximum, below = limits["minimum"], limits["maximum"], limits["below"]
    # written so that NaN, which is neither more nor less than anything, is refused too
    if minimum is not None and not value >= minimum:
        raise ConfigError(f"{name} must be at least {minimum}, not {_short(value)}")
    if below is not None and not value < below:
        raise ConfigError(f"{name} must be below {below}, not {_short(value)}")
    if not value <= maximum:
        raise ConfigError(f"{name} must be at most {maximum}, not {_short(value)}")


def _short(value: Any) -> str:
    """For messages: one line, however long the value."""
    if isinstance(value, int) and abs(value) > 10**40:
        return "a number of more than 40 digits"  # Python refuses to print one of thousands
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def flatten(sections: Mapping[str, Any], source: str) -> dict[str, Any]:
    """`{"model": {"hidden_size": 8}}` to `{"model.hidden_size": 8}`. Raises ConfigError for a bare key."""
    flat: dict[str, Any] = {}
    for section, values in sections.items():
        if not isinstance(values, Mapping):
            raise ConfigError(
                f"{source}: {section!r} stands outside a section; write it below [model] or the like"
            )
        flat.update({f"{section}.{key}": value for key, value in values.items()})
    return flat


def saved_settings(sections: Mapping[str, Any], source: str) -> dict[str, Any]:
    """As `flatten`, for what poetgen itself wrote into a file: keys and values under the names they have now."""
    flat = {FORMER_KEYS.get(key, key): value for key, value in flatten(sections, source).items()}
    return {
        key: FORMER_VALUES.get((key, value), value) if isinstance(value, str) else value
        for key, value in flat.items()
    }


def from_dict(sections: Mapping[str, Any], source: str = "config") -> Config:
    """A Config from the plain values of a file that poetgen wrote. Raises ConfigError, naming the key."""
    return Config().replace(saved_settings(sections, source))


def config_names() -> list[str]:
    """The names `--config` accepts: the shipped files, reports as `reports/NAME`."""
    root = shipped("configs")
    return sorted(path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.toml"))


def read_config_file(name: str) -> dict[str, Any]:
    """A run's settings in a shipped config or a TOML file: all but [compare]. Raises ConfigError."""
    return {key: value for key, value in read_sections(name).items() if not key.startswith("compare.")}


def read_sections(name: str) -> dict[str, Any]:
    """All that a config holds, as `section.key`, unchecked. Raises ConfigError."""
    path = Path(expand_home(name)) if name.endswith(".toml") else shipped("configs") / f"{name}.toml"
    try:
        return flatten(tomllib.loads(check_file(path).read_text(encoding="utf-8")), str(path))
    except FileNotFoundError as error:
        raise ConfigError(
            f"no config {name!r}; there are: {', '.join(config_names())}, or give a .toml file"
        ) from error
    except (ValueError, RecursionError) as error:  # TOML and UTF-8 errors, numbers of thousands of digits
        raise ConfigError(f"{path} is not readable TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error


def parse_settings(settings: Iterable[str]) -> dict[str, Any]:
    """`--set section.key=value` pairs, the value read as TOML, else as a bare word. Raises ConfigError."""
    parsed: dict[str, Any] = {}
    for setting in settings:
        dotted, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set {setting!r} has no value; write it as section.key=value")
        try:
            parsed[dotted.strip()] = tomllib.loads(f"value = {text}")["value"]
        except (ValueError, RecursionError):
            parsed[dotted.strip()] = text.strip()
    return parsed


def load_config(
    name: str | None = None, *, settings: Iterable[str] = (), flags: Mapping[str, Any] | None = None
) -> Config:
    """Defaults, then the config called `name`, then `--set` pairs, then flags that are not None."""
    given = {dotted: value for dotted, value in (flags or {}).items() if value is not None}
    from_file = read_config_file(name) if name else {}
    return Config().replace({**from_file, **parse_settings(settings), **given})
