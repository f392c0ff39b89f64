"""Eleven update rules in NumPy, each in its paper's symbols, each the rule torch.optim has under that name.

θ is a parameter, g the gradient of the loss by it, t = 1, 2, ... the step, η the learning rate `lr`, λ the
`weight_decay`. A rule says what is taken away, θ ← θ - Δ; squares, roots, quotients and |·| are elementwise.
Options bear torch's names and meanings, and its defaults but for AdamW's `weight_decay`, here 0 as for all.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from poetgen.byhand.optimizer import Array, Optimizer, State, average

# ---- one rate for all coordinates ----


@dataclass(kw_only=True, eq=False)
class SGD(Optimizer):
    """Gradient descent (Robbins & Monro 1951): Δ = η g."""

    def update(self, g: Array, state: State) -> Array:
        return self.lr * g


@dataclass(kw_only=True, eq=False)
class Momentum(Optimizer):
    """Classical momentum (Polyak 1964; Sutskever, Martens, Dahl & Hinton 2013, equations 1 and 2).

    As in torch the rate stays outside the state: b ← μ b + g, Δ = η b. The paper's v ← μ v - η g, θ ← θ + v is
    the same as long as η is. `dampening` d gives b ← μ b + (1 - d) g, after a first step of b = g.
    """

    slots = ("b",)
    momentum: float = 0.9
    dampening: float = 0.0

    def update(self, g: Array, state: State) -> Array:
        b, mu, t = state["b"], self.momentum, self.steps
        b *= mu
        b += g if t == 1 else (1 - self.dampening) * g
        return self.lr * b


@dataclass(kw_only=True, eq=False)
class Nesterov(Optimizer):
    """Nesterov's accelerated gradient (1983; Sutskever et al. 2013, equations 3 and 4).

    The paper takes the gradient at θ + μ v, where momentum is about to carry θ. As in torch, θ stands for that
    point itself (Bengio, Boulanger-Lewandowski & Pascanu 2013): b ← μ b + g, Δ = η (g + μ b).
    """

    slots = ("b",)
    momentum: float = 0.9

    def update(self, g: Array, state: State) -> Array:
        b, mu = state["b"], self.momentum
        b *= mu
        b += g
        return self.lr * (g + mu * b)


# ---- a rate for each coordinate ----


@dataclass(kw_only=True, eq=False)
class Adagrad(Optimizer):
    """Duchi, Hazan & Singer 2011, figure 1, diagonal matrices: G ← G + g², Δ = η g / (√G + ε).

    ε outside the root, as in torch, whose `lr_decay` δ lowers the rate besides: η / (1 + (t - 1) δ).
    """

    slots = ("G",)
    lr: float = 1e-2
    lr_decay: float = 0.0
    eps: float = 1e-10

    def update(self, g: Array, state: State) -> Array:
        G, eta = state["G"], self.lr / (1 + (self.steps - 1) * self.lr_decay)
        G += g * g
        return eta * g / (np.sqrt(G) + self.eps)


@dataclass(kw_only=True, eq=False)
class Adadelta(Optimizer):
    """Zeiler 2012, algorithm 1; ε inside the root, RMS[x] = √(E[x²] + ε), in the paper as in torch:

    E[g²] ← ρ E[g²] + (1 - ρ) g²      Δ = RMS[Δ] / RMS[g] g      E[Δ²] ← ρ E[Δ²] + (1 - ρ) Δ²

    torch takes η Δ away; the paper knows no rate, so η = 1.
    """

    slots = ("E[g²]", "E[Δ²]")
    lr: float = 1.0
    rho: float = 0.9
    eps: float = 1e-6

    def update(self, g: Array, state: State) -> Array:
        Eg2, Edelta2, eps = state["E[g²]"], state["E[Δ²]"], self.eps
        average(Eg2, g * g, self.rho)
        delta = np.sqrt((Edelta2 + eps) / (Eg2 + eps)) * g
        average(Edelta2, delta * delta, self.rho)
        return np.asarray(self.lr * delta)


@dataclass(kw_only=True, eq=False)
class RMSProp(Optimizer):
    """Tieleman & Hinton 2012 (lecture 6e of a course on Coursera): v ← α v + (1 - α) g², Δ = η g / (√v + ε).

    ε outside the root, as in torch; neither centred nor with momentum.
    """

    slots = ("v",)
    lr: float = 1e-2
    alpha: float = 0.99
    eps: float = 1e-8

    def update(self, g: Array, state: State) -> Array:
        v = state["v"]
        average(v, g * g, self.alpha)
        return self.lr * g / (np.sqrt(v) + self.eps)


# ---- both: an average of gradients, and a rate for each coordinate ----


@dataclass(kw_only=True, eq=False)
class Adam(Optimizer):
    """Kingma & Ba 2015, algorithm 1; ε outside the root and after the bias correction, as in torch:

    m ← β₁ m + (1 - β₁) g      v ← β₂ v + (1 - β₂) g²
    m̂ = m / (1 - β₁ᵗ)          v̂ = v / (1 - β₂ᵗ)          Δ = η m̂ / (√v̂ + ε)
    """

    slots = ("m", "v")
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def update(self, g: Array, state: State) -> Array:
        m, v, (beta1, beta2), t = state["m"], state["v"], self.betas, self.steps
        average(m, g, beta1)
        average(v, g * g, beta2)
        root_v_hat = np.sqrt(v / (1 - beta2**t))
        return self.lr / (1 - beta1**t) * m / (root_v_hat + self.eps)


@dataclass(kw_only=True, eq=False)
class AdamW(Adam):
    """Loshchilov & Hutter 2019, algorithm 2: Adam with decay decoupled from the gradient, θ ← (1 - η λ) θ - Δ.

    As in torch η is the whole rate; in the paper the decay is scaled by the schedule's share of it alone.
    """

    def decay_weights(self, g: Array, theta: Array) -> Array:
        """The gradient as it is: the weights shrink by themselves."""
        theta *= 1 - self.lr * self.weight_decay
        return g


@dataclass(kw_only=True, eq=False)
class Adamax(Optimizer):
    """Kingma & Ba 2015, algorithm 2: m ← β₁ m + (1 - β₁) g, u ← max(β₂ u, |g| + ε), Δ = η / (1 - β₁ᵗ) m / u.

    The ε is torch's; the paper has none.
    """

    slots = ("m", "u")
    lr: float = 2e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def update(self, g: Array, state: State) -> Array:
        m, u, (beta1, beta2), t = state["m"], state["u"], self.betas, self.steps
        average(m, g, beta1)
        np.maximum(beta2 * u, np.abs(g) + self.eps, out=u)
        return self.lr / (1 - beta1**t) * m / u


@dataclass(kw_only=True, eq=False)
class Nadam(Adam):
    """Dozat 2016, Nesterov's momentum in Adam (algorithm 8 of the report of 2015), as in torch:

    μₜ = β₁ (1 - ½ 0.96^(t ψ)), ψ the `momentum_decay`      v̂ = v / (1 - β₂ᵗ), m and v as in Adam
    m̂ = μₜ₊₁ m / (1 - μ₁ ⋯ μₜ₊₁) + (1 - μₜ) g / (1 - μ₁ ⋯ μₜ)      Δ = η m̂ / (√v̂ + ε)

    The paper lets m itself decay by μₜ, where torch takes β₁.
    """

    lr: float = 2e-3
    momentum_decay: float = 4e-3

    def init_state(self, theta: Array) -> State:
        """Adam's, and the product μ₁ ⋯ μₜ: ()."""
        return {**super().init_state(theta), "∏μ": np.ones(())}

    def update(self, g: Array, state: State) -> Array:
        m, v, (beta1, beta2), t = state["m"], state["v"], self.betas, self.steps
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (s * self.momentum_decay)) for s in (t, t + 1))
        state["∏μ"] *= mu
        product = float(state["∏μ"])
        average(m, g, beta1)
        average(v, g * g, beta2)
        m_hat = mu_next / (1 - product * mu_next) * m + (1 - mu) / (1 - product) * g
        return np.asarray(self.lr * m_hat / (np.sqrt(v / (1 - beta2**t)) + self.eps))


