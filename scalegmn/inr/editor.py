"""An editor of INRs: a module that rewrites SIRENs so that their images are edited."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from scalegmn.formats import load_state, read_metadata, save_network
from scalegmn.graph import NetworkGraph
from scalegmn.inr.editors import EditorConfig
from scalegmn.inr.edits import Edit
from scalegmn.inr.grid import pixel_grid
from scalegmn.predictor.description import describe, restore
from scalegmn.predictor.untrusted import count_values
from scalegmn.targets import Siren

# Of a SIREN in a file: no width or image is larger.
LARGEST = 4096


class INRImageEditor(nn.Module):
    r"""The images of edited INRs: :math:`u_{\theta + f(G, \theta)}` on a grid.

    Args:
        config: of the operator.
        siren: the architecture of the INRs; its own parameters are not used.
        image_size: height and width of the images.
        edit: that is learnt; only named in files.

    Attributes:
        operator: maps ``(graph, θ)`` to new parameters.
        graph: of the INRs, with sign symmetry.
    """

    grid: Tensor

    def __init__(self, config: EditorConfig, siren: Siren, image_size: int, edit: Edit) -> None:
        super().__init__()
        self.config = config
        # In a tuple: its parameters are none of the editor's.
        self._siren = (siren,)
        self.image_size = image_size
        self.edit = edit
        self.graph = siren_graph(siren)
        self.operator = config.build(self.graph)
        self.register_buffer("grid", pixel_grid(image_size, image_size), persistent=False)

    @property
    def siren(self) -> Siren:
        """The architecture of the INRs."""
        return self._siren[0]

    def forward(self, params: Mapping[str, Tensor]) -> Float[Tensor, "*batch c h w"]:
        """The images of edited INRs, values not clamped."""
        return self.render(self.operator(self.graph, params))

    def examples(
        self, params: Mapping[str, Tensor], images: Float[Tensor, "n c h w"]
    ) -> dict[str, Float[Tensor, "n c h w"]]:
        """Images by kind: those that the INRs were fitted to, INRs, targets, edited INRs."""
        return {
            "original": images,
            "INR": self.render(params),
            "target": self.edit(images),
            "edited INR": self(params),
        }

    def render(self, params: Mapping[str, Tensor]) -> Float[Tensor, "*batch c h w"]:
        """The images of INRs as they are."""
        values = self.siren.evaluate(params, self.grid)
        return values.mT.unflatten(-1, (self.image_size, self.image_size))


def siren_graph(siren: Siren) -> NetworkGraph:
    """The graph of a SIREN; input nodes have the feature 1, as in published INR graphs."""
    return NetworkGraph.from_module(siren, torch.zeros(1, 2), input_feature=1.0)


def save_editor(
    path: str | os.PathLike[str], editor: INRImageEditor, metadata: Mapping[str, str]
) -> None:
    """Write an editor with all that is needed to build it again, whole or not at all.

    Args:
        path: ends in ``.safetensors``.
        editor: the editor.
        metadata: more about it, such as the INRs that it was trained on.

    Raises:
        ValueError: if the format does not know a part of it.
    """
    own = {
        "editor": describe(editor.config),
        "edit": describe(editor.edit),
        "siren": json.dumps(editor.siren.settings()),
        "image_size": str(editor.image_size),
    }
    save_network(path, editor.operator.state_dict(), {**metadata, **own})


def load_editor(path: str | os.PathLike[str]) -> INRImageEditor:
    """The editor in a file, in float32 on the CPU, ready to edit.

    The file is not trusted: it can choose among the parts that this project knows, with values of
    their types, and nothing is built that is larger than the file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: in one line, if it is damaged, or not the file of an editor.
    """
    metadata = read_metadata(path)
    if "editor" not in metadata:
        raise ValueError(
            f"{path}: no editor; expected the editor.safetensors of a run of "
            "`python train.py experiment=inr_edit`"
        )
    try:
        config, edit = restore(metadata["editor"]), restore(metadata["edit"])
        siren, size = _siren(json.loads(metadata["siren"])), int(metadata["image_size"])
        if not (isinstance(config, EditorConfig) and isinstance(edit, Edit) and 0 < size < LARGEST):
            raise ValueError("its metadata describe something else")
        least, values = config.least_parameters(siren_graph(siren)), count_values(path)
        if least > values:
            raise ValueError(f"it has more than {least} parameters, and the file holds {values}")
    except (ValueError, KeyError) as error:
        raise ValueError(f"{path}: made by another version of this project ({error})") from error
    editor = INRImageEditor(config, siren, size, edit)
    editor.operator.load_state_dict(load_state(Path(path), editor.operator))
    return editor.eval()


def _siren(settings: Any) -> Siren:
    if not isinstance(settings, dict) or not isinstance(settings["hidden"], list):
        raise ValueError("its SIREN is not described")
    hidden, channels = settings["hidden"], settings["channels"]
    if not hidden or not all(isinstance(n, int) and 0 < n < LARGEST for n in (*hidden, channels)):
        raise ValueError("its SIREN has no layers, or too large ones")
    return Siren(channels, hidden, w0=float(settings["w0"]))
