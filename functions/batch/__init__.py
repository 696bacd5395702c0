"""Scores a CSV: on this machine row by row of a file, in AWS in batches of a Distributed Map."""
