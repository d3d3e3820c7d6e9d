"""Edits of images, which an editor of INRs learns to make."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from scalegmn.arguments import check_number, check_whole
from scalegmn.predictor.description import register

Images = Float[Tensor, "*batch c h w"]
# Luma of red, green and blue, as in ITU-R BT.601.
LUMA = (0.299, 0.587, 0.114)


@runtime_checkable
class Edit(Protocol):
    """Maps images with values in [0, 1] to images of the same shape."""

    def __call__(self, images: Images) -> Images:
        """The edited images."""


@register
@dataclass(frozen=True)
class Identity:
    """No edit: the image itself."""

    def __call__(self, images: Images) -> Images:
        return images


@register
@dataclass(frozen=True)
class Dilation:
    """The maximum over a square window, as ``cv2.dilate`` with a kernel of ones, one iteration.

    What is outside of the image never is the maximum.

    Attributes:
        size: of the window, in pixels; odd, so that it has a centre.

    Raises:
        ValueError: if the size is not an odd number above 0.
    """

    size: int = 3

    def __post_init__(self) -> None:
        check_whole("model.edit.size", self.size)
        if self.size % 2 == 0:
            raise ValueError(f"model.edit.size must be odd, got {self.size}")

    def __call__(self, images: Images) -> Images:
        flat = images.flatten(0, -4) if images.ndim > 4 else images
        return F.max_pool2d(flat, self.size, stride=1, padding=self.size // 2).view_as(images)


@register
@dataclass(frozen=True)
class Contrast:
    r"""Contrast around the mean gray value m of an image, clamped to [0, 1].

    .. math:: x \mapsto f x + (1 - f) m

    As ``torchvision.transforms.functional.adjust_contrast`` on images of floats, and so as PIL's
    ``ImageEnhance.Contrast``. It is not the local equalisation (CLAHE) of some papers.

    Attributes:
        factor: f, 1 for no change.

    Raises:
        ValueError: if the factor is negative.
    """

    factor: float = 2.0

    def __post_init__(self) -> None:
        check_number("model.edit.factor", self.factor, least=0)

    def __call__(self, images: Images) -> Images:
        weights = images.new_tensor(LUMA if images.shape[-3] == 3 else [1.0])
        gray = (images * weights[:, None, None]).sum(-3, keepdim=True)
        mean = gray.mean((-2, -1), keepdim=True)
        return (self.factor * images + (1 - self.factor) * mean).clamp(0, 1)
