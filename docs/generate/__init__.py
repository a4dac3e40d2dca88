"""Generator of the reference pages: each page says what the code and a running sandbox say."""
