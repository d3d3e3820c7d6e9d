import pytest

from pipelines.notebook import run

OVERRIDES = ("experiment=baseline_magnitude", "data=digits", "debug=smoke")


def test_a_run_of_a_notebook_is_quiet_and_is_read_again(tmp_path, capfd):
    dense = f"paths.dense_dir={tmp_path}/dense"
    results = run(*OVERRIDES, dense, folder=tmp_path / "run")
    assert capfd.readouterr() == ("", "")
    assert (tmp_path / "run" / "pruned_80.safetensors").exists()
    again = run(*OVERRIDES, dense, folder=tmp_path / "run")
    assert again == results
    with pytest.raises(ValueError, match="another config"):
        run(*OVERRIDES, dense, "seed=1", folder=tmp_path / "run")
