"""The web chat: a page, a script that embeds it, messages up and server-sent events down."""
