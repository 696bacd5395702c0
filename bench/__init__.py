"""What `make bench` runs: our handler beside a naive peer and a floor, in one run."""
