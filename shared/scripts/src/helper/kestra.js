// Reports outputs and metrics of a script to the flow that runs it:
//
//     const Kestra = require("@kestra-io/libs");
//     Kestra.outputs({ rows: 3 });
"use strict";

const fs = require("fs");

function send(report) {
  // Written at once, so that nothing is lost when the script exits right after.
  fs.writeSync(1, "::" + JSON.stringify(report) + "::\n");
}

function metric(name, type, value, tags) {
  send({ metrics: [{ name, type, value, tags: tags || {} }] });
}

class Kestra {
  // Adds to the outputs of the task: `outputs.<taskId>.vars.*`.
  static outputs(values) {
    send({ outputs: values });
  }

  // Reports a count.
  static counter(name, value, tags) {
    metric(name, "counter", value, tags);
  }

  // Reports a value that replaces the value before.
  static gauge(name, value, tags) {
    metric(name, "gauge", value, tags);
  }

  // Reports an asset. Segue keeps no assets, so the report has no effect.
  static assets(values) {
    send({ assets: values });
  }

  // A report as the line that a script prints.
  static format(report) {
    return "::" + JSON.stringify(report) + "::";
  }

  // A logger. Its lines keep their level.
  static logger() {
    const at = (level) => (message) => send({ logs: [{ level, message: String(message) }] });
    return {
      trace: at("TRACE"),
      debug: at("DEBUG"),
      info: at("INFO"),
      warn: at("WARN"),
      error: at("ERROR"),
    };
  }

  // Reports a duration in seconds, or how long a function takes until it calls back.
  static timer(name, duration, tags) {
    if (typeof duration !== "function") {
      return metric(name, "timer", duration, tags);
    }
    const start = process.hrtime.bigint();
    duration(() => metric(name, "timer", Number(process.hrtime.bigint() - start) / 1e9, tags));
  }
}

module.exports = Kestra;
module.exports.default = Kestra;
