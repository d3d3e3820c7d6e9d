import json

from tests.callbacks.two_processes import outputs_of_two

# Every rank scores the network in its own way.
SCRIPT = """
import json, os
import lightning as L, torch
from functools import partial
from torch import nn
from torch.optim import AdamW
from callbacks import GradientFreezing, Masking, Thresholding
from scalegmn.pruning import random
from tests.callbacks.conftest import Plain, batches

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 4))
score = partial(random, seed=int(os.environ["RANK"]))
keeping = [Thresholding(score, sparsity=0.5), Masking(), GradientFreezing()]
trainer = L.Trainer(accelerator="cpu", devices=2, strategy="ddp", logger=False, max_epochs=2,
    enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    num_sanity_val_steps=0, callbacks=keeping)
trainer.fit(Plain(net, partial(AdamW, lr=1e-2, weight_decay=0.1)), batches(6, 0), batches(2, 1))
kept = {name: p.ne(0).tolist() for name, p in net.named_parameters() if p.ndim > 1}
masks = [{n: k.tolist() for n, k in c.mask.keep.items()} for c in keeping]
print("result", json.dumps([kept, masks, net[0].weight.sum().item()]))
"""


def test_masks_are_those_of_the_first_rank_everywhere():
    first, second = (json.loads(text) for text in outputs_of_two(SCRIPT))
    assert first == second
    kept, masks, _ = first
    assert masks == [kept] * 3
    flat = [entry for rows in kept.values() for row in rows for entry in row]
    assert len(flat) == 144 and sum(flat) == 72
