import pickle

import pytest
import torch
from torch import nn

from scalegmn.formats import load_state
from scalegmn.targets import VGG, SmallCNN


@pytest.fixture
def cnn():
    return SmallCNN()


def same(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], t) for name, t in two.items())


def prefixed(prefix, state):
    return {f"{prefix}{name}": t for name, t in state.items()}


def test_a_state_dict_may_be_bare_or_nested(tmp_path, cnn):
    state, path = cnn.state_dict(), tmp_path / "net.pt"
    for content in (state, {"state_dict": state}, {"epoch": 5, "model_state_dict": state}):
        torch.save(content, path)
        assert same(load_state(path, SmallCNN()), state)


@pytest.mark.parametrize("zipped", [True, False])
def test_the_published_vgg_format(tmp_path, zipped):
    vgg = VGG(11)
    features = prefixed("features.module.", vgg.features.state_dict())
    classifier = prefixed("classifier.", vgg.classifier.state_dict())
    content = {"epoch": 300, "state_dict": features | classifier, "best_prec1": 92.4}
    path = tmp_path / "model_best_cpu.pth.tar"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert same(load_state(path, VGG(11)), vgg.state_dict())


@pytest.mark.parametrize("owner", ["net.", "target.", "module.", "_orig_mod.", "net._orig_mod."])
def test_prefixes_of_wrappers_are_dropped_with_their_siblings(tmp_path, cnn, owner):
    state = prefixed(owner, cnn.state_dict())
    if owner.startswith(("net", "target")):
        state |= {"critic.weight": torch.ones(3), "test_accuracy.count": torch.tensor(3)}
    torch.save({"state_dict": state, "hyper_parameters": {"lr": 0.1}}, tmp_path / "last.ckpt")
    assert same(load_state(tmp_path / "last.ckpt", SmallCNN()), cnn.state_dict())


def test_a_network_may_itself_have_a_part_called_module(tmp_path):
    net = nn.ModuleDict({"module": nn.Linear(2, 3), "net": nn.Linear(3, 2)})
    torch.save(net.state_dict(), tmp_path / "net.pt")
    assert same(load_state(tmp_path / "net.pt", net), net.state_dict())


def test_missing_and_unknown_names_are_listed(tmp_path, cnn):
    state, path = cnn.state_dict(), tmp_path / "net.pt"
    torch.save({name: t for name, t in state.items() if "features" not in name}, path)
    with pytest.raises(ValueError, match=r"lacks features\.0\.weight, .* and 3 more; is it"):
        load_state(path, cnn)
    torch.save({**state, "head.weight": torch.ones(1)}, path)
    with pytest.raises(ValueError, match=r"has head\.weight, unknown to the network"):
        load_state(path, cnn)


def test_numbers_of_another_kind_are_refused(tmp_path, cnn):
    path = tmp_path / "net.pt"
    for dtype in (torch.int64, torch.complex64):
        torch.save({**cnn.state_dict(), "fc.bias": torch.ones(10, dtype=dtype)}, path)
        with pytest.raises(ValueError, match=f"fc.bias has dtype {dtype}, expected torch.float32"):
            load_state(path, cnn)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32(tmp_path, cnn, dtype):
    torch.save(cnn.to(dtype).state_dict(), tmp_path / "net.pt")
    loaded = load_state(tmp_path / "net.pt", SmallCNN())
    assert same(loaded, {name: t.float() for name, t in cnn.state_dict().items()})


def test_batch_norm_counters_stay_integers_and_may_be_missing(tmp_path):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    net(torch.randn(2, 1, 5, 5))
    state = net.state_dict()
    torch.save(state, tmp_path / "net.pt")
    fresh = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    assert same(load_state(tmp_path / "net.pt", fresh), state)
    torch.save({n: t for n, t in state.items() if "batches" not in n}, tmp_path / "old.pt")
    assert same(load_state(tmp_path / "old.pt", net), state)


def test_what_is_read_does_not_share_memory_with_the_network(tmp_path, cnn):
    torch.save(cnn.state_dict(), tmp_path / "net.pt")
    load_state(tmp_path / "net.pt", cnn)["fc.bias"].fill_(7)
    assert not (cnn.fc.bias == 7).any()


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("the file ran code",))


@pytest.mark.parametrize("content", [Bomb(), SmallCNN(), {"state_dict": Bomb()}])
def test_pickled_objects_are_refused_and_not_run(tmp_path, content):
    path = tmp_path / "net.pt"
    torch.save(content, path)
    with pytest.raises(ValueError, match=r"or it holds other objects than tensors") as error:
        load_state(path, SmallCNN())
    assert "\n" not in str(error.value)
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=r"or it holds other objects than tensors"):
        load_state(path, SmallCNN())


def test_a_file_without_a_state_dict_is_refused(tmp_path):
    torch.save([torch.ones(3)], tmp_path / "net.pt")
    with pytest.raises(ValueError, match="expected a state dict, got list"):
        load_state(tmp_path / "net.pt", SmallCNN())
