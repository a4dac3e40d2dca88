"""The web console: static files that use the control API and the two APIs like any client, and what hands them out."""
