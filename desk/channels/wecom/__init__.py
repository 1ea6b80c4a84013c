"""WeCom customer service (微信客服)."""
