"""One folder a channel: how messages come in and go out."""
