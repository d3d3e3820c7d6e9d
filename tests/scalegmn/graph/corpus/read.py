"""Networks that graphs are read from: name -> (network, example input, freedoms of hidden units).

Freedoms: ``+`` positive factors, ``-`` changes of sign, ``*`` both, ``.`` none.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from einops import rearrange
from einops.layers.torch import Rearrange
from torch import nn

from scalegmn.targets import Sine
from tests.scalegmn.graph.corpus import bodies, lenets
from tests.scalegmn.graph.corpus.calls import Calls


def image(channels=1, size=16, batch=2):
    return torch.randn(batch, channels, size, size)


def signal(channels=2, length=16):
    return torch.randn(3, channels, length)


def conv_and(body, *after, channels=3):
    """A convolution, an activation by ``body``, a linear layer."""
    return Calls(body, nn.Conv2d(1, channels, 3), *after)


TUTORIALS = {
    name: (getattr(lenets, name), image(), "+++")
    for name in (
        *("FixedView", "SizeView", "ShapeReshape", "LengthView", "CountedFeatures"),
        *(
            "StarredShape",
            "NumPyShape",
            "TupleView",
            "LogSoftmaxAndDropout",
            "FunctionalDropout",
            "OptionalArguments",
        ),
        *("ShapeBranches", "KeepsFeatures", "NormalizesInput"),
    )
} | {
    "TorchvisionVGG": (bodies.TorchvisionVGG, image(3), "+++++"),
    "TorchvisionAlexNet": (bodies.TorchvisionAlexNet, image(3, 32), "+++"),
    "MLP in a loop": (bodies.LoopedMLP, image(1, 8), "++"),
    "MLP in a loop, tanh": (lambda: bodies.LoopedMLP(activation=torch.tanh), image(1, 8), "--"),
    "layers of parameters": (bodies.FromScratch, image(), "+-"),
    "SIREN": (bodies.siren, torch.randn(7, 2), "---"),
    "SIREN of batches of points": (bodies.siren, torch.randn(2, 5, 2), "---"),
    "SIREN with colours": (bodies.SirenWithCoordinates, torch.randn(2, 3, 4, 2), "--"),
    "TextCNN": (bodies.TextCNN, torch.randn(2, 9, 4), "+"),
    "bytes as input": (lenets.BytesIn, image().to(torch.uint8), "+++"),
    "autoencoder": (bodies.Autoencoder, image(1, 8), "+*+"),
    "alias": (lenets.Alias, image(), "++-"),
}

SEQUENTIAL = {
    "Keras-like": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
            nn.Conv2d(3, 4, 3, padding="valid"), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 4, 5),
            nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 3), nn.Softmax(dim=1),
        ), image(1, 8), "+++",
    ),
    "MLP with flatten first": (
        lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, 4, bias=False), nn.LeakyReLU(),
            nn.Linear(4, 3), nn.LogSoftmax(-1),
        ), image(1, 8), "++",
    ),
    "names and nesting": (
        lambda: nn.Sequential(OrderedDict(
            stem=nn.Sequential(nn.Conv2d(1, 2, 3), nn.Identity()),
            body=nn.Sequential(nn.Sequential(nn.Tanh(), nn.AvgPool2d(2)), nn.Conv2d(2, 3, 3)),
            head=nn.Sequential(nn.Tanh(), nn.Flatten(), nn.Linear(3, 2)),
        )), image(1, 8), "--",
    ),
    "one-dimensional": (
        lambda: nn.Sequential(
            nn.Conv1d(2, 3, 3), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(3, 4, 3), nn.ReLU(),
            nn.AvgPool1d(2), nn.Conv1d(4, 3, 1), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(),
            nn.Linear(3, 2),
        ), signal(), "+++",
    ),
    "three-dimensional": (
        lambda: nn.Sequential(
            nn.Conv3d(1, 2, 3), nn.ReLU(), nn.MaxPool3d(2), nn.AdaptiveAvgPool3d(1), nn.Flatten(),
            nn.Linear(2, 2),
        ), torch.randn(2, 1, 6, 6, 6), "+",
    ),
    "fully convolutional": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.ReLU(inplace=True), nn.Conv2d(3, 4, 1), nn.ReLU(inplace=True),
            nn.Conv2d(4, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        ), image(1, 8), "++",
    ),
    "activations without a scale": (
        lambda: nn.Sequential(
            nn.Linear(4, 3), nn.GELU(), nn.Linear(3, 3), nn.SiLU(), nn.Linear(3, 3), nn.ELU(),
            nn.Linear(3, 3), nn.Softplus(), nn.Linear(3, 3), nn.Hardswish(), nn.Linear(3, 2),
        ), torch.randn(5, 4), ".....",
    ),
    "dropouts": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.Dropout2d(), nn.ReLU(), nn.Flatten(), nn.Dropout(),
            nn.Linear(108, 4), nn.SELU(), nn.AlphaDropout(), nn.Linear(4, 2),
        ), image(1, 8), "+.",
    ),
    "decoder": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), nn.ReLU(),
            nn.Upsample(scale_factor=2), nn.ReflectionPad2d(1), nn.Conv2d(3, 1, 3), nn.Sigmoid(),
        ), image(2, 4), "+",
    ),
    "no hidden layer": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), image(1, 8), ""),
    "one layer": (lambda: nn.Linear(4, 3), torch.randn(2, 4), ""),
    "widths of one": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 1, 3), nn.ReLU(), nn.Conv2d(1, 1, 3), nn.Tanh(), nn.Flatten(),
            nn.Linear(16, 1), nn.ReLU(), nn.Linear(1, 1),
        ), image(1, 8), "+-+",
    ),
    "part in parallel": (
        lambda: nn.Sequential(
            nn.DataParallel(nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU())), nn.Flatten(),
            nn.Linear(108, 2),
        ), image(1, 8), "+",
    ),
    "rows joined to channels": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(1, 2), nn.Conv1d(18, 4, 3), nn.Tanh(),
            nn.Flatten(), nn.Linear(16, 2),
        ), image(1, 8), "+-",
    ),
    "einops layer": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.ReLU(), Rearrange("b c h w -> b (c h w)"), nn.Linear(108, 2)
        ), image(1, 8), "+",
    ),
    "batch normalisation": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, 3, bias=False), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(),
            nn.Linear(108, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2),
        ), image(1, 8), "+-",
    ),
    "batch normalisation in one dimension": (
        lambda: nn.Sequential(
            nn.Conv1d(2, 3, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Flatten(), nn.Linear(42, 2)
        ), signal(), "+",
    ),
    "synchronised batch normalisation": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.SyncBatchNorm(3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 2)
        ), image(1, 8), "+",
    ),
}  # fmt: skip

FORWARDS = {
    "mean over maps": (lambda x, c, fc: fc(c(x).relu().mean((2, 3))), "+"),
    "mean from the end": (lambda x, c, fc: fc(torch.mean(c(x).relu(), dim=[-2, -1])), "+"),
    "mean after mean": (lambda x, c, fc: fc(c(x).tanh().mean(-1).mean(-1)), "-"),
    "sum over maps": (lambda x, c, fc: fc(c(x).tanh().sum(dim=(2, 3))), "-"),
    "flat maps, then mean": (lambda x, c, fc: fc(c(x).relu().flatten(2).mean(2)), "+"),
    "pool and squeeze": (
        lambda x, c, fc: fc(F.adaptive_avg_pool2d(c(x).relu(), 1).squeeze(-1).squeeze(-1)), "+",
    ),
    "pool and squeeze all": (lambda x, c, fc: fc(F.avg_pool2d(c(x), 14).relu().squeeze()), "+"),
    "pool and index": (
        lambda x, c, fc: fc(F.adaptive_max_pool2d(c(x), (1, 1)).relu()[:, :, 0, 0]), "+",
    ),
    "largest entry": (lambda x, c, fc: fc(c(x).flatten(2).max(dim=2)[0]), "+"),
    "largest value": (lambda x, c, fc: fc(torch.max(c(x).flatten(2), -1).values), "+"),
    "crop and flip": (lambda x, c, fc: fc(c(x)[..., 2:-2, 3:].flip(3).relu().mean((2, 3))), "+"),
    "relu_": (lambda x, c, fc: fc(F.relu_(c(x)).mean((2, 3))), "+"),
    "relu in place": (lambda x, c, fc: fc(F.relu(c(x), inplace=True).mean((2, 3))), "+"),
    "numbers": (lambda x, c, fc: fc((-2 * c(x) / 3).relu().mean((2, 3)) * 0.5), "+"),
    "a shift": (lambda x, c, fc: fc((c(x) + 1).mean((2, 3))), "."),
    "zero padding": (lambda x, c, fc: fc(F.pad(c(x).relu(), (1, 1, 2, 0)).mean((2, 3))), "+"),
    "other padding": (lambda x, c, fc: fc(F.pad(c(x).relu(), (1, 1), value=1).mean((2, 3))), "."),
    "clamp": (lambda x, c, fc: fc(c(x).clamp(min=0).mean((2, 3))), "+"),
    "maximum": (lambda x, c, fc: fc(torch.maximum(c(x), torch.zeros(1)).mean((2, 3))), "+"),
    "another maximum": (lambda x, c, fc: fc(torch.maximum(c(x), torch.ones(1)).amax((2, 3))), "."),
    "clamp to both sides": (lambda x, c, fc: fc(torch.clamp(c(x), -2, 2).mean((2, 3))), "-"),
    "odd power": (lambda x, c, fc: fc((c(x) ** 3).mean((2, 3))), "-"),
    "even power": (lambda x, c, fc: fc((c(x) ** 2).mean((2, 3))), "."),
    "by names": (
        lambda x, c, fc: F.linear(
            input=torch.add(input=F.relu(input=c(x)), other=0).mean(dim=(2, 3)), weight=fc.weight,
            bias=fc.bias,
        ), "+",
    ),
    "a tensor over it": (lambda x, c, fc: fc((torch.ones(()) / c(x)).mean((2, 3))), "."),
    "a tensor less it": (lambda x, c, fc: fc((torch.ones(()) - c(x)).mean((2, 3))), "."),
    "less its mean": (
        lambda x, c, fc: fc(((h := c(x)) - h.mean((2, 3), keepdim=True)).relu().amax((2, 3))), "+",
    ),
    "squeezed output": (lambda x, c, fc: fc(c(x).tanh().mean((2, 3)))[:, :1].squeeze(), "-"),
    "log of softmax": (lambda x, c, fc: fc(c(x).mean((2, 3))).softmax(1).log(), "*"),
    "swish": (lambda x, c, fc: fc(((h := c(x)) * torch.sigmoid(h)).mean((2, 3))), "."),
    "two activations": (lambda x, c, fc: fc(((h := c(x)).relu() + h.abs()).mean((2, 3))), "+"),
    "gate per channel": (
        lambda x, c, fc: fc(((h := c(x)) * h.mean((2, 3), keepdim=True)).mean((2, 3))), ".",
    ),
    "channels last": (lambda x, c, fc: fc(c(x).relu().permute(0, 2, 3, 1)), "+"),
    "channels last and back": (
        lambda x, c, fc: fc(c(x).movedim(1, -1).relu().transpose(1, 3).mean((2, 3))), "+",
    ),
    "einops": (lambda x, c, fc: fc(rearrange(c(x), "b c h w -> b (h w) c").tanh().mean(1)), "-"),
    "detached": (lambda x, c, fc: fc(c(x).detach().contiguous().tanh().mean((2, 3))), "-"),
    "softmax over positions": (lambda x, c, fc: fc(c(x).flatten(2).softmax(-1).amax(-1)), "."),
    "layout of the output": (lambda x, c, fc: fc(c(x).mean((2, 3))).t().reshape(-1), "*"),
    "constant mask": (lambda x, c, fc: fc((c(x) * torch.ones(14, 14)).mean((2, 3))), "*"),
}  # fmt: skip

INPUTS = {
    "images without channels": (lambda x, c, fc: fc(c(x.unsqueeze(1)).mean((2, 3))), (16, 16)),
    "flat images": (lambda x, c, fc: fc(c(x.view(-1, 1, 16, 16)).mean((2, 3))), (256,)),
    "channels last": (lambda x, c, fc: fc(c(x.permute(0, 3, 1, 2)).mean((2, 3))), (16, 16, 1)),
    "gray from colours": (lambda x, c, fc: fc(c(x[:, :1]).mean((2, 3))), (3, 16, 16)),
}  # fmt: skip

READ = (
    TUTORIALS
    | SEQUENTIAL
    | {
        name: (lambda body=body: conv_and(body, nn.Linear(3, 2)), image(), freedom)
        for name, (body, freedom) in FORWARDS.items()
    }
    | {
        f"input: {name}": (
            lambda body=body: conv_and(body, nn.Linear(3, 2)), torch.randn(2, *shape), "*",
        )
        for name, (body, shape) in INPUTS.items()
    }
    | {"Sine module": (lambda: nn.Sequential(nn.Linear(2, 3), Sine(), nn.Linear(3, 1)),
                       torch.randn(4, 2), "-")}
)  # fmt: skip
