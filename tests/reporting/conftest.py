import pytest

from reporting import DenseRow, PrunedRow, Results

OF_ROWS = (
    *("val_loss", "test_acc_before_finetune", "weight_sparsity", "parameter_sparsity"),
    *("finetune_lr", "finetune_rates", "finetune_lr_at_edge", "epochs_before_finetune"),
)


@pytest.fixture
def run():
    """Makes results of a run that pruned one network once."""

    def make(
        seed=42,
        *,
        method="magnitude",
        sparsity=0.9,
        test_acc=0.4,
        dense_acc=0.57,
        dense_hash=None,
        parameters=None,
        **options,
    ):
        row = {key: options.pop(key) for key in OF_ROWS if key in options}
        saw_validation = options.pop("saw_validation", False)
        dense = DenseRow(
            test_acc=dense_acc,
            saw_validation=saw_validation,
            hash=dense_hash,
            parameters=parameters,
        )
        return Results(
            **{"experiment": "e", "target": "small_cnn", "dataset": "cifar10_gray"} | options,
            seed=seed,
            method=method,
            dense=dense,
            pruned=(PrunedRow(sparsity=sparsity, test_acc=test_acc, **row),),
        )

    return make
