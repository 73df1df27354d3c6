"""Reports outputs, metrics and log lines of a script to the flow that runs it.

    from kestra import Kestra

    Kestra.outputs({"rows": 3})
    Kestra.counter("rows", 3, {"table": "trips"})
    Kestra.timer("load", lambda: load())

A script with `executionContext: true` also reads the variables of its execution:

    from kestra import context

    print(context.inputs.region, context.outputs.extract.uri)

This module is found only where the package `kestra` is not installed.
"""

import collections.abc
import json
import logging
import os
import sys
import time


class _Handler(logging.Handler):
    """Sends log records with their level."""

    _LEVELS = {"WARNING": "WARN", "CRITICAL": "ERROR", "NOTSET": "TRACE"}

    def emit(self, record):
        level = self._LEVELS.get(record.levelname, record.levelname)
        Kestra._send({"logs": [{"level": level, "message": self.format(record)}]})


class Kestra:
    """What a script can report."""

    @staticmethod
    def format(report):
        """A report as the line that a script prints."""
        return "::" + json.dumps(report, default=str) + "::"

    @staticmethod
    def _send(report):
        # One write, so that lines of several threads do not mix.
        sys.stdout.write(Kestra.format(report) + "\n")
        sys.stdout.flush()

    @staticmethod
    def _metric(name, kind, value, tags):
        Kestra._send({"metrics": [{"name": name, "type": kind, "value": value, "tags": tags or {}}]})

    @staticmethod
    def outputs(values):
        """Adds to the outputs of the task: `outputs.<taskId>.vars.*`."""
        Kestra._send({"outputs": values})

    @staticmethod
    def assets(values):
        """Reports an asset. Segue keeps no assets, so the report has no effect."""
        Kestra._send({"assets": values})

    @staticmethod
    def counter(name, value, tags=None):
        """Reports a count."""
        Kestra._metric(name, "counter", value, tags)

    @staticmethod
    def timer(name, duration, tags=None):
        """Reports a duration in seconds, or how long a function takes."""
        if callable(duration):
            start = time.perf_counter()
            duration()
            duration = time.perf_counter() - start
        Kestra._metric(name, "timer", duration, tags)

    @staticmethod
    def gauge(name, value, tags=None):
        """Reports a value that replaces the value before."""
        Kestra._metric(name, "gauge", value, tags)

    @staticmethod
    def logger():
        """A logger. Its lines keep their level."""
        logger = logging.getLogger("Kestra")
        if not any(isinstance(handler, _Handler) for handler in logger.handlers):
            logger.setLevel(logging.DEBUG)
            logger.propagate = False
            logger.addHandler(_Handler())
        return logger

    @staticmethod
    def read(path):
        """The records of an Ion file. This needs the package `kestra`, which reads Ion."""
        raise RuntimeError(f"cannot read '{path}': add 'kestra' to the dependencies of the task")


class ExecutionContext(collections.abc.Mapping):
    """The variables of an execution. They can be read as attributes and as keys, and not be changed."""

    __slots__ = ("_values",)

    def __init__(self, values):
        self._values = values

    def __getitem__(self, key):
        return _readable(self._values[key])

    def __getattr__(self, name):
        # Names with an underscore belong to Python. It asks for some before `_values` exists.
        if name.startswith("_") or name not in self._values:
            known = "" if name.startswith("_") else f"; it has {', '.join(sorted(self._values)) or 'nothing'}"
            raise AttributeError(f"the context has no '{name}'{known}")
        return self[name]

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)

    def __repr__(self):
        return repr(self._values)

    def to_dict(self):
        """The variables as plain Python values."""
        return self._values


def _readable(value):
    if isinstance(value, dict):
        return ExecutionContext(value)
    if isinstance(value, list):
        return [_readable(item) for item in value]
    return value


def _read_context():
    path = os.environ.get("KESTRA_EXECUTION_CONTEXT_FILE", ".kestra-execution-context.json")
    try:
        with open(path, encoding="utf-8") as file:
            return ExecutionContext(json.load(file))
    except FileNotFoundError:
        raise FileNotFoundError(
            f"there is no file {path}: add 'executionContext: true' to the task of this script"
        ) from None


def __getattr__(name):
    # The file is read at the first use, so that a script without the property can import this module.
    if name == "context":
        globals()[name] = _read_context()
        return globals()[name]
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
