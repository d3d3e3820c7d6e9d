"""Check that the symmetries of a graph are those of the module that it was read from."""

import math

import torch
from torch import Tensor, nn

from scalegmn.graph.groups import NodeGroup
from scalegmn.graph.indices import permutations
from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.graph.recording import temporary_seed, temporary_state
from scalegmn.symmetry import PermScale

# Relative to the largest output, in float64 and in precisions below.
TOLERANCE, COARSE_TOLERANCE = 1e-7, 1e-3
# Positive factors of the sampled element lie between its inverse and this.
SPREAD = 2.0


@torch.no_grad()
def verify_symmetries(module: nn.Module, graph: NetworkGraph, example_input: Tensor) -> None:
    """Compare the module's outputs before and after a symmetry of the graph.

    Parameters are drawn at random, so that zeros and dead units hide nothing, and the element moves
    and rescales all units that it may. Two forward passes in evaluation mode, in float64 where the
    module can; modes, parameters, buffers and random generators are left as they were.

    Args:
        module: without batch normalisation.
        graph: read from it.
        example_input: a batch of inputs, for the shape.

    Raises:
        ValueError: the module's function changes, or cannot be compared.
    """
    generator = torch.Generator().manual_seed(0)
    if any(p.is_meta for p in module.parameters()):
        raise ValueError(
            f"{type(module).__name__}: no graph can be verified on the meta device; "
            "verify=False reads it nevertheless"
        )
    params = _random_parameters(graph, module, generator)
    moved = moving_element(graph, generator).on_parameters(params)
    before, after = _outputs(module, (params, moved), example_input)
    tolerance = TOLERANCE if before.dtype == torch.float64 else COARSE_TOLERANCE
    size = before.double().abs().max().item()
    error = (after.double() - before.double()).abs().max().item()
    if not math.isfinite(size + error):
        raise ValueError(
            f"{type(module).__name__}: its output is not finite on random parameters, so the "
            "graph cannot be verified; verify=False reads it nevertheless"
        )
    if error <= tolerance * size:
        return
    rounding = _rounding(module, params, before, example_input)
    if rounding > size / 100:
        raise ValueError(
            f"{type(module).__name__}: rounding alone changes its output by {rounding / size:.2g} "
            "of its size, so the graph cannot be verified; verify=False reads it nevertheless"
        )
    if error > rounding:
        raise ValueError(
            f"{type(module).__name__}: permuting and rescaling hidden units changes its output by "
            f"{error / size:.2g} of its size, so its graph would be wrong: something in its "
            "forward or hooks mixes channels or treats them differently"
        )


def _rounding(
    module: nn.Module, params: dict[str, Tensor], before: Tensor, example_input: Tensor
) -> float:
    """A bound on the change of the output by rounding, which deep networks of sines amplify."""
    step = 1e-14 if before.dtype == torch.float64 else 5e-6
    near = {name: p * (1 + step * p.sign()) for name, p in params.items()}
    after = _outputs(module, (near,), example_input)[0]
    return (after.double() - before.double()).abs().max().item()


@torch.no_grad()
def verify_folding(module: nn.Module, folded: nn.Module, example_input: Tensor) -> None:
    """Compare a module with its copy without batch normalisation.

    Raises:
        ValueError: they compute different functions.
    """
    before = _outputs(module, (dict(module.named_parameters()),), example_input)[0]
    after = _outputs(folded, (dict(folded.named_parameters()),), example_input)[0]
    # The folded weights are rounded to their own precision.
    size = before.abs().max().item()
    if not torch.allclose(after, before, rtol=0.0, atol=COARSE_TOLERANCE * size):
        raise ValueError(
            f"{type(module).__name__}: folding its batch normalisation changes its output; a "
            "normalisation may follow a linear layer on an axis that is not the layer's output"
        )


def moving_element(graph: NetworkGraph, generator: torch.Generator) -> PermScale:
    """A symmetry that leaves no unit at its place or scale if its group allows another."""

    def one_cycle(size: int) -> Tensor:
        # Through all units, in random order.
        order = torch.randperm(size, generator=generator)
        return torch.arange(size).scatter(0, order, order.roll(1))

    orders = permutations(graph.groups, one_cycle)
    perms = [order + nodes.start for order, nodes in zip(orders, graph.node_slices, strict=True)]
    scales = [_factors(group, generator) for group in graph.groups]
    return PermScale(graph, torch.cat(perms), torch.cat(scales))


def _factors(group: NodeGroup, generator: torch.Generator) -> Tensor:
    factors = torch.ones(group.size, dtype=torch.float64)
    if group.freedom.positive:
        log = 2 * torch.rand(group.size, generator=generator, dtype=torch.float64) - 1
        factors = factors * SPREAD**log
    if group.freedom.sign:
        signs = 2 * torch.randint(2, (group.size,), generator=generator) - 1
        signs[0] = -1
        factors = factors * signs
    return factors


def _random_parameters(
    graph: NetworkGraph, module: nn.Module, generator: torch.Generator
) -> dict[str, Tensor]:
    """Normal parameters, each tensor as large as the module's own within limits."""
    usual = {b.weight: math.sqrt(2 / (b.n_in * b.edge_dim)) for b in graph.blocks}
    params = {}
    for name, value in module.named_parameters():
        # Larger ones than He's saturate softmax; SIRENs are chaotic unless theirs are smaller.
        most = usual.get(name, 0.5)
        size = value.double().square().mean().sqrt().item()
        size = min(max(size, most / 100), most) if 0 < size < math.inf else most
        params[name] = size * torch.randn(value.shape, generator=generator).double()
    return params


def _outputs(
    module: nn.Module, parameters: tuple[dict[str, Tensor], ...], example_input: Tensor
) -> list[Tensor]:
    own = next(module.parameters())
    try:
        if own.device.type == "mps":  # has no float64
            raise RuntimeError("no float64")
        return _run(module, parameters, example_input, torch.float64)
    except RuntimeError:
        # Modules that cast to a type of their own run in their parameters' type only.
        return _run(module, parameters, example_input, own.dtype)


def _run(
    module: nn.Module,
    parameters: tuple[dict[str, Tensor], ...],
    example_input: Tensor,
    dtype: torch.dtype,
) -> list[Tensor]:
    outputs = []
    device = next(module.parameters()).device
    for params in parameters:
        state = {name: x.to(device, dtype) for name, x in params.items()}
        for name, buffer in module.named_buffers():
            state[name] = buffer.to(dtype) if buffer.is_floating_point() else buffer.clone()
        with temporary_state(module, state), temporary_seed(example_input):
            outputs.append(module(_random_input(example_input, dtype)))
    return outputs


def _random_input(example: Tensor, dtype: torch.dtype) -> Tensor:
    if example.is_floating_point():
        return torch.randn(example.shape, dtype=dtype, device=example.device)
    return torch.randint_like(example, 2 if example.dtype == torch.bool else 100)
