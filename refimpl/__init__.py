"""Reverse-mode automatic differentiation in NumPy, with PyTorch's names: ``import refimpl as torch``."""

import math as _math

from . import _operators as _operators
from . import autograd as autograd
from . import nn as nn
from ._creation import arange as arange
from ._creation import empty as empty
from ._creation import empty_like as empty_like
from ._creation import eye as eye
from ._creation import full as full
from ._creation import full_like as full_like
from ._creation import linspace as linspace
from ._creation import ones as ones
from ._creation import ones_like as ones_like
from ._creation import zeros as zeros
from ._creation import zeros_like as zeros_like
from ._dtypes import bool_ as bool  # noqa: F401
from ._dtypes import can_cast as can_cast
from ._dtypes import double as double
from ._dtypes import dtype as dtype
from ._dtypes import finfo as finfo
from ._dtypes import float16 as float16
from ._dtypes import float32 as float  # noqa: F401
from ._dtypes import float32 as float32
from ._dtypes import float64 as float64
from ._dtypes import get_default_dtype as get_default_dtype
from ._dtypes import half as half
from ._dtypes import iinfo as iinfo
from ._dtypes import int8 as int8
from ._dtypes import int16 as int16
from ._dtypes import int32 as int  # noqa: F401
from ._dtypes import int32 as int32
from ._dtypes import int64 as int64
from ._dtypes import long as long
from ._dtypes import promote_types as promote_types
from ._dtypes import set_default_dtype as set_default_dtype
from ._dtypes import short as short
from ._dtypes import uint8 as uint8
from ._from_data import as_tensor as as_tensor
from ._from_data import from_numpy as from_numpy
from ._from_data import tensor as tensor
from ._grad_mode import enable_grad as enable_grad
from ._grad_mode import inference_mode as inference_mode
from ._grad_mode import is_grad_enabled as is_grad_enabled
from ._grad_mode import is_inference_mode_enabled as is_inference_mode_enabled
from ._grad_mode import no_grad as no_grad
from ._grad_mode import set_grad_enabled as set_grad_enabled
from ._operators.public import NAMESPACES as _NAMESPACES
from ._printing import get_printoptions as get_printoptions
from ._printing import printoptions as printoptions
from ._printing import set_printoptions as set_printoptions
from ._queries import is_floating_point as is_floating_point
from ._queries import is_tensor as is_tensor
from ._queries import numel as numel
from ._queries import result_type as result_type
from ._random import Generator as Generator
from ._random import default_generator as default_generator
from ._random import initial_seed as initial_seed
from ._random import manual_seed as manual_seed
from ._random import rand as rand
from ._random import rand_like as rand_like
from ._random import randint as randint
from ._random import randint_like as randint_like
from ._random import randn as randn
from ._random import randn_like as randn_like
from ._random import randperm as randperm
from ._random import seed as seed
from ._size import Size as Size
from ._tensor import Tensor as Tensor

inf, nan, pi, e = _math.inf, _math.nan, _math.pi, _math.e

globals().update(_NAMESPACES["torch"])
Tensor.__module__ = __name__
