"""The daily look at the clocks: what is due, what was missed, and what operators have to see to."""

from creditgate.watch.watching import WatchResult, watch

__all__ = ["WatchResult", "watch"]
