"""The firm's systems over HTTP; what they must do is written in docs/connectors.md."""
