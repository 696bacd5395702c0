"""`python -m functions.api --model model --port 8000`: the same app on this machine."""

from __future__ import annotations

import argparse
import json
import shlex
import socket
import sys
from pathlib import Path

import uvicorn

from functions.api.app import create_app
from functions.api.description import openapi_json
from functions.artefact import Artefact, read_artefact
from functions.errors import ServingError
from functions.scoring import Scorer
from functions.settings import read_settings
from functions.telemetry import Terminal


class _Server(uvicorn.Server):
    """A server that says where it is once it listens."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._greeting, flush=True)


def main() -> int:
    """Serves until Ctrl-C; 1 with one clear line where it can't start."""
    parser = argparse.ArgumentParser(prog="python -m functions.api", description=__doc__)
    parser.add_argument("--model", type=Path, help="folder of the model (default: MODEL_PATH)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, default=8000, help="0: any free one")
    parser.add_argument("--records", type=Path, help="folder to record predictions and outcomes in")
    parser.add_argument("--openapi", action="store_true", help="print the description, and end")
    arguments = parser.parse_args()
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    try:
        settings = read_settings(model=arguments.model)
        scorer = Scorer(read_artefact(settings.model))
        if arguments.openapi:
            print(openapi_json(create_app(scorer)))
            return 0
        family = socket.AF_INET6 if ":" in arguments.host else socket.AF_INET
        listening = socket.create_server((arguments.host, arguments.port), family=family)
        # Disable Nagle: a response must not wait for the previous ACK.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except ServingError as error:
        sys.stderr.write(f"can't serve: {error}\n")
        return 1
    except OSError as error:
        why = str(error.strerror).partition(" (")[0]  # what follows repeats the address
        remedy = "try another --port, or a --host of this machine"
        sys.stderr.write(f"can't serve: {host}:{arguments.port}: {why}; {remedy}\n")
        return 1
    terminal = Terminal(arguments.records, scorer.artefact.version)
    app = create_app(scorer, terminal, settings.cors_origin)
    config = uvicorn.Config(app, log_level="warning", lifespan="off")
    # An address of all interfaces is one to listen on, not one to call.
    called = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    address = f"http://{called}:{listening.getsockname()[1]}"
    _Server(config, _greeting(scorer.artefact, address)).run(sockets=[listening])
    return 0


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 65535")
    return int(text)


def _greeting(artefact: Artefact, address: str) -> str:
    mark = "SIMULATED data, " if artefact.source == "simulated" else ""
    body = shlex.quote(json.dumps(artefact.example))
    return (
        f"Serving {address} ({mark}model {artefact.version}; Ctrl-C ends it). Try: "
        f"curl {address}/v1/predict -H 'content-type: application/json' -d {body}"
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
