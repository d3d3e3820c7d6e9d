"""Networks that graphs cannot express: name -> (network, example input, expected message)."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, prune

from tests.scalegmn.graph.corpus.calls import Calls


def image(channels=1, size=8, batch=2):
    return torch.randn(batch, channels, size, size)


def changed(net, change):
    change(net)
    return net


def between(*layers, size=8):
    """Layers of modules between a convolution to four 8x8 maps and a linear layer."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), *layers, nn.Flatten(), nn.LazyLinear(2)
    )  # fmt: skip


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.flip(1) * 2

    @staticmethod
    def backward(ctx, grad):
        return grad.flip(1) * 2


# From eight 8x8 maps to a linear layer: as many channels as rows and columns.
MIXING = {
    "mean of channels": (lambda x: x.mean(1), "mean .*mixes channels"),
    "mean of channels and rows": (lambda x: x.mean((1, 2)), "mean .*mixes channels"),
    "mean of all": (lambda x: x.mean().expand(2, 8), "mean .*mixes channels"),
    "sum of channels": (lambda x: x.sum(1), "sum .*mixes channels"),
    "largest channel": (lambda x: x.max(1).values, "max .*mixes channels"),
    "amax from the end": (lambda x: x.amax(dim=-3), "amax .*mixes channels"),
    "the larger of two": (
        lambda x: torch.max(x, torch.zeros(1)).flatten(1), "max .*of two tensors.*torch.maximum",
    ),
    "running sum": (lambda x: x.cumsum(1), "cumsum .*not supported"),
    "flipped channels": (lambda x: x.flip(1), "flip .*reorders or splits channels"),
    "rolled channels": (lambda x: torch.roll(x, 1, dims=1), "roll .*reorders or splits"),
    "some channels": (lambda x: x[:, :4].mean((2, 3)), "__getitem__ .*reorders or splits"),
    "every other channel": (lambda x: x[:, ::2].mean((2, 3)), "__getitem__ .*reorders or splits"),
    "narrow": (lambda x: x.narrow(1, 0, 4).mean((2, 3)), "narrow .*reorders or splits"),
    "transposed channels": (lambda x: x.transpose(1, 2).mean((2, 3)), "mean .*mixes channels"),
    "channels last": (lambda x: x.permute(0, 2, 3, 1).flatten(1), "flatten .*reorders or splits"),
    "rows as channels": (lambda x: x.permute(0, 2, 1, 3).mean((2, 3)), "mean .*mixes channels"),
    "split channels": (lambda x: x.view(2, 4, 2, 8, 8).mean(2).flatten(1), "view .*reorders"),
    "wrapped channels": (lambda x: x.reshape(2, 4, -1).mean(2), "reshape .*reorders or splits"),
    "chunks": (lambda x: x.chunk(2, 1)[0].mean((2, 3)), "chunk .*reorders or splits"),
    "maxout": (lambda x: x.view(2, 4, 2, 64).amax(2).mean(2), "view .*reorders or splits"),
    "gated linear unit": (lambda x: F.glu(x, 1).mean((2, 3)), "glu .*not supported"),
    "concatenation with a constant": (
        lambda x: torch.cat([x, torch.ones(2, 1, 8, 8)], 1).mean((2, 3)), "cat .*a constant",
    ),
    "concatenated rows": (
        lambda x: torch.cat([x[..., 0], x[..., 0].mT], 1).mean(2), "cat .*along axis 1, but",
    ),
    "stack": (lambda x: torch.stack([x, x], 1).flatten(1), "stack .*joins 2 signals"),
    "a product of channels": (lambda x: x * x[:, :1], "__getitem__ .*reorders or splits"),
    "a product of axes": (lambda x: x * x.transpose(1, 2), "mul .*joins different channels"),
    "a value per channel": (
        lambda x: x.mean((2, 3)) * torch.arange(8.0), "mul .*differs between channels",
    ),
    "softmax over channels": (lambda x: x.softmax(1).flatten(1), "softmax .*mixes channels"),
    "softmax, implicitly": (lambda x: torch.softmax(x, -3).sum((2, 3)), "softmax .*mixes channels"),
    "normalised": (lambda x: F.normalize(x).flatten(1), "normalize .*not supported"),
    "norm": (lambda x: (x / x.norm()).flatten(1), "norm .*not supported"),
    "padded channels": (
        lambda x: F.pad(x, (0, 0, 0, 0, 1, 1)).mean((2, 3)), "padded with zeros; add",
    ),
    "ones around channels": (
        lambda x: F.pad(x, (0, 0, 0, 0, 1, 1), value=1.0), "pad .*pads the channels",
    ),
    "unbatched pool": (lambda x: F.avg_pool2d(x.flatten(2), 3, 1, 1), "avg_pool2d .*mixes"),
    "pool over units": (lambda x: F.max_pool1d(x.mean((2, 3)), 3, 1, 1), "max_pool1d .*mixes"),
    "flat pool": (lambda x: F.avg_pool1d(x.flatten(1).unsqueeze(1), 2), "avg_pool1d .*mixes"),
    "matrix product": (lambda x: x.flatten(2) @ torch.ones(64, 3), "matmul .*not supported"),
    "einsum": (lambda x: torch.einsum("nchw->nhwc", x).flatten(1), "einsum .*not supported"),
    "an entry set": (lambda x: x.index_fill(1, torch.tensor([0]), 0.0), "index_fill .*not supp"),
    "a channel zeroed": (lambda x: (x.__setitem__((slice(None), 0), 0), x)[1], "__setitem__ .*not"),
    "always dropout": (lambda x: F.dropout(x).flatten(1), "dropout .*random in evaluation"),
    "noise": (lambda x: torch.rand_like(x).flatten(1), "rand_like .*not supported"),
    "rounding to integers": (lambda x: x.to(torch.int32).float().flatten(1), "dtype torch.int32"),
    "custom derivative": (lambda x: Doubled.apply(x).flatten(1), "flip .*reorders or splits"),
    "value branch": (lambda x: (x if x.mean() > 0 else -x).flatten(1), "__bool__ .*values"),
    "value of a mean": (lambda x: (x * x.mean().item()).flatten(1), "item .*values"),
    "NumPy": (lambda x: torch.from_numpy(x.numpy()).flatten(1), "numpy .*values"),
}  # fmt: skip


