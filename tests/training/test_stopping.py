"""Signals stop a run politely while it heeds them, and only then."""

import os
import signal
import subprocess
import sys

from omnipersona.training.trainers.stopping import heeding_signals, is_asked_to_stop


def test_a_signal_only_asks_and_is_forgotten_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with heeding_signals():
        assert not is_asked_to_stop()
        os.kill(os.getpid(), signal.SIGTERM)
        assert is_asked_to_stop()
    assert not is_asked_to_stop()
    assert signal.getsignal(signal.SIGTERM) is before


def test_signals_are_passed_on() -> None:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as child:
        with heeding_signals([child.pid]):
            os.kill(os.getpid(), signal.SIGTERM)
        assert child.wait(30) == -signal.SIGTERM
