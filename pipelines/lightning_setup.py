"""Lightning as a command needs it: quiet, and without a hand of its own in SIGTERM."""

import logging
import warnings

# Warnings about what is meant to be so: runs continue, batches are made on the device.
NOISE = ("Checkpoint directory .* exists", ".*does not have many workers", ".*LeafSpec")
HANDLER = "_sigterm_notifier_fn"
LOGGERS = ("lightning.pytorch", "lightning.fabric", "pytorch_lightning")


def prepare_lightning() -> None:
    """Import Lightning and prepare it; changes nothing when it is called again.

    Its tips, such as those about TPUs and paid loggers, are hidden, and its warnings stay. Its own
    handler of SIGTERM ends a run with exit code 0 some time later, and with several processes it
    starts a collective operation from wherever it is called, where the others may not follow.
    """
    from lightning.pytorch.trainer.connectors.signal_connector import _SignalConnector

    # Where a later version has no such method, this does nothing.
    setattr(_SignalConnector, HANDLER, _do_nothing)
    for name in LOGGERS:
        # Here, as Lightning sets its levels when it is imported.
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in NOISE:
        warnings.filterwarnings("ignore", message)


def _do_nothing(*_: object) -> None:
    """The handler that was there before Lightning's is called after this one."""
