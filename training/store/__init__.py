"""The outputs' home: pull, push, prove and repair them at any DVC remote."""