def mixing(body):
    def forward(x, conv, fc):
        return fc(body(conv(x).relu()))

    features = body(torch.ones(2, 8, 8, 8)).shape[-1] if body else 0
    return Calls(forward, nn.Conv2d(1, 8, 3, padding=1), nn.Linear(features, 5))


LAYERS = {
    "GroupNorm": (nn.GroupNorm(2, 4), r"2 \(GroupNorm\): not supported; .*batch normalisation"),
    "LayerNorm": (nn.LayerNorm((4, 8, 8)), r"2 \(LayerNorm\): not supported"),
    "InstanceNorm": (nn.InstanceNorm2d(4), r"2 \(InstanceNorm2d\): not supported"),
    "LocalResponseNorm": (nn.LocalResponseNorm(2), r"2 \(LocalResponseNorm\): not supported"),
    "PReLU": (nn.PReLU(), r"2 \(PReLU\): not supported; use LeakyReLU"),
    "PReLU per channel": (nn.PReLU(4), r"2 \(PReLU\): not supported"),
    "PixelShuffle": (nn.PixelShuffle(2), r"2 \(PixelShuffle\): not supported"),
    "ChannelShuffle": (nn.ChannelShuffle(2), r"2 \(ChannelShuffle\): not supported"),
    "Softmax2d": (nn.Softmax2d(), r"2 \(Softmax2d\): mixes channels"),
    "Unflatten": (nn.Unflatten(1, (2, 2)), r"2 \(Unflatten\): reorders or splits"),
    "Flatten of batch": (nn.Flatten(0, 1), r"2 \(Flatten\): reorders or splits"),
    "transposed": (nn.ConvTranspose2d(4, 4, 3), r"2 \(ConvTranspose2d\): not supported; use Up"),
    "linear over columns": (nn.Linear(8, 8), r"2 \(Linear\): reads axis 3 .*flatten first"),
    "Conv1d of maps": (
        nn.Sequential(nn.Flatten(0, 1), nn.Conv1d(8, 8, 1)), r"2\.0 \(Flatten\): reorders",
    ),
    "normalisation without statistics": (
        nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4, track_running_stats=False)),
        r"2\.1 \(BatchNorm2d\): has no running statistics",
    ),
    "normalisation without parameters": (
        nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4, affine=False)),
        r"2\.1 \(BatchNorm2d\): has no parameters.*fold_batch_norm",
    ),
    "LSTM": (Calls(lambda x, lstm: lstm(x.flatten(2))[0], nn.LSTM(64, 3)),
             r"2\.layers\.0 \(LSTM\): not supported"),
    "attention": (
        Calls(lambda x, attend: attend(x.flatten(2), x.flatten(2), x.flatten(2))[0],
              nn.MultiheadAttention(64, 1)),
        r"MultiheadAttention",
    ),
}  # fmt: skip


def small():
    return nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))


def tie_tensor(net):
    net[2].weight = net[0].weight


