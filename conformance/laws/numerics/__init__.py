"""The laws of the level `numerics`: every operator of the catalogue, each drawn from with a budget of its
own.
"""
