"""Keep exporters' remarks to their own developers from users."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

LOGGERS = ("torch.onnx", "onnxscript", "onnx_ir")


@contextmanager
def quiet() -> Iterator[None]:
    """Without what exporters log below errors, and their warnings of their own old calls."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
