"""Knowledge distillation."""

from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

from scalegmn.arguments import check_number


@dataclass(frozen=True)
class Distillation:
    r"""Cross-entropy to labels and to the softened outputs of a teacher.

    .. math:: (1 - a) \, \mathrm{CE}(z, y)
        + a \, T^2 \, \mathrm{KL}(\mathrm{softmax}(t / T) \,\|\, \mathrm{softmax}(z / T))

    with logits z of the student and t of the teacher.

    Reference: Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015,
    arXiv:1503.02531.

    Args:
        weight: a, of the teacher, between 0 and 1.
        temperature: T, above 0.

    Raises:
        ValueError: if one of them is out of range.
    """

    weight: float = 0.5
    temperature: float = 4.0

    def __post_init__(self) -> None:
        check_number("finetune.distill.weight", self.weight, least=0, most=1)
        check_number("finetune.distill.temperature", self.temperature, above=0)

    def __call__(
        self,
        logits: Float[Tensor, "*k b classes"],
        teacher: Float[Tensor, "b classes"],
        y: Int64[Tensor, " b"],
    ) -> Float[Tensor, "*k b"]:
        """The loss of each image, of one student or several.

        Args:
            logits: of the students.
            teacher: logits of the teacher for the same images.
            y: the labels.
        """
        t = self.temperature
        labels = y.expand(logits.shape[:-1])
        hard = -F.log_softmax(logits, -1).gather(-1, labels[..., None])[..., 0]
        log_p, log_q = F.log_softmax(teacher / t, -1), F.log_softmax(logits / t, -1)
        soft = (log_p.exp() * (log_p - log_q)).sum(-1)
        return (1 - self.weight) * hard + self.weight * t**2 * soft
