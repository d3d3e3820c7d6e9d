"""End a command on Ctrl-C, SIGTERM or SIGHUP within seconds, also when its main thread hangs."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

# How long a command may take to end by itself.
GRACE_SECONDS = 5.0
NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Ending:
    """The signal that a command got, if any, and what it says at its end.

    Attributes:
        number: of the first signal.
        last_words: a line for the user that names the command that continues.
        is_waiting: whether a signal has arrived and the main thread is given time to end.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.last_words: str | None = None
        self.is_waiting = False
        self._over = threading.Event()

    def interrupt(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: the first raises KeyboardInterrupt, those after it change nothing.

        Some send it twice, to the process and to its group.
        """
        if self.number is None:
            self.number = number
            raise KeyboardInterrupt

    def watch(self, stream: socket.socket, numbers: Collection[int]) -> None:
        """Wait for a signal, and end the process if its main thread does not.

        A thread of its own runs this: Python handles signals in the main thread only, which never
        comes to it while it waits for another process in a collective operation.

        Args:
            stream: gets the number of every signal that Python handles.
            numbers: those that end the command.
        """
        with stream:
            while (received := stream.recv(1)) and received[0] not in numbers:
                pass
            self.is_waiting = bool(received)
            # The stream stays open: Python writes the numbers of later signals, too.
            if received and not self._over.wait(GRACE_SECONDS):
                if self.last_words:
                    with suppress(OSError):
                        os.write(2, f"{self.last_words}\n".encode())
                os._exit(128 + received[0])

    def stop_watching(self) -> None:
        """Leave the rest to the main thread."""
        self._over.set()


_current: Ending | None = None


def current_ending() -> Ending:
    """That of the running command; one that nobody reads where no command is running."""
    return _current or Ending()


@contextmanager
def interrupted_by_signals() -> Iterator[Ending]:
    """Let signals raise KeyboardInterrupt in the main thread, and end the process if that hangs.

    Signals that are ignored, as under ``nohup``, or handled by somebody else stay so.
    """
    global _current
    if threading.current_thread() is not threading.main_thread():
        yield Ending()
        return
    ending = Ending()
    candidates = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    free = (signal.SIG_DFL, signal.default_int_handler)
    before = {n: signal.getsignal(n) for n in candidates if signal.getsignal(n) in free}
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    arguments = (reader, before.keys())
    threading.Thread(target=ending.watch, args=arguments, daemon=True, name="signals").start()
    old = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    for number in before:
        signal.signal(number, ending.interrupt)
    outer, _current = _current, ending
    try:
        yield ending
    finally:
        _current = outer
        signal.set_wakeup_fd(old)
        ending.stop_watching()
        for number, handler in before.items():
            signal.signal(number, handler)
        writer.close()


def _forget_in_child() -> None:
    """Let a forked process, such as a data loader's worker, end by itself, not the command."""
    global _current
    ending, _current = _current, None
    if ending is None:
        return
    # The socket is the parent's, too.
    signal.set_wakeup_fd(-1)
    for number in (getattr(signal, name) for name in NAMES):
        if signal.getsignal(number) == ending.interrupt:
            is_ctrl_c = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_ctrl_c else signal.SIG_DFL)


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget_in_child)
