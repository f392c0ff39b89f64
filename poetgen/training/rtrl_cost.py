"""What training by real-time recurrent learning costs, computed before it begins."""

from poetgen.byhand.rtrl import Cost, costs
from poetgen.config import Config
from poetgen.errors import ConfigError
from poetgen.training.learner import COPIES, physical_memory


def rtrl_cost(config: Config, steps: int) -> tuple[Cost, Cost]:
    """(Of backpropagation, of real-time recurrent learning) in the layers, for a batch of so many steps.

    Layers come one after the other, so of what is kept the largest counts.
    """
    model, batch = config.model, config.training.batch_size
    sizes = [model.embedding_size, *[model.hidden_size] * (model.num_layers - 1)]
    back, forwards = zip(*(costs(steps, batch, size, model.hidden_size) for size in sizes), strict=True)
    return sum_costs(back), sum_costs(forwards)


def sum_costs(layers: tuple[Cost, ...]) -> Cost:
    """All multiplications, the most numbers."""
    return Cost(sum(one.multiplications for one in layers), max(one.numbers for one in layers))


def check_rtrl(config: Config) -> None:
    """Raises ConfigError where real-time recurrent learning cannot be had."""
    if config.model.cell != "lstm":
        raise ConfigError(
            f"training.gradient is 'rtrl', which is the LSTM's; omit --cell {config.model.cell}"
        )
    needed, there = 4 * COPIES * rtrl_cost(config, 1)[1].numbers, physical_memory()
    if needed > there:
        raise ConfigError(
            f"training.gradient is 'rtrl', which would carry {needed / 2**30:,.0f} GiB along, and this machine "
            f"has {there / 2**30:,.0f}; choose smaller sizes, such as --hidden-size 16 --batch-size 8"
        )


def describe_rtrl(config: Config, steps: int) -> str:
    """The cost for poems of so many steps, in a line."""
    back, forwards = rtrl_cost(config, steps)
    times = forwards.multiplications / back.multiplications
    return (
        f"real-time recurrent learning: {times:,.0f} times the multiplications of backpropagation in the layers "
        f"({forwards.multiplications:.2g} for a batch of {steps} steps), and {4 * forwards.numbers / 2**20:,.1f} "
        f"MiB carried along instead of {4 * back.numbers / 2**20:,.1f} kept"
    )
