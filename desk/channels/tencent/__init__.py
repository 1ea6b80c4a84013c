"""What the official account and WeCom have in common: envelopes, XML, access tokens, error codes."""
