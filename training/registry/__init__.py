"""The versions of the model: publish one, or put an earlier one back."""
