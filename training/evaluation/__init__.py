"""How good a model is: scores on held-out groups, what it must say, and the gate."""
