"""Several processes that train one model: the ranks of torch.distributed, and what they do together.

Every rank holds the whole model and takes its share of the poems of each batch. Gradients, of a loss divided by
the tokens of the whole batch, are summed over the ranks: all make the step that one process would make, whatever
poems each had. Rank 0 alone writes, and decides what depends on the clock or on the user. With one process all of
this does nothing.
"""

import datetime
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from poetgen.config import TrainingConfig
from poetgen.corpus.batches import Batch
from poetgen.errors import ConfigError, TrainingError

PATIENCE = datetime.timedelta(minutes=10)  # how long a rank waits for the others before it gives them up
HERE = "127.0.0.1"

children: list["subprocess.Popen[bytes]"] = []


class RankLost(TrainingError):
    """Another process of this training has ended."""


def rank() -> int:
    """This process's number, 0 for the first, or the only one."""
    return dist.get_rank() if _is_joined() else 0


def world_size() -> int:
    """How many processes train together."""
    return dist.get_world_size() if _is_joined() else 1


def _is_joined() -> bool:
    return dist.is_available() and dist.is_initialized()


# ---- beginning and end ----


def torchrun_rank() -> tuple[int, int] | None:
    """Rank and number of processes where torchrun has started this one, else None."""
    if {"RANK", "WORLD_SIZE"} <= os.environ.keys():
        return int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    return None


@contextmanager
def open_group(settings: TrainingConfig, job: dict[str, Any] | None) -> Iterator[None]:
    """Within, the ranks are joined: those that torchrun started, or `training.processes` of this machine.

    The first process starts the others, each of which runs poetgen.training.worker with `job`. Raises
    ConfigError for what several processes cannot do, TrainingError when they do not find each other.
    """
    torchrun = torchrun_rank()
    size = torchrun[1] if torchrun else settings.processes
    if _is_joined() or size == 1:
        yield
        return
    _check(settings, size)
    if torchrun:
        _use_gpu(settings, int(os.environ.get("LOCAL_RANK", "0")))
        dist.init_process_group(_backends(settings), timeout=PATIENCE)
    else:
        _use_gpu(settings, 0)
        _start_others(settings, size, job or {})
    try:
        yield
        wait_for_all()
    finally:
        _leave_group()


def _check(settings: TrainingConfig, size: int) -> None:
    if settings.backend == "numpy":
        raise ConfigError("training.backend is 'numpy', which trains in one process; omit --processes")
    if not dist.is_available():
        raise ConfigError("this PyTorch was built without torch.distributed; omit --processes")
    if _on_gpu(settings) and not torchrun_rank() and size > torch.cuda.device_count():
        raise ConfigError(
            f"{size} processes need as many GPUs, and torch finds {torch.cuda.device_count()}; "
            "lower --processes, or use --device cpu"
        )


def _on_gpu(settings: TrainingConfig) -> bool:
    return settings.device != "cpu" and torch.cuda.is_available()


def _use_gpu(settings: TrainingConfig, number: int) -> None:
    if _on_gpu(settings):
        torch.cuda.set_device(number)


def _backends(settings: TrainingConfig) -> str:
    return "cpu:gloo,cuda:nccl" if _on_gpu(settings) else "gloo"


