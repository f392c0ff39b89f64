"""Settings as people give them: a config by name or as a TOML file, and --set pairs."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from poetgen.config import Config, flatten
from poetgen.errors import ConfigError
from poetgen.files import check_file, expand_home, shipped_folder


def config_names() -> list[str]:
    """The names `--config` accepts: the shipped files, reports as `reports/NAME`."""
    root = shipped_folder("configs")
    return sorted(path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.toml"))


def read_config_file(name: str) -> dict[str, Any]:
    """A run's settings in a shipped config or a TOML file: all but [compare]. Raises ConfigError."""
    return {key: value for key, value in read_sections(name).items() if not key.startswith("compare.")}


def read_sections(name: str) -> dict[str, Any]:
    """All that a config holds, as `section.key`, unchecked. Raises ConfigError."""
    path = Path(expand_home(name)) if name.endswith(".toml") else shipped_folder("configs") / f"{name}.toml"
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
