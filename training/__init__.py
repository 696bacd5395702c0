"""Fits the survival model of a study, judges it and keeps it in DVC."""

import os

# ONNX Runtime's Linux wheels write a device id and report to their maker from the moment they
# are imported, unless this is set in the environment before.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
