"""The declaration of a study, and the table of its subjects."""
