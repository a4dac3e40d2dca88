"""The web console: static files, and the server that hands them out. It uses the control API and the two APIs, like any client."""
