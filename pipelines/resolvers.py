"""What the files in conf/ can compute."""

from omegaconf import OmegaConf

from datamodules.names import name_from
from pipelines.identity import job_folder
from pipelines.settings import settings, unusual


def register() -> None:
    """Make the functions known to configs under their names."""
    OmegaConf.register_new_resolver("job_folder", job_folder, replace=True)
    OmegaConf.register_new_resolver("settings", settings, replace=True)
    OmegaConf.register_new_resolver("unusual", unusual, replace=True)
    OmegaConf.register_new_resolver("name_from", name_from, replace=True)
    OmegaConf.register_new_resolver("fused_with", fused_with, replace=True)


def fused_with(precision: str | int) -> bool:
    """Whether an optimizer may be fused: not if it would undo the scaling of losses by itself.

    Lightning could not clip the gradients then.
    """
    return precision not in ("16-mixed", "16", 16)
