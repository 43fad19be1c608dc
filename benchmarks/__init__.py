"""Runnable measurements against named baselines; `make bench NAME=page` runs one, QUICK=1 a shorter round."""
