"""The edge: owns the port, answers published pages, tracked links, pixels and form posts, and passes the rest to web.

Nothing in this package, and nothing it imports, imports Django.
"""
