"""Check what a config declares about its data against the data."""

from scalegmn.arguments import check_whole


def check_counts(**declared: int) -> None:
    """Check that declared numbers, by their keys below ``data``, are whole and above 0.

    Raises:
        ValueError: naming the first key whose value is not.
    """
    for key, value in declared.items():
        check_whole(f"data.{key}", value)


def check_declared(key: str, declared: object, found: object, where: str) -> None:
    """Check a declared value against the one found in the data.

    Args:
        key: below ``data`` in the config.
        declared: its value there.
        found: what the data have.
        where: names the data.

    Raises:
        ValueError: naming the key, its value, and what was found.
    """
    if declared != found:
        raise ValueError(
            f"data.{key}={declared}, but {where} has {found}: set data.{key}={found}, or choose "
            "other data"
        )