def tie_data(net):
    net[2].weight.data = net[0].weight.data


def roll_channels(module, args, output):
    return output.roll(1, 1)


class Factor(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.rand(1, 4))

    def forward(self, x):
        return x * self.gain


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.net, self.gain = small(), nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.gain * self.net(x)


WHOLE = {
    "tied tensors": (lambda: changed(small(), tie_tensor), r"0\.weight and 2\.weight are tied"),
    "tied data": (lambda: changed(small(), tie_data), r"0\.weight and 2\.weight are tied"),
    "a layer twice": (
        lambda: nn.Sequential(a := nn.Linear(4, 4), nn.ReLU(), a), r"0 \(Linear\): is used twice",
    ),
    "a hook that mixes": (
        lambda: changed(small(), lambda n: n[1].register_forward_hook(roll_channels)),
        "roll in the forward of Sequential: reorders or splits",
    ),
    "a hook before": (
        lambda: changed(small(), lambda n: n[2].register_forward_pre_hook(
            lambda m, args: args[0].flip(1))), "flip .*reorders or splits",
    ),
    "pruned": (
        lambda: changed(small(), lambda n: prune.l1_unstructured(n[2], "weight", 0.5)),
        r"2 \(Linear\): its weight .*prune.remove",
    ),
    "weight norm": (
        lambda: changed(small(), lambda n: parametrizations.weight_norm(n[2])),
        r"2 \(ParametrizedLinear\): its weight .*remove_parametrizations",
    ),
    "scripted": (lambda: torch.jit.script(small()), "is scripted"),
    "compiled": (lambda: torch.compile(small()), "is compiled; pass its _orig_mod"),
    "lazy": (lambda: nn.Sequential(nn.LazyLinear(3)), r"0 \(LazyLinear\): has no weights yet"),
    "on no device": (lambda: small().to("meta"), r"0 \(Linear\) does not run on"),
    "a gain": (Scaled, "parameters that no layer of the graph uses: gain"),
    "unused layer": (
        lambda: Calls(lambda x, a, b: a(x), nn.Linear(4, 2), nn.Linear(4, 2)),
        r"no layer of the graph uses: layers\.1\.bias, layers\.1\.weight",
    ),
    "a tuple": (lambda: Calls(lambda x, a: (a(x), x), nn.Linear(4, 2)), "one tensor, got a tuple"),
    "a dictionary": (
        lambda: Calls(lambda x, a: {"out": a(x)}, nn.Linear(4, 2)), "one tensor, got a dict",
    ),
    "two inputs": (lambda: nn.Bilinear(4, 4, 2), "does not run on an input"),
    "residual": (
        lambda: Calls(lambda x, a, b: b((h := a(x)).relu() + a(h)), nn.Linear(4, 4),
                      nn.Linear(4, 2)), "is used twice",
    ),
    "skip": (
        lambda: Calls(lambda x, a, b: b(a(x)) + x, nn.Linear(4, 4), nn.Linear(4, 4)),
        "add .*one of them the network's input",
    ),
    "one channel to several": (
        lambda: Calls(lambda x, a, b, c: c(a(x).relu() + b(x)), nn.Linear(4, 4), nn.Linear(4, 1),
                      nn.Linear(4, 2)), "0.weight: two of its channels would",
    ),
    "a factor with an axis for images": (
        lambda: nn.Sequential(nn.Linear(4, 4), Factor(), nn.Linear(4, 2)),
        r"mul .*differs between channels; .*give it the shape .*\(c,\) for vectors",
    ),
    "an embedding": (
        lambda: Calls(lambda x, e, a: a(e(x.abs().long()).mean(1)), nn.Embedding(9, 4),
                      nn.Linear(4, 2)),
        r"long .*not supported",
    ),
    "a weight from the input": (
        lambda: Calls(lambda x, a: F.linear(torch.ones(2, 4), a.weight * x[:1, :1].exp()),
                      nn.Linear(4, 2)),
        "not a parameter but computed",
    ),
    "a fault of its own": (lambda: Calls(lambda x, a: a(x).missing, nn.Linear(4, 2)), "missing"),
    "another shape": (lambda: small().append(nn.Linear(3, 2)), r"5 \(Linear\) does not run"),
}  # fmt: skip

REFUSED = (
    {f"mixing: {n}": (lambda b=b: mixing(b), image(), m) for n, (b, m) in MIXING.items()}
    | {f"layer: {n}": (lambda layer=layer: between(layer), image(), m)
       for n, (layer, m) in LAYERS.items()}
    | {n: (build, torch.randn(3, 4), m) for n, (build, m) in WHOLE.items()}
)  # fmt: skip
