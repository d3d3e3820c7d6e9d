"""The weights that did best on validation."""

from pathlib import Path

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from pipelines.checkpoints import read_checkpoint


def load_best(trainer: Trainer, pl_module: LightningModule) -> None:
    """Give the module the weights of the trainer's best checkpoint, if it keeps one.

    Raises:
        FileNotFoundError: if the checkpoint was kept, but is gone.
    """
    checkpoint = trainer.checkpoint_callback
    if not isinstance(checkpoint, ModelCheckpoint) or not checkpoint.best_model_path:
        return
    # In its folder of today: a run may have been moved since.
    path = Path(checkpoint.dirpath or "") / Path(checkpoint.best_model_path).name
    if not path.is_file():
        raise FileNotFoundError(f"{path}: the best checkpoint is gone, so its weights are lost")
    content = read_checkpoint(path, remedy="delete its folder to start this fit anew")
    pl_module.load_state_dict(content["state_dict"])
