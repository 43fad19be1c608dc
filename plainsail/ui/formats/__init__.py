"""How dates and times are written where Django's own formats are not ours; named by FORMAT_MODULE_PATH."""
