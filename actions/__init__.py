"""Everything that is done on a case, whoever triggers it: commands, connectors, words."""
