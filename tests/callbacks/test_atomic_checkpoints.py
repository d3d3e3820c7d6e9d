import pytest
import torch

from callbacks.atomic_checkpoints import AtomicCheckpoints


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(tmp_path):
    file = tmp_path / "last.ckpt"
    writer = AtomicCheckpoints()
    writer.save_checkpoint({"epoch": 1}, file)
    with pytest.raises(Exception, match="pickle"):
        writer.save_checkpoint({"epoch": lambda: 2}, file)
    assert torch.load(file, weights_only=True) == {"epoch": 1}
    assert [f.name for f in tmp_path.iterdir()] == ["last.ckpt"]
