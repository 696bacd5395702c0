"""Watches, day by day, what is asked of the model and whether it still holds."""
