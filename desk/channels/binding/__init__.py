"""Pages of a link that binds who opens it: consent, the way to WeChat, and what came of it."""
