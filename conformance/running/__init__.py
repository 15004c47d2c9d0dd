"""Running laws: how many cases, the same ones every time, in one process or several, and what they came
to.
"""
