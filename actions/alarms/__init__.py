"""Alarms: what somebody must look at soon (crisis view)."""
