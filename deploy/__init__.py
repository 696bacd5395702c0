"""Releases: building, bringing out and checking one, the history, the way back."""
