"""Fold batch normalisation into the weights before it."""

from copy import deepcopy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from scalegmn.graph.fx import traced

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def has_batch_norm(module: nn.Module) -> bool:
    """Whether any layer of the module is a batch normalisation."""
    return any(isinstance(m, NORMS) for m in module.modules())


def fold_batch_norm(module: nn.Module) -> nn.Module:
    r"""A copy that computes the same in evaluation mode, without batch normalisation.

    .. math::
        W' = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}} W, \qquad
        b' = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}} (b - \mu) + \beta

    The layer before each normalisation keeps its name and gets a bias; the normalisation becomes an
    identity. A module without normalisation is copied as it is.

    Raises:
        ValueError: a normalisation that does not directly follow a convolution or linear layer.
    """
    folded = deepcopy(module).eval()
    layers = dict(folded.named_modules())
    for node in traced(folded).graph.nodes:
        if node.op != "call_module" or not isinstance(layers[node.target], NORMS):
            continue
        before = node.args[0]
        layer = layers[before.target] if before.op == "call_module" else None
        norm = layers[node.target]
        if isinstance(layer, nn.Conv2d) and len(before.users) == 1:
            fused: nn.Module = fuse_conv_bn_eval(layer, norm)
        elif isinstance(layer, nn.Linear) and len(before.users) == 1:
            fused = fuse_linear_bn_eval(layer, norm)
        else:
            raise ValueError(
                f"{node.target} ({type(norm).__name__}): can be folded only directly after a "
                "convolution or linear layer that nothing else reads"
            )
        folded.set_submodule(before.target, fused)
        folded.set_submodule(node.target, nn.Identity())
    return folded.train(module.training)
