"""Metrics of a node for Prometheus: docs/decisions/0032."""
