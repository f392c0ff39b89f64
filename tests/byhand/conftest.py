"""What the proofs share: sizes drawn by hypothesis, and the judgement of every way a derivative can be checked."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import strategies as st

from poetgen.experiments.cases import Case, Sizes
from poetgen.experiments.gradcheck import judge

# one step, one poem and one unit among them
st.register_type_strategy(
    Sizes,
    st.builds(
        Sizes,
        hidden_size=st.integers(1, 5),
        input_size=st.integers(1, 4),
        steps=st.integers(1, 5),
        batch=st.integers(1, 4),
        scale=st.floats(0.01, 1),  # a tanh RNN of larger weights bends too much for differences of 1e-7
        seed=st.integers(0, 10**6),
    ),
)


@pytest.fixture(scope="session")
def proven() -> Callable[[Iterable[Case]], int]:
    """`proven(cases)`: every case agrees with differences (1e-7), autograd (1e-12) and RTRL (1e-10)."""

    def judge_all(cases: Iterable[Case]) -> int:
        rows = [judge(case, 10**6, np.random.default_rng(0)) for case in cases]
        assert all(row.checked == row.coordinates for row in rows)
        assert not [row for row in rows if not row.passed]
        return len(rows)

    return judge_all
