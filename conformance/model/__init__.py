"""The model: what autograd does besides calculus, naive and iterative, one small file per mechanism.

It predicts which statement raises, who requires grad, who is a leaf, whose grad is None and whose is the sum
of which gradients. Every number it leaves to the oracles: it only writes down the pure function that they are
to be asked.
"""

from __future__ import annotations

from conformance.model.expected import Expected, Reject
from conformance.model.interpreter import predict

__all__ = ["Expected", "Reject", "predict"]
