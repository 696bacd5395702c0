"""Our app as uvicorn loads it."""

from functions import artefact, settings
from functions.api.app import create_app
from functions.scoring import Scorer

app = create_app(Scorer(artefact.read(settings.read().model)))
