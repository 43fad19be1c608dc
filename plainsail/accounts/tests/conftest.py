"""A browser for the tests of signing in."""
