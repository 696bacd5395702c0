"""The model: from subjects to person-periods, hazards, survival curves and the ONNX graph."""
