import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils.data import DataLoader

from lightning_modules.conservative_predictor import ConservativePredictor
from lightning_modules.predictor import Predictor
from lightning_modules.squared_error import SquaredError
from pipelines.loaded_predictor import build_or_load
from scalegmn.nn import Architecture, Bidirectional, BidirectionalInverse, Scale, Sign
from scalegmn.predictor import AccuracyPredictor, Metanetwork, StatNN, save_predictor
from scalegmn.targets import SmallCNN
from tests.networks import batch_of, graph_of


def adamw(parameters):
    return torch.optim.AdamW(parameters, lr=1e-3)


def module_of(recipe, *, graph=None, loss=None):
    predictor = AccuracyPredictor(recipe, graph or graph_of())
    return Predictor(predictor, loss=loss or SquaredError(), optimizer=adamw)


def loader_of(*batches):
    return DataLoader(batches, batch_size=None)


@pytest.mark.parametrize("loss", [SquaredError(), nn.BCEWithLogitsLoss()])
def test_it_learns(make_trainer, loss):
    module = module_of(StatNN(d=32), loss=loss)
    batches = loader_of(*(batch_of(32, seed=seed) for seed in range(5)))
    held_out = loader_of(batch_of(64, seed=9))
    before = module.predictions(held_out).scores()
    trainer = make_trainer(max_epochs=10)
    trainer.fit(module, batches, held_out)
    (tested,) = trainer.test(module, held_out, verbose=False)
    assert tested["test/kendall_tau"] > 0.6 > before["kendall_tau"]
    assert tested["test/mae"] < before["mae"]
    for name in ("kendall_tau", "r2", "mae"):
        assert tested[f"test/{name}"] == pytest.approx(trainer.callback_metrics[f"test/{name}"])
    assert trainer.logged_metrics.keys() >= {"test/kendall_tau"}


def test_scores_are_those_of_the_whole_split_whatever_the_batches(make_trainer):
    module = module_of(StatNN(d=8))
    whole = batch_of(30)
    parts = [
        whole._replace(
            parameters={n: t[rows] for n, t in whole.parameters.items()},
            **{n: getattr(whole, n)[rows] for n in ("sign", "label", "sparsity")},
        )
        for rows in (slice(0, 17), slice(17, 29), slice(29, 30))
    ]
    trainer = make_trainer()
    found = [
        trainer.validate(module, loader, verbose=False)[0]
        for loader in (loader_of(whole), loader_of(*parts))
    ]
    assert found[0] == pytest.approx(found[1], abs=1e-6)
    predictions = module.predictions(loader_of(*parts))
    logit = module(whole).detach()
    torch.testing.assert_close(predictions.predicted, logit.sigmoid())
    assert predictions.scores()["kendall_tau"] == pytest.approx(found[0]["val/kendall_tau"])
    loss = (logit.sigmoid() - whole.label).square().mean().item()
    assert found[0]["val/loss"] == pytest.approx(loss)


@pytest.mark.parametrize("direction", [Bidirectional(), BidirectionalInverse()])
def test_networks_with_many_zeros_train_without_nan(make_trainer, direction):
    batches = [batch_of(16, seed=seed, sparsity=0.9) for seed in range(4)]
    for batch in batches:
        batch.parameters["features.3.weight"][:, 0] = 0  # a dead channel
        batch.parameters["features.6.weight"].mul_(1e-20)  # next to nothing
        batch.parameters["features.0.bias"].zero_()
    module = module_of(Metanetwork(Architecture(d=8, direction=direction)))
    make_trainer(max_epochs=3, gradient_clip_val=10).fit(
        module, loader_of(*batches), loader_of(batches[0])
    )
    assert all(p.isfinite().all() for p in module.parameters())
    predictions = module.predictions(loader_of(batches[0]))
    assert predictions.predicted.isfinite().all() and not math.isnan(predictions.scores()["r2"])


def with_dying_units():
    """As weight decay leaves units that are never active: the inverses of such weights overflow."""
    batch = batch_of(16)
    for name in ("features.0", "features.3", "features.6"):
        batch.parameters[f"{name}.weight"][::2, 0] *= 1e-21
    return loader_of(batch)


@pytest.mark.parametrize(
    ("direction", "precision"),
    [(Bidirectional(), "32-true"), (BidirectionalInverse(), "64-true")],
)
def test_the_smallest_weights_can_be_read(make_trainer, direction, precision):
    module = module_of(Metanetwork(Architecture(d=8, direction=direction)))
    networks = with_dying_units()
    make_trainer(max_epochs=2, precision=precision, gradient_clip_val=10).fit(
        module, networks, networks
    )
    assert all(p.isfinite().all() for p in module.parameters())
    assert module.predictions(networks).predicted.isfinite().all()


def test_predictions_of_nan_end_the_run_with_advice(make_trainer):
    module = module_of(Metanetwork(Architecture(d=8, direction=BidirectionalInverse())))
    networks = with_dying_units()
    with pytest.raises(ValueError, match="inverse predicts NaN: .*bidirectional is bounded"):
        make_trainer().fit(module, networks, networks)


