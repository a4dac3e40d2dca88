"""Recordings of a live service: the proxy that writes them, their files, and their replay against the sandbox."""
