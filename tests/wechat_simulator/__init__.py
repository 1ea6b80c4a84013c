"""WeChat's servers and its customers' phones on loopback: the official account and WeCom customer service.

Written from Tencent's documents, apart from what it is held against: it signs, encrypts and counts by code of its own.
It keeps books of what every phone showed, which callbacks were lost, and how often a quota was exceeded.
"""
