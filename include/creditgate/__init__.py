"""creditgate: a credit platform notice as a data pipeline."""
