"""Decode image files of any kind into bytes of one shape."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

# Pillow's names; formats that run other programs, such as EPS, are not among them.
FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TGA", "TIFF", "WEBP")
MODES = {1: "L", 3: "RGB"}


def decode(file: Path, *, size: int, channels: int) -> UInt8[Tensor, "c h w"]:
    """Read an image, upright, as a square of bytes.

    The shorter side is scaled to ``size``, and the middle of the longer one is kept. What is
    transparent becomes white, 16 bits become 8, gray becomes colour and colour becomes gray (luma)
    as ``channels`` wants; orientation is that of EXIF. Of several frames the first counts.

    Args:
        file: in a format of ``FORMATS``, whatever its name ends in.
        size: height and width, in pixels.
        channels: 1 for gray, 3 for colour.

    Raises:
        ValueError: with the reason, if it is no image or is damaged.
    """
    if not file.is_file():
        raise ValueError("no file, or one that is no regular one")
    try:
        with Image.open(file, formats=FORMATS) as image:
            plain = _opaque(_bytes(ImageOps.exif_transpose(image))).convert(MODES[channels])
        square = ImageOps.fit(plain, (size, size), Image.Resampling.BILINEAR)
    except UnidentifiedImageError as error:
        raise ValueError("no image") from error
    except Exception as error:  # a damaged file can raise anything
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from error
    pixels = torch.from_numpy(np.array(square).reshape(size, size, channels))
    return pixels.permute(2, 0, 1).contiguous()


def _bytes(image: Image.Image) -> Image.Image:
    """The image with a byte for each number; Pillow's own conversion would cut off large ones.

    What is transparent in those with more than a byte becomes white here.
    """
    if image.mode == "F":
        raise ValueError("floating-point pixels, whose range is unknown")
    if image.mode != "I" and not image.mode.startswith("I;16"):
        return image
    numbers = np.asarray(image).astype(np.int64)
    if numbers.min() < 0 or numbers.max() >= 1 << 16:
        raise ValueError("pixels of more than 16 bits")
    gray = (numbers >> 8).astype(np.uint8)
    if "transparency" in image.info:
        gray[numbers == image.info["transparency"]] = 255
    return Image.fromarray(gray)


def _opaque(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    colour = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", colour.size, "white"), colour)
