"""check: the contract's rules by Great Expectations; gives findings, decides nothing."""
