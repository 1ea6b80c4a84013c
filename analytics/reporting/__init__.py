"""The monthly report: what the month was like, what the numbers say of it, and what to do next.

One HTML file that holds all it needs and asks nobody for anything, and the same as PDF.
"""
