"""Web console: static files that call the control API and the APIs like any client, and the code that serves them."""
