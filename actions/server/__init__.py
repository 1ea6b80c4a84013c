"""The Rasa action server: turns a tracker into a command. The only place that knows rasa-sdk."""
