"""The extras of this package: what to type when one is missing, wherever poetgen came from."""

import shlex
from importlib import metadata


def install_command(extra: str) -> str:
    """A pip command that installs what the extra consists of, as the installed package says.

    It names the packages themselves, because `poetgen[extra]` means this package only where an index has it.
    """
    marker = f"extra == '{extra}'"
    try:
        required = metadata.requires("poetgen") or []
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        required = []
    wanted = [line.partition(";")[0].strip() for line in required if line.replace('"', "'").endswith(marker)]
    return f"pip install {shlex.join(wanted or [f'poetgen[{extra}]'])}"
