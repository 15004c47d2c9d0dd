"""The laws, one module for each part of the specification; importing this package's modules registers
them.
"""
