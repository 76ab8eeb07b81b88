"""The commands of `creditgate` that have a subject of their own, and what all commands share."""
