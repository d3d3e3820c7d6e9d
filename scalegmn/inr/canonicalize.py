"""Write INRs with canonical phases: ``python -m scalegmn.inr.canonicalize FOLDER TARGET``.

FOLDER is in the layout of mnist-inrs, fmnist_inrs or siren_cifar_wts. TARGET gets the same files,
phases in canonical form; those that have a label keep it. ``data.canonical=true`` does the same on
reading and needs no copy.
"""

import argparse
from pathlib import Path

import torch

from scalegmn.formats.folders import existing_folder
from scalegmn.formats.paths import expand_home
from scalegmn.inr.checkpoints import (
    Checkpoint,
    find_checkpoints,
    read_checkpoints,
    write_checkpoint,
)
from scalegmn.inr.phases import canonical_phases
from scalegmn.targets import Siren


def main() -> None:
    """Parse the command line; errors are one line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", help="INRs, a file each")
    parser.add_argument("target", help="a new folder")
    parser.add_argument("--hidden", type=int, nargs="+", default=[32, 32], help="default: 32 32")
    parser.add_argument("--channels", type=int, default=1, help="of the images; default: 1")
    parser.add_argument("--w0", type=float, default=30.0, help="frequency; default: 30")
    args = parser.parse_args()
    try:
        siren = Siren(args.channels, args.hidden, w0=args.w0)
        canonicalize(args.folder, args.target, siren)
    except (OSError, ValueError) as error:
        parser.exit(1, f"error: {' '.join(str(error).split())}\n")


def canonicalize(folder: str | Path, target: str | Path, siren: Siren) -> None:
    """Write every INR of a folder into another, with canonical phases; what is there stays.

    Args:
        folder: in one of the published layouts.
        target: where the copies go.
        siren: the architecture, with its frequency.

    Raises:
        FileNotFoundError: if the folder has no INRs.
        ValueError: in one line, if one of them is damaged, or the target is the folder itself.
    """
    source, out = existing_folder(folder, "give a folder of INRs"), expand_home(target)
    if source.resolve() == out.resolve():
        raise ValueError(f"{out}: is the folder that is read; give another target")
    for checkpoint in find_checkpoints(source)[0]:
        file = out / checkpoint.path.relative_to(source)
        if not file.exists():
            write_checkpoint(file, _canonical(checkpoint, siren))


def _canonical(checkpoint: Checkpoint, siren: Siren) -> dict[str, torch.Tensor]:
    inrs = read_checkpoints([checkpoint], siren)
    state = {n: p[0] for n, p in canonical_phases(siren, inrs.parameters).items()}
    return state if checkpoint.label is not None else {**state, "label": inrs.label[0]}


if __name__ == "__main__":
    main()
