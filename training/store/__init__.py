"""The remote of the outputs: pull, push, verify and repair them, wherever DVC keeps them."""
