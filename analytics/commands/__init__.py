"""The commands of ``python -m analytics``, a module each.

Each has ``add(commands)``, which adds its parser and sets ``run(settings, database, options)``; a command that needs no
store sets ``without_store`` and gets None for it.
"""
