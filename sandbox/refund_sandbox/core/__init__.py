"""Mechanisms that every API uses: spec, validation, pipeline, faults, webhooks, journal, workspaces. Knows no API by name."""
