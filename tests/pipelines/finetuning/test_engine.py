"""The choice between one network after the other and all at once."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from lightning import LightningDataModule

from pipelines.finetuning.engine import chosen_engine
from pipelines.run import Run

CONF = Path(__file__).parents[3] / "conf"


class Other(LightningDataModule):
    """Its batches may come in any order."""


def run_of(*overrides, data=None, processes=1):
    given = ["experiment=baseline_magnitude", "data=digits", *overrides, "paths.run_dir=run"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", overrides=given)
    data = data or instantiate(cfg.data, _convert_="all")
    return Run(cfg, Path("run"), data, SimpleNamespace(number=processes))


REFUSED = {
    "target.net.dropout=0.1": r"Dropout \(features.2\) cannot be stacked",
    "trainer.precision=bf16-mixed": "computes in single precision, not trainer.precision=bf16",
    "+trainer.accumulate_grad_batches=2": "does not know trainer.accumulate_grad_batches",
    "finetune.optimizer._target_=torch.optim.Adafactor": "Adafactor does not update every entry",
}


@pytest.mark.parametrize("override", REFUSED)
def test_what_a_stack_cannot_do_is_refused_with_the_reason(override):
    remove = ["~finetune.optimizer.fused"] if "Adafactor" in override else []
    with pytest.raises(ValueError, match=f"^finetune.engine=stacked: {REFUSED[override]}") as error:
        chosen_engine(run_of("finetune.engine=stacked", override, *remove))
    assert str(error.value).endswith("; give finetune.engine=lightning")
    assert chosen_engine(run_of("finetune.engine=auto", override, *remove)) == "lightning"
    assert chosen_engine(run_of("finetune.engine=lightning", override, *remove)) == "lightning"


def test_batches_that_may_depend_on_anything_are_refused():
    with pytest.raises(ValueError, match="the batches of Other may depend on more than seed"):
        chosen_engine(run_of("finetune.engine=stacked", data=Other()))
    assert chosen_engine(run_of("finetune.engine=auto", data=Other())) == "lightning"


def test_auto_stacks_small_networks_on_one_process():
    assert chosen_engine(run_of("finetune.engine=auto")) == "stacked"
    assert chosen_engine(run_of("finetune.engine=auto", processes=2)) == "lightning"
    assert chosen_engine(run_of("finetune.engine=stacked", processes=2)) == "stacked"
    assert chosen_engine(run_of("finetune.engine=auto", "target.net.width=300")) == "lightning"
