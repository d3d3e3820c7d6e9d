"""Published data sets and networks: ``python get_data.py NAME ... [--data-dir DIR]``.

Downloads what is not there, with progress; started again, it goes on where it was stopped.
cifar10, svhn_cropped, mnist and fashion_mnist are the Small CNN Zoos (some gigabytes each) with
their split files; mnist-inrs, fmnist_inrs and siren_cifar_wts are INRs; vgg19 is a checkpoint.
"""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from datamodules.sources import SOURCES


def main() -> None:
    """Fetch what was asked for, as far as possible; the exit code tells whether all of it came."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="+", choices=SOURCES, metavar="NAME", help=", ".join(SOURCES)
    )
    default = os.environ.get("SCALEGMN_DATA", "data")
    parser.add_argument("--data-dir", default=default, help="default: SCALEGMN_DATA, else data")
    args = parser.parse_args()
    failed = [name for name in args.names if not get(name, Path(args.data_dir).expanduser())]
    sys.exit(1 if failed else 0)


def get(name: str, data_dir: Path) -> bool:
    """Fetch one of them; whether it is there now."""
    console = Console(soft_wrap=True)
    try:
        done = [source.get(data_dir) for source in SOURCES[name]]
    except (OSError, ValueError) as error:
        console.print(f"error: {name}: {error}", markup=False)
        return False
    console.print(f"{data_dir / name} {'is complete' if any(done) else 'was there already'}")
    return True


if __name__ == "__main__":
    main()
