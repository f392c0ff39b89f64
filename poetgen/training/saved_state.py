"""What was read back from state.pt is compared with what it must be, before anything is done with it.

A file may say anything: torch's fused optimizers, handed a memory of another shape, write past its end. Everything
here raises ValueError, with the name of what does not fit.
"""

import io
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from poetgen.plain_values import check_count, check_finite

NOT_NEGATIVE = ("step", "exp_avg_sq", "exp_inf", "square_avg", "acc_delta", "sum", "mu_product")


def load_plain(content: bytes) -> Any:
    """What torch.save has written: tensors and plain values. Nothing in it can execute, or grow beyond its size.

    Raises ValueError, or whatever torch.load raises for a damaged file.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > len(content):
            raise ValueError("it is compressed, as no state is")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a pickle is of another protocol, before it is refused
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def check_tensor(name: str, saved: object, own: Tensor) -> Tensor:
    """A copy of `saved` on the CPU, which must be plain, finite, and of the kind and shape that `own` has."""
    if type(saved) is not Tensor or saved.layout != torch.strided or saved.device.type != "cpu":
        raise ValueError(f"{name} is not a plain tensor")
    if saved.dtype != own.dtype:
        raise ValueError(f"{name} must be of {own.dtype}, not {saved.dtype}")
    if saved.shape != own.shape:
        raise ValueError(f"{name} must be of shape {tuple(own.shape)}, not {tuple(saved.shape)}")
    if own.dtype.is_floating_point and not saved.isfinite().all():
        raise ValueError(f"{name} is not finite")
    return saved.detach().contiguous().clone()


def check_tensors(saved: object, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies of all of `saved`, which must have the names of `own`."""
    if not isinstance(saved, Mapping):
        raise ValueError("what must be tensors by name is not")
    check_names("the state", saved, own)
    return {name: check_tensor(name, saved[name], value) for name, value in own.items()}


def check_list(what: str, saved: object, own: Sequence[Tensor]) -> list[Tensor]:
    """Copies of all of `saved`, which must be as many as `own`."""
    if not isinstance(saved, list) or len(saved) != len(own):
        raise ValueError(f"{what} must be {len(own)} tensors")
    return [check_tensor(f"{what} {k}", *pair) for k, pair in enumerate(zip(saved, own, strict=True))]


def check_random_states(saved: object) -> dict[str, Tensor]:
    """Torch's random state on the CPU, and on CUDA where there was one and is one."""
    if not isinstance(saved, Mapping):
        raise ValueError("the random state is missing")
    own = {"cpu": torch.get_rng_state()}
    if "cuda" in saved and torch.cuda.is_available():
        own["cuda"] = torch.cuda.get_rng_state()
    return {name: check_tensor("the random state", saved.get(name), value) for name, value in own.items()}


def check_names(what: str, saved: Iterable[Any], own: Iterable[Any]) -> None:
    """The names must be the same, in whatever order."""
    if unlike := set(own) ^ set(saved):
        name = min(map(repr, unlike))
        raise ValueError(f"{name:.60} is {'missing from' if name in map(repr, own) else 'unknown to'} {what}")


def check_memory(saved: object, optimizer: Optimizer, *, has_stepped: bool) -> dict[str, Any]:
    """The memory of an optimizer as `load_state_dict` takes it, with the settings that `optimizer` has itself.

    What its rule remembers is found by one step of the same rule on a single number.
    """
    if not isinstance(saved, Mapping) or not isinstance(saved.get("state"), Mapping):
        raise ValueError("the optimizer's memory is missing")
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    kinds = find_memory(optimizer)
    checked = {}
    for k, memory in saved["state"].items():
        if type(k) is not int or not 0 <= k < len(parameters) or not isinstance(memory, Mapping):
            raise ValueError(f"the optimizer remembers an unknown parameter, {k!r:.60}")
        check_names("the optimizer's memory", memory, kinds)
        checked[k] = {name: check_slot(name, memory[name], own, parameters[k]) for name, own in kinds.items()}
    learning = {k for k, parameter in enumerate(parameters) if parameter.requires_grad}
    if kinds and (checked or has_stepped) and set(checked) != learning:
        raise ValueError("the optimizer has forgotten some of the parameters")
    (group,) = optimizer.state_dict()["param_groups"]
    (before,) = saved["param_groups"]
    return {
        "state": checked,
        "param_groups": [{**group, "lr": check_finite("the learning rate", before["lr"], least=0)}],
    }


def find_memory(optimizer: Optimizer) -> dict[str, Any]:
    """What this rule remembers of a parameter of one number after one step."""
    probe = torch.zeros(1, requires_grad=True)
    group = {key: value for key, value in optimizer.param_groups[0].items() if key != "params"}
    twin = type(optimizer)([{**group, "params": [probe]}], **{"lr": group["lr"]})
    probe.grad = torch.zeros(1)
    twin.step()
    return dict(twin.state[probe])


def check_slot(name: str, saved: object, own: object, parameter: Tensor) -> Any:
    """One thing that is remembered: nothing, a count, a tensor of one number, or one of the parameter's shape."""
    if own is None or saved is None:
        if own is not saved:
            raise ValueError(f"{name} must be {'nothing' if own is None else 'a tensor'}")
        return None
    if isinstance(own, Tensor):
        # a tensor of no dimensions counts; the rest has, as the probe's, the shape of its parameter
        like = own if own.dim() == 0 else parameter.detach()
        checked = check_tensor(name, saved, like.cpu())
        if name in NOT_NEGATIVE and bool((checked < 0).any()):
            raise ValueError(f"{name} is negative")
        return checked
    return check_count(name, saved)
