import pytest

from reporting import Run
from reporting.networks import tabulate
from reporting.training import histories, plot_training


def write(folder, losses, header="epoch,step,train/loss,val/loss"):
    folder.mkdir()
    lines = [f"{epoch},{epoch},{loss},{2 * loss}" for epoch, loss in enumerate(losses)]
    (folder / "metrics.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder


@pytest.fixture
def runs(run, tmp_path):
    losses = {1: (4, 2), 2: (2, 2)}
    return [Run(run(s), folder=write(tmp_path / str(s), ls)) for s, ls in losses.items()]


def test_lines_are_means_over_runs_and_bands_deviations(runs):
    train, val = plot_training(tabulate(runs)).axes
    assert [list(axes.get_lines()[0].get_ydata()) for axes in (train, val)] == [[3, 2], [6, 4]]
    assert len(train.collections) == 1
    (text,) = val.get_legend().get_texts()
    assert text.get_text() == "magnitude (2 runs)"


def test_runs_of_several_methods_count_for_their_own_one_only(runs, run, tmp_path):
    other = Run(run(3, method="snip"), folder=write(tmp_path / "3", (1, 1)))
    (section,) = tabulate([*runs, other])
    assert [history.name for history in histories(section)] == ["magnitude", "snip"]


@pytest.mark.parametrize("header", ["epoch,step,other,val/loss", "a,b,c,d"])
def test_files_without_these_losses_are_left_out(run, tmp_path, header):
    folder = write(tmp_path / "run", (1, 1), header)
    assert plot_training(tabulate([Run(run(), folder=folder), Run(run(2))])) is None
