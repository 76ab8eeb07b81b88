"""pull: a waiting feed of a provider becomes a batch in the spool (bytes, SHA-256, manifest)."""
