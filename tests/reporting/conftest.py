import pytest

from reporting import DenseRow, PrunedRow, Results


@pytest.fixture
def run():
    """Makes a run that pruned one network once."""

    def make(seed=42, *, method="magnitude", sparsity=0.9, test_acc=0.4, dense_acc=0.57, **options):
        row = {"val_loss": None, "test_acc_before_finetune": None}
        row |= {key: options.pop(key) for key in list(options) if key in row}
        return Results(
            **{"experiment": "e", "target": "small_cnn", "dataset": "cifar10_gray"} | options,
            seed=seed,
            method=method,
            dense=DenseRow(test_acc=dense_acc, saw_validation=dense_acc > 0.6),
            pruned=(PrunedRow(sparsity=sparsity, test_acc=test_acc, **row),),
        )

    return make
