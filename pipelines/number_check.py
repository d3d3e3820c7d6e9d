"""Check numbers of a config that make sense above 0 only, whatever reads them."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

# Signatures say that these are numbers, and some constructors do not look at them.
ABOVE_ZERO = frozenset(
    {
        *("d", "num_layers", "width", "patience", "every_n_epochs", "every_n_train_steps"),
        *("check_val_every_n_epoch", "log_every_n_steps", "train_runs", "lr", "l1_weight"),
        *("num_nodes", "T_max", "total_iters", "batches_per_operator_step"),
    }
)


def check_numbers(cfg: DictConfig) -> None:
    """Look at every key of a config.

    Raises:
        ValueError: naming the first number, or entry of a list, that is not above 0.
    """
    _check(OmegaConf.to_container(cfg, resolve=False), "")


def _check(value: Any, path: str) -> None:
    if isinstance(value, dict):
        for key, entry in value.items():
            _check(entry, f"{path}.{key}".lstrip("."))
    elif path.rpartition(".")[2] in ABOVE_ZERO or path == "dense.max_epochs":
        if value == []:
            raise ValueError(f"{path}=[]: give at least one number")
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, int | float) and not isinstance(number, bool) and not number > 0:
                raise ValueError(f"{path} must be above 0, got {number}")
    elif isinstance(value, list):
        for i, entry in enumerate(value):
            if isinstance(entry, dict):
                _check(entry, f"{path}[{i}]")
