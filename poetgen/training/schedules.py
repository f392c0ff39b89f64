"""The learning rate over time, as a share of its highest."""

import math


def learning_rate_share(
    step: int, *, progress: float, warmup_steps: int, schedule: str, final_lr_fraction: float
) -> float:
    """The share for `step` (0, 1, ...) when `progress` (0 to 1) of the run is done.

    Linear warm-up from 1/warmup_steps to 1, times a decay from 1 to `final_lr_fraction`: constant (none), linear,
    or half a cosine (Loshchilov & Hutter 2017, equation 5, without restarts).
    """
    warmup = min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0
    progress = min(1.0, max(0.0, progress))
    if schedule == "constant":
        return warmup
    falling = 1 - progress if schedule == "linear" else (1 + math.cos(math.pi * progress)) / 2
    return warmup * (final_lr_fraction + (1 - final_lr_fraction) * falling)
