"""The model: from seedlings to person-periods, hazards, survival curves and the ONNX graph."""
