"""Ways by which notifications leave the page: e-mail, group robots of WeCom, signed webhooks."""
