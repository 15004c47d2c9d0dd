"""The laws of the level `document`: what the tutorial says and shows."""
