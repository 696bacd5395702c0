"""The commands of `python -m training`: each parses, calls and tells, and no more."""
