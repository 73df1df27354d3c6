"""Reports outputs, metrics and log lines of a script to the flow that runs it.

    from kestra import Kestra

    Kestra.outputs({"rows": 3})
    Kestra.counter("rows", 3, {"table": "trips"})
    Kestra.timer("load", lambda: load())

This module is found only where the package `kestra` is not installed.
"""

import json
import logging
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
