"""Reverse-mode automatic differentiation in NumPy, with PyTorch's names: ``import refimpl as torch``."""

from . import _operators as _operators
from . import autograd as autograd
from ._operators.public import NAMESPACES as _NAMESPACES
from ._tensor import Tensor as Tensor

globals().update(_NAMESPACES["torch"])
