"""Lambda's arm64 has no /sys/devices/system/cpu/possible, on which ONNX Runtime once aborted.

Here the files are hidden from the handler on this machine's own processor, in a mount namespace.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CPU = Path("/sys/devices/system/cpu")
HIDE = ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs none {CPU} && exec "$@"', "sh")
HANDLER = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
hidden = not Path("/sys/devices/system/cpu/possible").exists()
from functions.api.handler import handler
event = json.loads(Path(sys.argv[1]).read_text())
answer = handler(event, SimpleNamespace(aws_request_id="id"))
print(json.dumps({"hidden": hidden, "status": answer["statusCode"]}), file=sys.stderr)
"""


def test_the_handler_serves_without_the_kernel_s_list_of_processors(
    root: Path, seedlings: str
) -> None:
    if not (CPU / "possible").exists() or not shutil.which("unshare"):
        pytest.skip("there is no list of processors to hide, or no unshare")
    may = subprocess.run([*HIDE, "true"], capture_output=True, check=False)
    if may.returncode:
        pytest.skip("this user may not make a mount namespace")
    done = subprocess.run(
        [*HIDE, sys.executable, "-c", HANDLER, "tests/events/predict.json"],
        cwd=root,
        env={**os.environ, "LOG_LEVEL": "ERROR", "MODEL_PATH": seedlings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stderr.splitlines()[-1]) == {"hidden": True, "status": 200}
