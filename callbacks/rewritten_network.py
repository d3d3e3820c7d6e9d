"""What a metanetwork made of the target, before anything is pruned."""

from collections.abc import Mapping
from pathlib import Path

from lightning import Callback, LightningModule, Trainer

from callbacks.sources import rewritten_target
from scalegmn.formats import save_network


class RewrittenNetwork(Callback):
    """When the fit is over, writes the target with the offered parameters of the best epoch.

    It can be pruned and fine-tuned again without the metanetwork::

        rewritten_network:
          _target_: callbacks.rewritten_network.RewrittenNetwork
          file: ${paths.run_dir}/rewritten.safetensors
          metadata: ${metadata}
          method: scalegmn_eq

    Args:
        file: where it goes.
        metadata: what the file says about it.
        method: that made it.
    """

    def __init__(self, *, file: str | Path, metadata: Mapping[str, str], method: str) -> None:
        self.file = Path(file)
        self.metadata = {**metadata, "method": method}

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        net = rewritten_target(trainer, pl_module)
        if trainer.is_global_zero:
            save_network(self.file, net.state_dict(), self.metadata)
