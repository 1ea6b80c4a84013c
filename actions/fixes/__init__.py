"""Customers whose complaint led to a proven fix are told of it (domain.md section 7; S3's airline)."""
