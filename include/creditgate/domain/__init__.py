"""Pure values: what a record, a batch, a finding and a verdict are. Imports nothing of ours."""
