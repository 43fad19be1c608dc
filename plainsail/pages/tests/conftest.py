"""A browser for the tests of the editor."""
