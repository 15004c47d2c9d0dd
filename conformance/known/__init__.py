"""Known deviations of the implementations in the box, one ``NAME.toml`` each; see
:mod:`conformance.deviations`.
"""
