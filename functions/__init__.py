"""What runs in Lambda: reads `model/` and answers requests."""
