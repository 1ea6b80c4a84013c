"""Improvement as S0 describes it: small rounds (PDCA), large ones (DMAIC), and gates that look at data."""
