"""What the bot does with a message: one command an intent, each inside one turn."""
