"""Functions that the files in conf/ may call."""

from omegaconf import OmegaConf

from datamodules.image_listing import content_digest, count_classes
from datamodules.names import name_from
from pipelines.amx import amx_precision, computes_on_amx
from pipelines.job_folder import job_folder
from pipelines.run_id import run_id
from pipelines.user_code import code_digest


def register() -> None:
    """Make the functions known to configs under their names."""
    OmegaConf.register_new_resolver("job_folder", job_folder, replace=True)
    OmegaConf.register_new_resolver("amx", computes_on_amx, replace=True)
    OmegaConf.register_new_resolver("amx_precision", amx_precision, replace=True)
    OmegaConf.register_new_resolver("run_id", run_id, replace=True, use_cache=True)
    OmegaConf.register_new_resolver("name_from", name_from, replace=True)
    # Read once per command, as folders may be large.
    for read in (count_classes, content_digest, code_digest):
        OmegaConf.register_new_resolver(read.__name__, read, replace=True, use_cache=True)
    OmegaConf.register_new_resolver("fused_with", fused_with, replace=True)


def fused_with(precision: str | int) -> bool:
    """Whether an optimizer may be fused: in mixed precision, Lightning would not clip then."""
    return "mixed" not in str(precision) and str(precision) != "16"
