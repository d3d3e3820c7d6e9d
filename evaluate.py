"""Test a network from its file: ``python evaluate.py file=FILE [target= data=]``.

Or what a predictor says about it: ``python evaluate.py predictor=FILE network=FILE [target=]``.
Or an editor of INRs: ``python evaluate.py editor=FILE data=inrs [data.folder=FOLDER]``.
"""

from pathlib import Path

import hydra
from omegaconf import DictConfig

from pipelines.launch import command, job


@hydra.main(
    version_base="1.3", config_path=str(Path(__file__).parent / "conf"), config_name="evaluate"
)
def main(cfg: DictConfig) -> None:
    """Called by Hydra with the composed config."""
    with job(cfg):
        # Here, because it takes seconds: mistakes in overrides and --help come before it.
        from pipelines.evaluate_editor import evaluate_editor
        from pipelines.evaluate_file import evaluate, predict

        if cfg.editor is not None:
            if cfg.file or cfg.predictor or cfg.network:
                raise ValueError("give editor=FILE alone, without file, predictor and network")
            evaluate_editor(cfg)
            return
        if cfg.file and (cfg.predictor or cfg.network):
            raise ValueError("give either file=FILE, or predictor=FILE network=FILE")
        if cfg.predictor is None and cfg.network is None:
            evaluate(cfg)
        else:
            predict(cfg)


if __name__ == "__main__":
    command(main)
