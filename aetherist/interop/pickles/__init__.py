"""Reads other people's pickles without executing anything in them.

`read_pickle` runs a small pickle machine of our own. It resolves no class, imports nothing that a file names
and calls nothing but the few functions of this package that stand for the globals of one format; any other
name is refused by `UnsafePickleError`. What comes out is inert: plain values, `Record` (a class name and
attributes) and `StoredTensor` (where numbers lie in the file).

    snapshot = read_pickle(Path("network-snapshot.pkl"))
    snapshot["G_ema"].state["_init_kwargs"]

The format is that of EG3D-style training snapshots. Objects written with pickle protocols 0 and 1 use
`copyreg._reconstructor`, which is refused; snapshots are written with protocol 2 or later.
"""

from aetherist.interop.pickles.errors import PickleError, UnsafePickleError
from aetherist.interop.pickles.limits import Limits
from aetherist.interop.pickles.snapshots import read_pickle
from aetherist.interop.pickles.values import Global, Record, StoredTensor

__all__ = ["Global", "Limits", "PickleError", "Record", "StoredTensor", "UnsafePickleError", "read_pickle"]
