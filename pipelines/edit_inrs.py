"""Train an editor of INRs."""

from typing import Any

from datamodules.protocols import Kind
from lightning_modules.inr_editor import INREditor
from pipelines.editing import check_images, edit_errors, example_figure
from pipelines.fit import fit_method
from pipelines.limited import limited
from pipelines.results import results_of
from pipelines.run import Run
from pipelines.stage import announced
from pipelines.trial import epoch_reports
from pipelines.visuals import show
from reporting import Results
from scalegmn.inr import save_editor

FILE = "editor.safetensors"


class EditINRs:
    """Train an editor, and measure it on INRs that it has not learnt from."""

    reads: Kind = "inrs"

    def __call__(self, run: Run) -> Results:
        """Train, write ``editor.safetensors``, measure, and draw images side by side.

        Raises:
            ValueError: if the INRs come without images.
        """
        data: Any = run.data
        check_images(data)
        epochs = run.cfg.trainer.max_epochs
        with announced(run.processes, f"editor: training for {epochs} epochs"):
            run.seed()
            module: INREditor = run.build("model")(siren=data.siren, image_size=data.image_size)
            reports = epoch_reports(run, run.cfg.monitor, run.cfg.monitor_mode)
            trainer = fit_method(run, module, callbacks=reports)
            # Lightning leaves it on the CPU.
            editor = module.editor.to(run.processes.root_device)
            errors = {
                split: edit_errors(
                    editor,
                    limited(
                        getattr(data, f"{split}_dataloader")(),
                        getattr(trainer, f"limit_{split}_batches"),
                    ),
                )
                for split in ("val", "test")
            }
        if run.processes.is_first:
            about = {"experiment": run.cfg.name, "dataset": data.name}
            save_editor(run.folder / FILE, editor, about)
        run.processes.barrier()
        results = results_of(
            run,
            method=None,
            target=None,
            setting=editor.config.name,
            metrics={
                **{f"test_{name}": value for name, value in errors["test"].items()},
                "val_loss": errors["val"]["mse"],
                "parameters": sum(p.numel() for p in editor.parameters()),
            },
        )
        batch = next(iter(data.unshared_loader("test")))
        title = f"{editor.config.name} on {data.name}"
        show(run, results, {"edited": example_figure(editor, batch, title)})
        return results
