"""The whole way from a trial to a model, its report, and the retraining loop."""
