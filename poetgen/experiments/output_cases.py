"""The derivatives around the layers: softmax, output layer, embedding, and the whole language model."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from poetgen.byhand import embedding, language_model, linear, softmax
from poetgen.byhand.linear import LinearParameters
from poetgen.experiments.cases import Array, Case, Sizes, jacobian
from poetgen.model.language_model import LanguageModel

VOCABULARY, TEMPERATURE = 11, 0.7


def output_cases(sizes: Sizes) -> Iterator[Case]:
    """Softmax cross-entropy at a temperature, the output layer, the embedding."""
    rng = np.random.default_rng([sizes.seed, 1])
    rows = sizes.steps * sizes.batch
    logits, targets = rng.normal(size=(rows, VOCABULARY)), rng.integers(VOCABULARY, size=rows)
    yield softmax_case(logits, targets, rng.normal(size=rows))
    yield from linear_cases(sizes, rows, rng)
    table, de = rng.normal(size=(VOCABULARY, sizes.input_size)), rng.normal(size=(rows, sizes.input_size))
    yield embedding_case(table, targets, de)


def softmax_case(logits: Array, targets: Array, dlosses: Array) -> Case:
    """The cross-entropy of each row, weighted."""
    _, kept = softmax.forward(logits, targets, TEMPERATURE)
    labels, d = torch.from_numpy(targets), torch.from_numpy(dlosses)
    return with_autograd(
        f"∂L/∂logits, τ = {TEMPERATURE}",
        softmax.backward(kept, dlosses),
        lambda: float((dlosses * softmax.forward(logits, targets, TEMPERATURE)[0]).sum()),
        logits,
        lambda v: F.cross_entropy(v / TEMPERATURE, labels, reduction="none") @ d,
    )


def linear_cases(sizes: Sizes, rows: int, rng: np.random.Generator) -> Iterator[Case]:
    """The output layer: its weights, its bias and what it reads."""
    weight = sizes.scale * rng.normal(size=(VOCABULARY, sizes.hidden_size))
    params = LinearParameters(weight, rng.normal(size=VOCABULARY))
    x, dy = rng.normal(size=(rows, sizes.hidden_size)), rng.normal(size=(rows, VOCABULARY))
    grads, dx = linear.backward(params, x, dy)
    w, b, inputs, d = map(torch.from_numpy, (*params, x, dy))

    def loss() -> float:
        return float((dy * linear.forward(params, x)[0]).sum())

    yield with_autograd(
        "∂L/∂V", grads.weight, loss, params.weight, lambda v: (F.linear(inputs, v, b) * d).sum()
    )
    yield with_autograd("∂L/∂d", grads.bias, loss, params.bias, lambda v: (F.linear(inputs, w, v) * d).sum())
    yield with_autograd("∂L/∂h", dx, loss, x, lambda v: (F.linear(v, w, b) * d).sum())


def embedding_case(table: Array, targets: Array, de: Array) -> Case:
    """The rows of the embedding."""
    ids, d = torch.from_numpy(targets), torch.from_numpy(de)
    return with_autograd(
        "∂L/∂E",
        embedding.backward(table, targets, de),
        lambda: float((de * embedding.forward(table, targets)[0]).sum()),
        table,
        lambda v: (F.embedding(ids, v) * d).sum(),
    )


def with_autograd(
    name: str, byhand: Array, value: Callable[[], float], variable: Array, f: Callable[[Tensor], Tensor]
) -> Case:
    """A case of the output side, `f` being `value` in torch."""
    return Case("output", name, byhand, value, variable, jacobian(f, variable))


def model_cases(sizes: Sizes) -> Iterator[Case]:
    """The whole language model, two layers, tied and not: every parameter, of the summed loss of real tokens."""
    for tied in (True, False):
        torch.manual_seed(sizes.seed)
        model = LanguageModel(
            VOCABULARY, sizes.input_size, sizes.hidden_size, num_layers=2, tied=tied
        ).double()
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=sizes.scale)
        rng = np.random.default_rng([sizes.seed, 2])
        ids, targets = rng.integers(VOCABULARY, size=(2, sizes.steps, sizes.batch))
        lengths = rng.integers(1, sizes.steps + 1, sizes.batch)
        weights = {name: value.detach().numpy() for name, value in model.named_parameters()}
        yield from parameter_cases(model, weights, ids, targets, lengths)


def parameter_cases(
    model: LanguageModel, weights: Mapping[str, Array], ids: Array, targets: Array, lengths: Array
) -> Iterator[Case]:
    """Every parameter of one language model; `weights` are the model's own memory."""
    params = language_model.read_parameters(weights, np.float64)
    state = language_model.init_state(params, ids.shape[1])

    def loss() -> float:
        found, _ = language_model.losses(params, ids, targets, lengths=lengths, state=state)
        return float(found.sum())

    _, grads, _ = language_model.gradients(params, ids, targets, lengths=lengths, state=state)
    byhand = language_model.named_parameters(grads)
    real = torch.arange(len(ids))[:, None] < torch.from_numpy(lengths)
    logits, _ = model(torch.from_numpy(ids))
    total = F.cross_entropy(logits[real], torch.from_numpy(targets)[real], reduction="sum")
    found = torch.autograd.grad(total, list(model.parameters()))
    for (name, variable), theirs in zip(weights.items(), found, strict=True):
        kind = "tied" if model.tied else "untied"
        yield Case(f"{kind} model", f"∂L/∂{name}", byhand[name], loss, variable, theirs.numpy())
