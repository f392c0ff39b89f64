"""Every setting: one frozen dataclass a section; defaults, then a TOML file, then --set, then flags."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from poetgen.errors import ConfigError
from poetgen.files import expand_home
from poetgen.optimizers import CONSTANTS, OWN, RULES, VARIANTS, choose_constants
from poetgen.poem.form import FORM_HELP, name_forms, parse_forms
from poetgen.setting import BIG, check_name, check_value, key_names, setting


def _form(text: str) -> str:
    return name_forms(parse_forms(text, may_be_free=False))


def _constant(meaning: str, *, below: float | None = None) -> Any:
    """A constant of an update rule."""
    return setting(OWN, f"{meaning}; {OWN:g}: its own", minimum=OWN, below=below)


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

    supplement: bool = setting(False, "add the volumes of 全唐詩補編 (50000 and up)")
    limit: int = setting(0, "take only the first N poems in volume order; 0: all", minimum=0)
    form: str = setting("", f"keep the poems of a form only: {FORM_HELP}; empty: all", read=_form)
    min_length: int = setting(0, "drop poems with fewer hanzi", minimum=0)
    max_length: int = setting(0, "hanzi of a poem at most; 0: no limit", minimum=0)
    too_long: str = setting(
        "drop",
        "of longer poems: drop them, crop them after the last sentence that fits, or at the very character",
        choices=TOO_LONG,
    )
    min_count: int = setting(
        2, "characters rarer than this in the training poems become <unknown>", minimum=1
    )
    punctuation: str = setting(
        "keep", "keep ，。？ as tokens, or drop them and restore them in print", choices=("keep", "drop")
    )
    split: str = setting("96:2:2", "train : validation : test, or train : validation", choices=SPLITS)
    also: str = setting("", "train on this collection too, and validate and test without it", choices=ALSO)
    also_min_count: int = setting(
        6, "a character below min_count is known all the same if the added poems bring it to this", minimum=1
    )


@dataclass(frozen=True)
class ModelConfig:
    """The network: embedding → LSTM → linear → softmax."""

    embedding_size: int = setting(256, "E, size of a character's embedding", minimum=1, maximum=65536)
    hidden_size: int = setting(512, "H, hidden units of each LSTM layer", minimum=1, maximum=65536)
    cell: str = setting(
        "lstm",
        "kind of recurrent layer: the LSTM, or the simple one it is compared with",
        choices=CELLS,
    )
    num_layers: int = setting(1, "L, number of LSTM layers", minimum=1, maximum=64)
    backward: str = setting(
        "handwritten",
        "what computes the LSTM's gradients: equations by hand, or autograd (as always for rnn); they are equal",
        choices=BACKWARDS,
    )
    tied: bool = setting(True, "share the embedding with the output layer, through a projection H → E")
    dropout: float = setting(
        0.2,
        "probability of dropping each output of an LSTM layer, one mask for a whole poem",
        minimum=0,
        below=1,
    )
    embedding_dropout: float = setting(
        0.0, "probability of dropping a character's whole embedding, for a batch", minimum=0, below=1
    )
    initialization: str = setting("uniform", "initialisation of the weights", choices=INITIALIZATIONS)
    forget_bias: float = setting(1.0, "initial bias of the forget gate", minimum=-BIG)
    weight_drop: float = setting(
        0.0, "share of each recurrent matrix's weights zeroed, for a batch (DropConnect)", minimum=0, below=1
    )
    conditions: bool = setting(
        False, "read title, poet and form, where they are given, before the poem begins"
    )
    pretrained_embeddings: str = setting(
        "",
        "initialise the embedding from this word2vec or GloVe text file; empty: do not",
        read=expand_home,
    )

    @property
    def shape(self) -> dict[str, Any]:
        """What two models have alike if one can take the other's weights, as `model.key` values."""
        keys = ("embedding_size", "hidden_size", "cell", "num_layers", "tied", "conditions")
        return {f"model.{key}": getattr(self, key) for key in keys}


