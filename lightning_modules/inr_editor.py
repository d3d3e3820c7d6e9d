"""Train an editor of INRs."""

from collections.abc import Mapping
from typing import Any

from jaxtyping import Float
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from lightning_modules.ddp_loss_weight import ddp_loss_weight
from lightning_modules.mean import Mean
from lightning_modules.schedule import OptimizerFactory, Schedule, scheduled
from scalegmn.inr import INRBatch, squared_error
from scalegmn.inr.editor import INRImageEditor
from scalegmn.inr.editors import EditorConfig
from scalegmn.inr.edits import Edit
from scalegmn.targets import Siren

# INRs whose images are shown.
EXAMPLES = 8


class INREditor(LightningModule):
    r"""Rewrite INRs so that they represent edited images.

    .. math:: \min_\varphi \; \mathrm{mean} \bigl\lVert u_{\theta + f_\varphi(G, \theta)}
        - \mathrm{edit}(\mathrm{image}) \bigr\rVert^2

    over all pixels and INRs, where u is the SIREN with parameters θ. The images are those that the
    INRs were fitted to, not what they represent.

    Reference: Zhou et al., *Permutation Equivariant Neural Functionals*, 2023, arXiv:2302.14040,
    section 3.3; Kalogeropoulos et al., 2024, arXiv:2406.10685, section 6.2.

    Args:
        siren: the architecture of the INRs.
        image_size: height and width of the images.
        operator: config of the operator f.
        edit: of images with values in [0, 1].
        optimizer: makes an optimizer for φ.
        scheduler: how its learning rate changes; ``None`` for not at all.
        compile: arguments of ``torch.compile`` for the operator; ``None`` to run it as it is.

    Raises:
        ValueError: in the first step, if the INRs come without images.
    """

    def __init__(
        self,
        siren: Siren,
        image_size: int,
        *,
        operator: EditorConfig,
        edit: Edit,
        optimizer: OptimizerFactory,
        scheduler: Schedule | None = None,
        compile: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.editor = INRImageEditor(operator, siren, image_size, edit)
        if compile is not None:
            self.editor.operator.compile(**compile)
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.train_loss, self.val_loss, self.test_loss = Mean(), Mean(), Mean()

    def forward(self, batch: INRBatch) -> Float[Tensor, "inr c h w"]:
        """The images of edited INRs."""
        # Of the editor's type, also with trainer.precision=64-true.
        return self.editor({name: p.to(self.dtype) for name, p in batch.parameters.items()})

    def errors(self, batch: INRBatch) -> Float[Tensor, " inr"]:
        """The mean squared error over the pixels of each edited INR."""
        return squared_error(self(batch), self.target(batch))

    def target(self, batch: INRBatch) -> Float[Tensor, "inr c h w"]:
        """The edited images.

        Raises:
            ValueError: if there are no images.
        """
        if batch.images is None:
            raise ValueError(
                "these INRs come without the images that are to be edited: fit INRs with "
                "experiment=fit_inrs, or set data.images to the folder of the images"
            )
        return self.editor.edit(batch.images.to(self.dtype))

    def examples(self, batch: INRBatch) -> dict[str, Float[Tensor, "example c h w"]]:
        """Images by kind of the batch's first INRs, see :meth:`INRImageEditor.examples`."""
        params = {name: p[:EXAMPLES].to(self.dtype) for name, p in batch.parameters.items()}
        assert batch.images is not None
        return self.editor.examples(params, batch.images[:EXAMPLES].to(self.dtype))

    def training_step(self, batch: INRBatch, batch_idx: int) -> Float[Tensor, ""]:
        loss, n = self.errors(batch).mean(), len(batch.label)
        self.train_loss.update(loss.detach() * n, n)
        if self.trainer.is_last_batch:
            # Once is enough: logging costs time.
            self.log("train/loss", self.train_loss, on_step=False, on_epoch=True)
        return ddp_loss_weight(self.trainer, n) * loss

    def validation_step(self, batch: INRBatch, batch_idx: int) -> None:
        self.val_loss.update(self.errors(batch).sum(), len(batch.label))
        self.log("val/loss", self.val_loss, prog_bar=True)

    def test_step(self, batch: INRBatch, batch_idx: int) -> None:
        self.test_loss.update(self.errors(batch).sum(), len(batch.label))
        self.log("test/loss", self.test_loss)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return scheduled(self.editor.parameters(), self.optimizer, self.scheduler)
