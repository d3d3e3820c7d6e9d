"""Weight losses of batches that several processes share."""

import torch
from lightning import Trainer
from torch import Tensor


def ddp_loss_weight(trainer: Trainer, images: int) -> Tensor | float:
    r"""The factor of the mean loss of a process's share of a batch.

    .. math:: w_r = R \, n_r / \sum_s n_s

    makes the mean over the R processes, which is what their gradients become, the mean over all
    images of the batch: the shares of a batch need not be equal, 15 images are 8 and 7.

    Args:
        trainer: knows the other processes; all of them have to call this.
        images: n_r, in this process's share.
    """
    if trainer.world_size == 1:
        return 1.0
    # A tensor all along, and not Lightning's reduce, which waits for every process first.
    total = torch.tensor(float(images), device=trainer.strategy.root_device)
    torch.distributed.all_reduce(total)
    return trainer.world_size * images / total
