"""The rules of complaint handling: pure Python, no clock, no framework, no input or output."""
