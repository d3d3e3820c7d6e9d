"""What a pruning run refuses before any work."""

from types import SimpleNamespace

import pytest

from pipelines.prune import Prune


def named(name):
    return SimpleNamespace(name=name)


@pytest.mark.parametrize("compare", [{}, {"dense": named("dense")}])
def test_the_dense_network_is_not_pruned(compare):
    method = named("magnitude" if compare else "dense")
    with pytest.raises(ValueError, match="pruner=dense prunes nothing: sparsity=0"):
        Prune(method, compare=compare, sparsities=[0, 0.5])
    Prune(method, compare=compare, sparsities=0)
