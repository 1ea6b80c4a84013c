"""A made-up history for whoever looks at Amends for the first time, or tests it: seeded, with truths planted in it.

Everything is invented here: people, orders, words. It is written straight to an empty store, as the service would have
left it there, so that every page and command finds something; the improvements in it went through their gates like any
other.
"""
