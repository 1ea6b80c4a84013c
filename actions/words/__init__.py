"""The words sent to customers, from the firm's catalogues, in one voice for bot, timers and staff."""
