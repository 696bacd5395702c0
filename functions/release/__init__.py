"""Releases: what one must answer, the check before traffic, bringing it out, the way back."""
