"""screen: bytes to a decoded table of known columns, or a blocked batch; keeps no prohibited value."""
