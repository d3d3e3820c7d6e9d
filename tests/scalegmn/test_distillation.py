"""The loss of distillation against PyTorch's own terms."""

import pytest
import torch
import torch.nn.functional as F

from scalegmn.distillation import Distillation

TEACHER = torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]])
LOGITS = torch.tensor([[1.0, 0.0, -0.5], [0.3, -0.2, 2.0]])
Y = torch.tensor([0, 2])


def test_it_is_the_sum_of_both_terms():
    loss = Distillation(weight=0.3, temperature=2.5)(LOGITS, TEACHER, Y)
    soft = F.kl_div(
        F.log_softmax(LOGITS / 2.5, 1), F.softmax(TEACHER / 2.5, 1), reduction="none"
    ).sum(1)
    hard = F.cross_entropy(LOGITS, Y, reduction="none")
    assert loss.shape == (2,)
    assert torch.allclose(loss, 0.7 * hard + 0.3 * 2.5**2 * soft)


def test_without_a_weight_it_is_cross_entropy():
    loss = Distillation(weight=0.0)(LOGITS, TEACHER, Y)
    assert torch.allclose(loss, F.cross_entropy(LOGITS, Y, reduction="none"))


def test_of_the_teacher_itself_nothing_is_left_but_labels():
    assert torch.allclose(Distillation(weight=1.0)(TEACHER, TEACHER, Y), torch.zeros(2), atol=1e-6)


def test_several_students_share_a_teacher():
    loss = Distillation()
    students = torch.stack([LOGITS, TEACHER, -LOGITS])
    expected = torch.stack([loss(student, TEACHER, Y) for student in students])
    assert torch.allclose(loss(students, TEACHER, Y), expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weight": 1.5}, "finetune.distill.weight must be a number at least 0 and at most 1"),
        ({"weight": -0.1}, "finetune.distill.weight must be a number at least 0 and at most 1"),
        ({"temperature": 0.0}, "finetune.distill.temperature must be a number above 0, got 0.0"),
    ],
)
def test_impossible_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        Distillation(**settings)
