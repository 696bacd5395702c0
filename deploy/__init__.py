"""Releases: prepare an account, build and deploy an image, test it, list and restore images."""
