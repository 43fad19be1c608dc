"""The block document: what pages and mail are made of. Schema, themes, operations, rendering."""
