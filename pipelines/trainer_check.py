"""Refuse settings of the trainer with which a run cannot keep its promises."""

from omegaconf import DictConfig

# Each is a number of batches, or a fraction of all.
NEEDED = {
    "limit_train_batches": "nothing would be trained",
    "limit_val_batches": "the best epoch is chosen by its validation loss",
    "limit_test_batches": "results are accuracies on test images",
}


def check_trainer(cfg: DictConfig) -> None:
    """Check ``cfg.trainer`` of a run that trains.

    Raises:
        ValueError: naming the key, with the reason.
    """
    trainer = cfg.trainer
    epochs = trainer.get("max_epochs")
    if epochs is None or epochs < 1:
        raise ValueError(
            f"trainer.max_epochs={_yaml(epochs)}: a run needs an end; give a whole number above 0"
        )
    for key, reason in NEEDED.items():
        if trainer.get(key, 1.0) == 0:
            raise ValueError(f"trainer.{key}=0: {reason}; debug=smoke is a run on a few batches")
    if trainer.get("overfit_batches", 0.0) != 0:
        raise ValueError(
            f"trainer.overfit_batches={trainer.overfit_batches}: would validate and test on "
            "training images; use trainer.limit_train_batches instead"
        )
    if trainer.get("fast_dev_run", False):
        raise ValueError("trainer.fast_dev_run: leaves no results; use debug=smoke instead")


def _yaml(value: object) -> str:
    return "null" if value is None else str(value)