def _start_others(settings: TrainingConfig, size: int, job: dict[str, Any]) -> None:
    """Start ranks 1, 2, ... on this machine, which has its processors dealt out among all."""
    store = TCPStore(HERE, 0, size, is_master=True, wait_for_workers=False, timeout=PATIENCE)
    threads = str(max(1, _processors() // size))
    os.environ.setdefault("GLOO_SOCKET_IFNAME", _loopback())
    environment = {"OMP_NUM_THREADS": threads, **os.environ}
    torch.set_num_threads(int(environment["OMP_NUM_THREADS"].split(",")[0]))
    for number in range(1, size):
        place = json.dumps({**job, "rank": number, "size": size, "port": store.port})
        command = [sys.executable, "-m", "poetgen.training.worker", place]
        # a session of their own: Ctrl-C at the terminal is the first process's to hear
        children.append(
            subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        )
    try:
        while store.add("ready", 0) < size - 1:
            if any(child.poll() is not None for child in children):
                raise RankLost(f"{_describe_lost()} before the training began")
            time.sleep(0.02)
        dist.init_process_group(_backends(settings), store=store, rank=0, world_size=size, timeout=PATIENCE)
    except BaseException:
        _leave_group()
        raise


def join_group(job: dict[str, Any], settings: TrainingConfig) -> None:
    """Join, as rank 1, 2, ..., the process that started this one with `job`."""
    store = TCPStore(HERE, job["port"], job["size"], is_master=False, timeout=PATIENCE)
    store.add("ready", 1)
    _use_gpu(settings, job["rank"])
    dist.init_process_group(
        _backends(settings), store=store, rank=job["rank"], world_size=job["size"], timeout=PATIENCE
    )


def wait_for_all() -> None:
    """Nobody leaves while another still waits: gloo would abort. Raises RankLost."""
    _call(dist.barrier)


def _leave_group() -> None:
    """Leave the group; whoever is started from here and still runs is ended."""
    if _is_joined():
        dist.destroy_process_group()
    for child in children:
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    children.clear()


def _loopback() -> str:
    """The interface by which processes of one machine meet, whatever address its name leads to."""
    return next((name for _, name in socket.if_nameindex() if name in ("lo", "lo0")), "")


def _processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _describe_lost() -> str:
    for child in children:
        if (code := child.poll()) is not None:
            how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
            return f"one of the {len(children) + 1} processes was ended {how}"
    return "another process of this training was ended"


# ---- what is done together ----


def _call(collective: Any, *arguments: Any, **options: Any) -> None:
    """Raises RankLost when another process does not answer."""
    try:
        collective(*arguments, **options)
    except RuntimeError as error:  # what gloo and nccl raise
        time.sleep(0.2)  # the system takes a moment to say who it was
        raise RankLost(_describe_lost()) from error


def broadcast(*numbers: float) -> tuple[float, ...]:
    """The numbers of rank 0."""
    if world_size() == 1:
        return numbers
    values = torch.tensor(numbers, dtype=torch.float64)
    _call(dist.broadcast, values, src=0)
    return tuple(values.tolist())


def sum_over_ranks(*numbers: float) -> tuple[float, ...]:
    """Each number summed over all ranks, in float64."""
    if world_size() == 1:
        return numbers
    values = torch.tensor(numbers, dtype=torch.float64)
    _call(dist.all_reduce, values)
    return tuple(values.tolist())


def shard_batch(batch: Batch) -> Batch | None:
    """This rank's share of a batch, every rank-th poem; None where it has no more poems than ranks before this."""
    if world_size() == 1:
        return batch
    poems = slice(rank(), None, world_size())
    lengths = batch.lengths[poems]
    if not len(lengths):
        return None
    steps = int(lengths.max())
    prefix = None if batch.prefix is None else batch.prefix[poems]
    return Batch(batch.inputs[:steps, poems], batch.targets[:steps, poems], lengths, prefix)


def shard_batches(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Every rank-th of the batches, none twice."""
    for number, batch in enumerate(batches):
        if number % world_size() == rank():
            yield batch


def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Each gradient becomes the sum of all ranks'; whoever has none adds nothing."""
    if world_size() == 1:
        return
    learned = [parameter for parameter in parameters if parameter.requires_grad]
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in learned]
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    _call(dist.all_reduce, flat)
    for parameter, summed in zip(learned, torch.split(flat, [p.numel() for p in learned]), strict=True):
        parameter.grad = summed.view_as(parameter)


def seed_rank(seed: int, step: int = 0) -> None:
    """Let each rank but the first draw its dropout from a stream of its own."""
    if rank():
        [own] = np.random.SeedSequence([seed, rank(), step]).generate_state(1)
        torch.manual_seed(int(own))


def gather(states: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """The random states of all ranks, by rank."""
    if world_size() == 1:
        return [states]
    every: dict[str, list[Tensor]] = {}
    for name, state in states.items():
        every[name] = [torch.empty_like(state) for _ in range(world_size())]
        _call(dist.all_gather, every[name], state)
    return [{name: found[number] for name, found in every.items()} for number in range(world_size())]


def describe_change(before: int) -> Sequence[str]:
    """What to say when a run that `before` processes trained goes on with another number."""
    if before == world_size():
        return []
    counts = [f"{number} process{'' if number == 1 else 'es'}" for number in (before, world_size())]
    return [f"trained by {counts[0]} so far, now by {counts[1]}: the same batches, but other dropout"]