@dataclass(kw_only=True, eq=False)
class AdaBound(Adam):
    """Luo, Xiong, Liu & Sun 2019: Adam whose rates are held between two bounds that meet at `final_lr`, as SGD's.

    m and v as in Adam, without bias correction; α* the `final_lr`, γ how fast the bounds close:

    ηₗ = α* (1 - 1 / (γ t + 1))      ηᵤ = α* (1 + 1 / (γ t))      Δ = ηₜ m

    `variant` says whose rule it is, for the paper and the authors' published code differ:
    - "paper", algorithm 2: ηₜ = clip(η / √v, ηₗ, ηᵤ) / √t, with α* = 0.1 and γ = 1 - β₂ (`gamma` is not read);
    - "code": ηₜ = clip(η √(1 - β₂ᵗ) / (1 - β₁ᵗ) / √v, ηₗ, ηᵤ): the bias correction of Adam, no 1 / √t, a `gamma`
      of its own, and bounds that follow the rate: α* is times `lr` over the `lr` the optimizer was made with.
    Both have √v + ε for √v, as the code; the paper has no ε.
    """

    final_lr: float = 0.1
    gamma: float = 1e-3
    variant: str = "code"
    first_lr: float = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.first_lr = self.lr
        if self.variant not in ("code", "paper"):
            raise ValueError(f"variant must be code or paper, not {self.variant}")
        if self.variant == "code" and not (self.lr > 0 and self.gamma > 0):
            raise ValueError(f"lr and gamma must be above 0, not {self.lr} and {self.gamma}")

    def update(self, g: Array, state: State) -> Array:
        m, v, (beta1, beta2), t = state["m"], state["v"], self.betas, self.steps
        average(m, g, beta1)
        average(v, g * g, beta2)
        if self.variant == "paper":
            eta, final, gamma, slower = self.lr, self.final_lr, 1 - beta2, math.sqrt(t)
        else:
            eta, slower = self.lr * math.sqrt(1 - beta2**t) / (1 - beta1**t), 1.0
            final, gamma = self.final_lr * self.lr / self.first_lr, self.gamma
        lower, upper = final * (1 - 1 / (gamma * t + 1)), final * (1 + 1 / (gamma * t))
        with np.errstate(divide="ignore"):  # what ε = 0 lets be infinite is held by the upper bound
            eta_t = np.clip(eta / (np.sqrt(v) + self.eps), lower, upper) / slower
        return np.asarray(eta_t * m)
