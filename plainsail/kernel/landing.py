"""How rows land: the order of the columns in a line, which the edge writes and `tracking` reads."""

COLUMNS = (
    *("id", "at", "visitor_id", "ip", "referrer", "user_agent", "payload"),
    *("workspace_id", "kind", "contact_id", "delivery_id", "page_id", "host", "path", "url"),
)
COPY = f"COPY tracking_landing ({', '.join(COLUMNS)}) FROM STDIN"
"""Takes lines of PostgreSQL's COPY text format, tabs between, a newline at the end of each."""
