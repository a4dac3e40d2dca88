"""Command line: `serve`, `check`, `demo`, and the commands that talk to a running sandbox."""
