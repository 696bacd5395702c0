"""Fits the survival model of the field trial, judges it and keeps it in DVC."""
