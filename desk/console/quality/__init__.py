"""The pages of quality: what the numbers say, each with its picture and its table."""