@pytest.mark.parametrize(
    ("kind", "activation", "tanh", "found"),
    [(Scale(), nn.ReLU, 0.5, "tanh"), (Sign(), nn.Tanh, 0.5, "relu")],
)
def test_activations_without_the_symmetry_are_refused(make_trainer, kind, activation, tanh, found):
    recipe = Metanetwork(Architecture(kind=kind, d=4))
    module = module_of(recipe, graph=graph_of(activation))
    batches = loader_of(batch_of(16, tanh=tanh))
    with pytest.raises(ValueError, match=f"the zoo has {found} networks, and ScaleGMN"):
        make_trainer().fit(module, batches, batches)


def test_evaluation_leaves_the_module_as_it_was():
    module = module_of(StatNN(d=8, dropout=0.5)).train()
    batches = loader_of(batch_of(4))
    first, second = (module.predictions(batches).predicted for _ in range(2))
    assert torch.equal(first, second) and module.training and module.predictor.training


def test_a_predictor_goes_on_from_its_file(tmp_path):
    file = str(tmp_path / "predictor.safetensors")
    trained = AccuracyPredictor(StatNN(d=8), graph_of())
    save_predictor(file, trained, {})
    net = SmallCNN(1, 3, width=4)
    loaded = build_or_load(Metanetwork(), network=net, image_shape=(1, 32, 32), weights=file)
    assert loaded.recipe == trained.recipe and loaded.training
    for name, parameter in trained.named_parameters():
        assert torch.equal(loaded.get_parameter(name), parameter)
    new = build_or_load(StatNN(d=4), network=net, image_shape=(1, 32, 32), weights=None)
    assert new.recipe == StatNN(d=4) and new.graph == graph_of()
    save_predictor(file, AccuracyPredictor(Metanetwork(Architecture(d=4)), graph_of()), {})
    other = SmallCNN(1, 10, width=4)
    with pytest.raises(ValueError, match="predictor.weights=.*3 outputs.*got one with .*10 out"):
        build_or_load(StatNN(), network=other, image_shape=(1, 32, 32), weights=file)


def test_a_recipe_that_does_not_count_is_named(tmp_path, caplog):
    file, net = str(tmp_path / "predictor.safetensors"), SmallCNN(1, 3, width=4)
    save_predictor(file, AccuracyPredictor(StatNN(d=4), graph_of()), {})
    build_or_load(StatNN(d=4), network=net, image_shape=(1, 32, 32), weights=file)
    assert not caplog.messages
    build_or_load(Metanetwork(), network=net, image_shape=(1, 32, 32), weights=file)
    (message,) = caplog.messages
    assert file in message and "StatNN" in message and "model/reader=" in message


def test_the_squared_error_is_that_of_the_sigmoid():
    logit, label = torch.tensor([0.0, 2.0]), torch.tensor([0.5, 1.0])
    expected = (torch.sigmoid(torch.tensor(2.0)) - 1) ** 2 / 2
    torch.testing.assert_close(SquaredError()(logit, label), expected)


def test_only_the_reader_is_compiled_on_demand():
    plain = module_of(StatNN(d=8))
    compiled = Predictor(
        AccuracyPredictor(StatNN(d=8), graph_of()),
        loss=SquaredError(),
        optimizer=adamw,
        compile={"backend": "eager"},
    )
    assert compiled.predictor.reader._compiled_call_impl is not None
    assert plain.predictor.reader._compiled_call_impl is None
    assert compiled.state_dict().keys() == plain.state_dict().keys()


def test_a_conservative_one_promises_less_where_an_optimiser_has_been(make_trainer):
    visited = batch_of(8, seed=5, sparsity=0.9).parameters
    batches = loader_of(*(batch_of(32, seed=seed) for seed in range(5)))
    promised = []
    for weight in (0.0, 0.5):
        torch.manual_seed(0)
        predictor = AccuracyPredictor(StatNN(d=32), graph_of())
        module = ConservativePredictor(
            predictor, visited=visited, weight=weight, loss=SquaredError(), optimizer=adamw
        )
        batch = batch_of(32)
        above = predictor(module.predictor.graph, visited).mean() - module(batch).sigmoid().mean()
        plain = module.loss(module(batch), batch.label)
        assert_close(module.training_loss(batch), plain + weight * above)
        make_trainer(max_epochs=10).fit(module, batches, batches)
        promised.append(float(predictor(predictor.graph, visited).mean().detach()))
    assert promised[1] < promised[0] - 0.05


def test_a_negative_weight_is_refused():
    predictor = AccuracyPredictor(StatNN(d=8), graph_of())
    with pytest.raises(ValueError, match="^guard.weight must be"):
        ConservativePredictor(
            predictor, visited={}, weight=-1.0, loss=SquaredError(), optimizer=adamw
        )
