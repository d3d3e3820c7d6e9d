"""Export a network from its file: ``python export.py file=FILE [format=onnx] [report=true]``."""

from pathlib import Path

import hydra
from omegaconf import DictConfig

from pipelines.launch import command, job


@hydra.main(
    version_base="1.3", config_path=str(Path(__file__).parent / "conf"), config_name="export"
)
def main(cfg: DictConfig) -> None:
    """Called by Hydra with the composed config."""
    with job(cfg):
        # Here, because it takes seconds: mistakes in overrides and --help come before it.
        from pipelines.export import export

        export(cfg)


if __name__ == "__main__":
    command(main)
