"""Published data sets and networks: ``python get_data.py NAME ... [--data-dir DIR]``.

Downloads what is missing, with progress; started again, it goes on where it was stopped.
cifar10, svhn_cropped, mnist and fashion_mnist are the Small CNN Zoos (some gigabytes each) with
their split files; mnist-inrs, fmnist_inrs and siren_cifar_wts are INRs; vgg19 is a checkpoint.
"""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from datamodules.sources import SOURCES
from scalegmn.formats.paths import expand_home


def main() -> None:
    """Fetch the named data sets; exit with 0 if all of them are there, 1 if not, 130 on Ctrl-C."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="+", choices=SOURCES, metavar="NAME", help=", ".join(SOURCES)
    )
    default = os.environ.get("SCALEGMN_DATA", "data")
    parser.add_argument("--data-dir", default=default, help="default: SCALEGMN_DATA, else data")
    args = parser.parse_args()
    try:
        failed = [name for name in args.names if not get(name, args.data_dir)]
    except KeyboardInterrupt:
        _error("stopped; the same command goes on")
        sys.exit(130)
    sys.exit(1 if failed else 0)


def get(name: str, data_dir: str | Path) -> bool:
    """Fetch one data set. Errors go to stderr, in one line.

    Returns:
        Whether it is there now.
    """
    try:
        folder = expand_home(data_dir)
        done = [source.get(folder) for source in SOURCES[name]]
    except (OSError, ValueError) as error:
        _error(f"error: {name}: {' '.join(str(error).split())}")
        return False
    state = "is complete" if any(done) else "was there already"
    Console(soft_wrap=True).print(f"{folder / name} {state}", markup=False)
    return True


def _error(message: str) -> None:
    Console(stderr=True, soft_wrap=True).print(message, markup=False, highlight=False)


if __name__ == "__main__":
    main()
