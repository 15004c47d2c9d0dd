"""The laws of the level `mechanics`: the graph machinery behind the document."""
