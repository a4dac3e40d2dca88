"""WordPress around the plugin: routing, users, the reading of requests and the headers of replies."""
