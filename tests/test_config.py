"""Settings: defaults, files, --set and flags, and everything that cannot be a setting."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poetgen.classify.settings import ClassifierConfig
from poetgen.config import FORMER_KEYS, Config, flatten, from_dict
from poetgen.config_files import config_names, load_config, parse_settings, read_config_file
from poetgen.errors import ConfigError
from poetgen.files import shipped_folder

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SETTINGS = [
    (f"{section.name}.{key.name}", key)
    for section in dataclasses.fields(Config)
    for key in dataclasses.fields(section.default)
]
NUMBERS = [(dotted, key) for dotted, key in SETTINGS if key.type in (int, float)]


def get(config: Config, dotted: str) -> Any:
    section, _, key = dotted.partition(".")
    return getattr(getattr(config, section), key)


# ---- what is shipped ----


def test_default_toml_is_the_defaults() -> None:
    text = (shipped_folder("configs") / "default.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text) == Config().to_dict()


@pytest.mark.parametrize("name", config_names())
def test_every_shipped_config_loads(name: str) -> None:
    assert from_dict(load_config(name).to_dict()) == load_config(name)


def test_the_names_are_those_of_the_files() -> None:
    assert {"default", "tang"} <= set(config_names())


@pytest.mark.parametrize(("dotted", "key"), SETTINGS, ids=[dotted for dotted, _ in SETTINGS])
def test_every_default_obeys_its_own_limits_and_has_a_meaning(dotted: str, key: Any) -> None:
    assert get(Config().replace({dotted: key.default}), dotted) == key.default
    assert type(key.default) is key.type
    assert key.metadata["meaning"]


# ---- the order: defaults, file, --set, flags ----


def test_the_last_one_given_wins(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[model]\nhidden_size = 1\nembedding_size = 1\nnum_layers = 3\n", encoding="utf-8")
    settings = ["model.hidden_size=2", "model.embedding_size=2"]
    config = load_config(str(file), settings=settings, flags={"model.hidden_size": 4, "training.seed": None})
    assert (config.model.num_layers, config.model.embedding_size, config.model.hidden_size) == (3, 2, 4)
    assert config.training == Config().training


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("training.optimizer=adamw", "adamw"),
        ('training.optimizer = "adamw"', "adamw"),
        ("corpus.split=8:1:1", "8:1:1"),
        ("model.tied=false", False),
        ("training.learning_rate=3e-3", 0.003),
        ("training.learning_rate=1", 1.0),
        ("training.seed=7", 7),
    ],
)
def test_a_setting_is_toml_or_a_bare_word(setting: str, value: object) -> None:
    found = get(load_config(settings=[setting]), setting.partition("=")[0].strip())
    assert (found, type(found)) == (value, type(value))


# ---- older files ----


def test_a_file_of_an_older_version_is_read_by_todays_names() -> None:
    older = {
        "model": {"implementation": "bptt", "vectors": "v.txt", "hidden_size": 8},
        "training": {"final_rate": 0.5, "average": 0.9, "stop_at": 70.0, "segment_length": 9},
    }
    config = from_dict(older, "best.safetensors")
    assert (config.model.backward, config.model.pretrained_embeddings) == ("handwritten", "v.txt")
    training = config.training
    found = (training.final_lr_fraction, training.ema_decay, training.target_perplexity, training.bptt_length)
    assert found == (0.5, 0.9, 70.0, 9)
    assert from_dict({"model": {"implementation": "autograd"}}).model.backward == "autograd"


def test_every_former_key_has_a_key_of_today_and_is_none() -> None:
    keys = flatten(ClassifierConfig().to_dict(), "config")
    assert set(FORMER_KEYS.values()) <= keys.keys()
    assert not FORMER_KEYS.keys() & keys.keys()


# ---- what is refused ----

REFUSED = [
    ({"model.hiden_size": 3}, "unknown key in \\[model\\]: 'hiden_size'; did you mean hidden_size"),
    ({"modle.hidden_size": 3}, "unknown section: 'modle'; did you mean model"),
    ({"zzz": 3}, "unknown section: 'zzz'; there are: corpus, model, training"),
    ({"model.hidden_size": 3.5}, "model.hidden_size must be of type int, not 3.5"),
    ({"model.hidden_size": True}, "must be of type int, not True"),
    ({"model.hidden_size": 0}, "must be at least 1, not 0"),
    ({"model.hidden_size": 10**9}, "must be at most 65536, not 1000000000"),
    ({"model.hidden_size": 10**5000}, "must be at most 65536, not a number of more than 40 digits"),
    ({"model.tied": 1}, "must be of type bool, not 1"),
    ({"model.dropout": 1.0}, "must be below 1, not 1.0"),
    ({"model.embedding_dropout": -0.1}, "must be at least 0, not -0.1"),
    ({"training.ema_decay": 1}, "must be below 1, not 1.0"),
    ({"training.final_lr_fraction": 1.01}, "must be at most 1, not 1.01"),
    ({"training.optimizer": "adma"}, "cannot be 'adma'; choose one of: sgd"),
    ({"training.optimizer": "x" * 999}, "cannot be 'x{56}\\.\\.\\.; choose"),
    ({"training.final_rate": 0.5}, "training.final_rate is now called training.final_lr_fraction; write"),
    ({"corpus.form": 5}, "must be of type str, not 5"),
]


@pytest.mark.parametrize(("values", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_cannot_be_is_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Config().replace(values)


@pytest.mark.parametrize(("dotted", "key"), NUMBERS, ids=[dotted for dotted, _ in NUMBERS])
@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), float("-inf"), -(10**30), 10**30, None, "3", []]
)
def test_no_number_is_endless_or_no_number(dotted: str, key: Any, value: object) -> None:
    with pytest.raises(ConfigError, match=dotted):
        Config().replace({dotted: value})


@given(st.dictionaries(st.sampled_from([dotted for dotted, _ in SETTINGS]), JSON, max_size=3))
def test_any_value_is_taken_or_refused_in_one_sentence(values: dict[str, object]) -> None:
    try:
        config = Config().replace(values)
    except ConfigError as error:
        assert str(error).isprintable() and len(str(error)) < 300
    else:
        assert from_dict(config.to_dict()) == config


@given(st.lists(st.text(max_size=30), max_size=2))
def test_any_text_after_set_is_taken_or_refused(settings: list[str]) -> None:
    try:
        load_config(settings=settings)
    except ConfigError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("setting", ["model.hidden_size", "", "=", "model.tied=[" + "[" * 5000])
def test_a_setting_without_sense_is_refused(setting: str) -> None:
    with pytest.raises(ConfigError):
        Config().replace(parse_settings([setting]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[model", "not readable TOML"),
        (b"\xff\xfe", "not readable TOML"),
        (b"hidden_size = 3", "'hidden_size' stands outside a section"),
        (b"[model]\nhidden_size = " + b"9" * 5000, "not readable TOML"),
        (b"[model]\nx = " + b"[" * 5000, "not readable TOML"),
        (b"[model.hidden_size]\nx = 1", "model.hidden_size must be of type int"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: bytes, message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(text)
    with pytest.raises(ConfigError, match=message):
        load_config(str(file))


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no config 'tnag'; there are: .*default"):
        read_config_file("tnag")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ConfigError, match=r"cannot read .*folder\.toml"):
        read_config_file(str(tmp_path / "folder.toml"))


@pytest.mark.parametrize("name", ["五言排律", "五言排律六韻", "wupailü6", "5x12"])
def test_a_form_has_one_way_to_be_written(name):
    assert Config().replace({"corpus.form": name}).corpus.form == "五言排律六韻"


def test_an_unknown_form_is_refused_by_its_key():
    with pytest.raises(ConfigError, match=r"corpus.form: unknown form 'sonnet'; choose 五絕"):
        Config().replace({"corpus.form": "sonnet"})
