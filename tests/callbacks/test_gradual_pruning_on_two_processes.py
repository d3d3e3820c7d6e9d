import json

from tests.callbacks.two_processes import outputs_of_two

# Every rank scores the network in its own way.
SCRIPT = """
import json, os, sys
import lightning as L, torch
from functools import partial
from torch import nn
from torch.optim import AdamW
from callbacks import GradualPruning
from scalegmn.pruning import random
from tests.callbacks.conftest import Plain, batches

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 4))
score = partial(random, seed=int(os.environ["RANK"]))
files = {s: f"{sys.argv[1]}/{s}.safetensors" for s in (0.3, 0.5)}
pruning = GradualPruning(score, sparsity=0.5, milestones=files, every_n_steps=2)
trainer = L.Trainer(accelerator="cpu", devices=2, strategy="ddp", logger=False, max_epochs=2,
    enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    num_sanity_val_steps=0, callbacks=[pruning])
trainer.fit(Plain(net, partial(AdamW, lr=1e-2, weight_decay=0.1)), batches(6, 0), batches(2, 1))
kept = {name: p.ne(0).tolist() for name, p in net.named_parameters() if p.ndim > 1}
mask = {n: k.tolist() for n, k in pruning.mask.keep.items()}
print("result", json.dumps([kept, mask, pruning.epochs, net[0].weight.sum().item()]))
"""


def test_masks_are_those_of_the_first_rank_everywhere(tmp_path):
    first, second = (json.loads(text) for text in outputs_of_two(SCRIPT, tmp_path))
    assert first == second
    kept, mask, epochs, _ = first
    assert mask == kept and epochs == {"0.3": 1}
    flat = [entry for rows in kept.values() for row in rows for entry in row]
    assert len(flat) == 144 and sum(flat) == 72
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"0.3.safetensors", "0.5.safetensors"}
