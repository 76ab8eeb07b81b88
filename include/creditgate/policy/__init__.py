"""The only reader of expectations/, of the provider registry and of the seeds that rules derive from."""
