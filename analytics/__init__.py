"""From outcomes to proven improvement: counts, sigma levels and what is read from them."""
