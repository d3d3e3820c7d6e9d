"""Check that the files a config names are there, before a run writes anything."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

# Keys of train.yaml and evaluate.yaml whose values are files that are read.
FILES = (
    "target.weights",
    "predictor.weights",
    "pruner.rewind.weights",
    "ckpt_path",
    "file",
    "network",
    "predictor",
    "editor",
)


def check_files(cfg: DictConfig) -> None:
    """Look at every file that is to be read.

    Raises:
        FileNotFoundError: naming the first key whose file is not there.
        IsADirectoryError: naming the first key whose file is a folder.
        OSError: if a file may not be read.
    """
    for key in FILES:
        name = OmegaConf.select(cfg, key)
        if not isinstance(name, str):
            continue
        if Path(name).is_dir():
            raise IsADirectoryError(f"{key}={name}: is a folder; give a file")
        if not Path(name).exists():
            raise FileNotFoundError(f"{key}={name}: no such file")
        Path(name).open("rb").close()
