"""Backups: whose turn it is, how one is taken and checked, where it is kept and for how long."""
