"""What goes on behind the pages: messages to the bot, messages to the channels, things that are due."""
