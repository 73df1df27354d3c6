"""Python runs this module before a script.

It lets scripts find the module `kestra` behind all installed packages, so that the package of that name wins where it
is installed. It also lets an inline script say `true`, `false` and `null`, so that JSON rendered into it is Python.

The machine's own module of this name, which this one stands in front of, is run as well.
"""

import builtins
import importlib.machinery
import importlib.util
import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))

sys.path.append(os.path.join(_here, "behind"))
if os.path.exists(os.path.join(_here, "inline")):
    builtins.true, builtins.false, builtins.null = True, False, None

_others = [path for path in sys.path if os.path.abspath(path or ".") != _here]
_spec = importlib.machinery.PathFinder.find_spec("sitecustomize", _others)
if _spec is not None and _spec.loader is not None:
    _spec.loader.exec_module(importlib.util.module_from_spec(_spec))
