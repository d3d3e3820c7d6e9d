"""Refuse settings of the fine-tuning with which it could not run or would not end."""

from omegaconf import DictConfig, ListConfig

from pipelines.finetuning.settings import ENGINES
from scalegmn.arguments import check_number, check_whole


def check_finetune(cfg: DictConfig) -> None:
    """Check ``cfg.finetune``, which is read long after a run began.

    Raises:
        ValueError: naming the key, with the value and what is expected.
    """
    settings = cfg.finetune
    check_whole("finetune.max_epochs", settings.max_epochs, least=0)
    check_whole("finetune.patience", settings.patience)
    engine = settings.get("engine", ENGINES[0])
    if engine not in ENGINES:
        raise ValueError(f"finetune.engine={engine}: expected one of {', '.join(ENGINES)}")
    rates = list(settings.lr) if isinstance(settings.lr, ListConfig) else [settings.lr]
    for rate in rates:
        check_number("finetune.lr", rate, above=0)
    # Each has a folder of this name.
    names = [f"{rate:g}" for rate in rates]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"finetune.lr={rates}: two of them would have the folder lr_{name}")
