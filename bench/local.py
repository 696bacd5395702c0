"""Our app as uvicorn loads it."""

from functions.api.app import create_app
from functions.artefact import read_artefact
from functions.scoring import Scorer
from functions.settings import read_settings

app = create_app(Scorer(read_artefact(read_settings().model)))
