"""settle: one transaction that gives every row of a batch its fate, or none."""