@dataclass(frozen=True)
class TrainingConfig:
    """The optimizer, its schedule, and when to stop."""

    seed: int = setting(0, "random seed of weights, order of batches and dropout", minimum=0)
    optimizer: str = setting("adam", "name of the optimizer", choices=OPTIMIZERS)
    learning_rate: float = setting(0.0, "peak learning rate; 0: the optimizer's own default", minimum=0)
    weight_decay: float = setting(0.0, "L2 penalty as torch.optim defines it for each rule", minimum=0)
    momentum: float = _constant("μ of momentum and nesterov", below=1)
    beta1: float = _constant("β₁ of adam and its kin, adabound among them", below=1)
    beta2: float = _constant("β₂ of the same", below=1)
    eps: float = _constant("ε of all but sgd, momentum and nesterov")
    rho: float = _constant("ρ of adadelta", below=1)
    alpha: float = _constant("α of rmsprop", below=1)
    momentum_decay: float = _constant("ψ of nadam")
    final_lr: float = _constant("α* of adabound, the rate at its end")
    gamma: float = _constant("γ of adabound, how fast its bounds close")
    variant: str = setting(
        "",
        "of adabound: its authors' code, or the paper's rule with 1/√t; empty: code",
        choices=("", *VARIANTS),
    )
    temperature: float = setting(
        1.0,
        "τ of the loss, which divides the logits in training; a checkpoint has it in its weights",
        minimum=0.01,
        maximum=100,
    )
    gradient: str = setting(
        "bptt",
        "with backend numpy: backpropagation through time, or real-time recurrent learning, equal and far slower",
        choices=GRADIENTS,
    )
    schedule: str = setting(
        "cosine", "what the learning rate does after warm-up", choices=("constant", "linear", "cosine")
    )
    warmup_steps: int = setting(
        200, "steps over which the learning rate rises, at most a tenth of the run", minimum=0
    )
    final_lr_fraction: float = setting(
        0.02, "learning rate at the end of the decay, as a fraction of the peak", minimum=0, maximum=1
    )
    clip_norm: float = setting(
        1.0, "gradients of a larger norm are scaled to this one; 0: no clipping", minimum=0
    )
    start: str = setting("", "a checkpoint whose weights training begins with; empty: none", read=expand_home)
    batch_size: int = setting(64, "poems in a batch", minimum=1)
    bptt_length: int = setting(
        128, "truncated BPTT: longer poems are read in segments of this many tokens, state carried", minimum=1
    )
    epochs: int = setting(10, "passes over the training poems", minimum=1)
    steps: int = setting(
        0, "train for this many steps, which overrides epochs; 0: let epochs decide", minimum=0
    )
    minutes: float = setting(0.0, "stop after this many minutes of training; 0: no limit", minimum=0)
    validate_every: int = setting(
        0, "validate after every so many steps; 0: at the end of every epoch", minimum=0
    )
    patience: int = setting(3, "stop after this many validations without a lower loss; 0: never", minimum=0)
    target_perplexity: float = setting(
        0.0, "stop at the first validation at which perplexity (per token) is this low; 0: never", minimum=0
    )
    target_on: str = setting(
        "validation",
        "whose perplexity that is: of the validation poems, or in training since the validation before",
        choices=TARGETS,
    )
    ema_decay: float = setting(
        0.0,
        "decay of the exponential moving average of weights that is validated and saved; 0: none",
        minimum=0,
        below=1,
    )
    precision: str = setting(
        "float32",
        "precision of the large matrix products in training; evaluation is always float32",
        choices=PRECISIONS,
    )
    backend: str = setting(
        "torch",
        "what computes gradients and updates: PyTorch, or NumPy by hand",
        choices=BACKENDS,
    )
    device: str = setting("auto", "auto: CUDA if there is one, else the CPU", choices=("auto", "cpu", "cuda"))
    unconditional: float = setting(
        0.5,
        "with model.conditions: share of poems read without any; the others are given some of theirs",
        minimum=0,
        maximum=1,
    )
    processes: int = setting(
        1,
        "processes of this machine that share every batch; torchrun's number counts where it starts them",
        minimum=1,
        maximum=1024,
    )
    keep_epochs: bool = setting(False, "keep the checkpoint of every epoch")

    @property
    def peak_learning_rate(self) -> float:
        """The rate given, or else the optimizer's own."""
        return self.learning_rate or RULES[self.optimizer].lr

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
        changed: dict[str, dict[str, Any]] = {}
        for dotted, value in values.items():
            if dotted in FORMER_KEYS:
                raise ConfigError(f"{dotted} is now called {FORMER_KEYS[dotted]}; write that instead")
            section_name, _, key = dotted.partition(".")
            section = getattr(self, check_name(section_name, key_names(type(self)), "section"))
            check_name(key, key_names(type(section)), f"key in [{section_name}]")
            own = changed.setdefault(section_name, {})
            own[key] = check_value(section, section_name, key, value)
        sections = {name: dataclasses.replace(getattr(self, name), **own) for name, own in changed.items()}
        return dataclasses.replace(self, **sections)


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


def read_saved_settings(sections: Mapping[str, Any], source: str) -> dict[str, Any]:
    """As `flatten`, for what poetgen itself wrote into a file: keys and values under the names they have now."""
    flat = {FORMER_KEYS.get(key, key): value for key, value in flatten(sections, source).items()}
    return {
        key: FORMER_VALUES.get((key, value), value) if isinstance(value, str) else value
        for key, value in flat.items()
    }


def from_dict(sections: Mapping[str, Any], source: str = "config") -> Config:
    """A Config from the plain values of a file that poetgen wrote. Raises ConfigError, naming the key."""
    return Config().replace(read_saved_settings(sections, source))
