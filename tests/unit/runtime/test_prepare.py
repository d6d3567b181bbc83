"""Types are learnt before threads need them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys, threading
sys.setswitchinterval(1e-5)  # threads meet at every step
import msgspec
import gateway.bootstrap
from contracts.signaal import Signaal
from gateway.runtime.prepare import prepare_types
from tests.builders import a_signaal

document = msgspec.to_builtins(a_signaal())
assert prepare_types() > 100
begin = threading.Barrier(8)

def decode():
    begin.wait()
    assert msgspec.convert(document, Signaal, strict=False) == a_signaal()

threads = [threading.Thread(target=decode) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_that_decode_a_type_for_the_first_time_at_once_do_not_end_the_process() -> None:
    """Without preparing them nine of ten such processes end with SIGSEGV."""
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
