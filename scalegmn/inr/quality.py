"""Measure how well an INR represents its image."""

from jaxtyping import Float
from torch import Tensor


def squared_error(
    image: Float[Tensor, "*batch c h w"], target: Float[Tensor, "*batch c h w"]
) -> Float[Tensor, "*batch"]:
    """The mean over channels and pixels of each image."""
    return (image - target).square().mean((-3, -2, -1))


def psnr(
    image: Float[Tensor, "*batch c h w"], target: Float[Tensor, "*batch c h w"]
) -> Float[Tensor, "*batch"]:
    r"""Peak signal-to-noise ratio in dB, :math:`-10 \log_{10} \mathrm{MSE}`, for pixels in [0, 1].

    Infinite for equal images.
    """
    return -10 * squared_error(image, target).log10()
