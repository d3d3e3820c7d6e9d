"""Evaluate an editor of INRs from its file."""

from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.table import Table

from datamodules.inrs import INRs
from datamodules.preparation import prepare
from pipelines.config_check import check_config
from pipelines.editing import check_images, edit_errors, example_figure
from pipelines.execute import console
from pipelines.json_files import write_json
from scalegmn.formats import atomic_path, read_metadata
from scalegmn.inr import INRImageEditor, load_editor


def evaluate_editor(cfg: DictConfig) -> dict[str, Any]:
    """Test the editor of ``cfg.editor``, and write ``evaluation.json`` and ``edited.png``.

    Raises:
        ValueError: if the file is no editor, the data are no INRs with images, or others than the
            editor reads.
        FileNotFoundError: if the file or the data are not there.
    """
    check_config(cfg)
    editor = load_editor(cfg.editor)
    data = instantiate(cfg.data, _convert_="all")
    if not isinstance(data, INRs):
        raise ValueError("an editor reads INRs: give data=inrs, and data.folder=FOLDER")
    prepare(data)
    data.setup()
    check_images(data)
    _check_fits(editor, data, cfg.editor)
    loader = data.test_dataloader()
    evaluation = {
        "editor": str(cfg.editor),
        "trained_on": read_metadata(cfg.editor).get("dataset"),
        "dataset": data.name,
        "data_note": data.data_note,
        "reader": editor.config.name,
        "edit": type(editor.edit).__name__.lower(),
        **{f"test_{name}": value for name, value in edit_errors(editor, loader).items()},
        "parameters": sum(p.numel() for p in editor.parameters()),
    }
    folder = Path(cfg.paths.run_dir)
    title = f"{editor.config.name} on {data.name}"
    figure = example_figure(editor, next(iter(loader)), title)
    with atomic_path(folder / "edited.png") as temporary:
        figure.savefig(temporary, dpi=150)
    write_json(folder / "evaluation.json", evaluation)
    table = Table(title=title, show_header=False)
    for name, value in evaluation.items():
        if value is not None:
            table.add_row(name, f"{value:.4e}" if isinstance(value, float) else str(value))
    console().print(table)
    return evaluation


def _check_fits(editor: INRImageEditor, data: INRs, file: str) -> None:
    own, found = editor.siren.settings(), data.siren.settings()
    if own != found:
        raise ValueError(f"{file} edits SIRENs with {own}, and {data.name} has {found}")
    if editor.image_size != data.image_size:
        raise ValueError(
            f"{file} edits images of {editor.image_size} pixels, and {data.name} has images of "
            f"{data.image_size}"
        )
