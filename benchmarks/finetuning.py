"""Fine-tuning pruned small CNNs for an epoch, at once or one after the other with Lightning.

Both sides are the stage of a run, with its files and evaluations. Times are per network.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from hydra import compose, initialize_config_dir

from benchmarks.harness import PLAIN, ROOT, Case, main
from datamodules.images import ImageDataModule
from datamodules.splits import Images
from pipelines.finetune import Job, finetune_all
from pipelines.finetuning.engine import Engine
from pipelines.lightning_setup import prepare_lightning
from pipelines.methods import Candidate
from pipelines.processes import Processes
from pipelines.run import Run
from scalegmn.allocator import keep_freed_memory
from scalegmn.pruning import magnitude, make_mask
from scalegmn.targets import SmallCNN

SPARSITIES = (0.6, 0.7, 0.8, 0.9)
# As many as the training split of CIFAR-10 has.
IMAGES = 45_000

CASES = [Case(f"{n} networks", {"networks": n}, edges=688 * n, items=n) for n in (4, 16)]


class RandomImages(ImageDataModule):
    """Noise of the size of CIFAR-10 in gray."""

    mean = std = (0.5,)

    def read(self) -> tuple[Images, Images]:
        return _random(IMAGES), _random(IMAGES // 10)


def build(side: str, device: str, *, networks: int) -> Callable[[], None]:
    """A step that fine-tunes all networks of a case."""
    prepare_lightning()
    keep_freed_memory()  # as every run does
    rates = [10 ** -(2 + i / networks) for i in range(networks // len(SPARSITIES))]
    data = RandomImages(name="noise", in_channels=1, num_classes=10, image_size=32)
    data.setup()
    net = SmallCNN()
    scores = magnitude(net, [])
    engine: Engine = "lightning" if side == PLAIN else "stacked"

    def step() -> None:
        with TemporaryDirectory() as folder:
            run = _run(Path(folder), data, rates, device)
            jobs = [
                Job(Candidate(s, net, make_mask(scores, s)), "magnitude", run.folder)
                for s in SPARSITIES
            ]
            list(finetune_all(run, jobs, engine=engine, teacher=net))

    return step


def _run(folder: Path, data: ImageDataModule, rates: list[float], device: str) -> Run:
    overrides = [
        *("experiment=baseline_magnitude", "data=digits", "finetune.max_epochs=1"),
        *(f"finetune.lr={rates}", f"trainer.accelerator={device}", f"paths.run_dir={folder}"),
    ]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("train", overrides=overrides)
    return Run(cfg, folder, data, Processes(cfg.trainer))


def _random(n: int) -> Images:
    return Images(torch.randint(256, (n, 1, 32, 32), dtype=torch.uint8), torch.randint(10, (n,)))


if __name__ == "__main__":
    main(build, CASES, repeats=1)
