"""The predictors that the repository ships predict what they predicted when they were made."""

from pathlib import Path

import pytest
import torch

from scalegmn.predictor import load_predictor

FOLDER = Path(__file__).parents[3] / "outputs" / "reference"
LOGITS = {
    "predictor/forward_0": [-0.26509192197426157, 0.3393677371239706, 0.6992393366844398],
    "predictor/finetuned_0": [-0.1844524169964518, -0.33317908871466695, 0.7096382309526849],
    "predictor_for_pruning/good_0": [
        *(-0.030352817310344532, -0.25326061736671207, -1.3100680998051792),
    ],
}


def networks(graph):
    """Three networks with sines of whole numbers as parameters."""
    shapes = {block.weight: block.shape for block in graph.blocks}
    shapes |= {group.bias: (group.size,) for group in graph.groups if group.bias}
    out = {}
    for k, (name, shape) in enumerate(sorted(shapes.items()), start=1):
        index = torch.arange(3 * torch.Size(shape).numel(), dtype=torch.float64)
        out[name] = (index * k).sin().view(3, *shape)
    return out


@pytest.mark.parametrize("name", LOGITS)
def test_a_shipped_predictor_predicts_the_same(name):
    predictor = load_predictor(FOLDER / name / "predictor.safetensors").double()
    found = predictor.logit(predictor.graph, networks(predictor.graph))
    assert found.tolist() == pytest.approx(LOGITS[name], rel=1e-10)
