"""The check of a new version before it gets traffic."""
