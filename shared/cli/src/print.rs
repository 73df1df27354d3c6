//! Prints to standard output, also when the reader closes the pipe: `segue query … | head -1`.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};

/// Prints a line. Ends the process if nobody reads the output any more.
pub(crate) fn line(text: impl Display) {
    end_if_closed(writeln!(io::stdout(), "{text}"));
}

/// Prints a text without a line break at its end. Ends the process if nobody reads the output any more.
pub(crate) fn text(text: impl Display) {
    end_if_closed(write!(io::stdout(), "{text}"));
}

/// Prints a line if there is a reader. For commands that do more than print: they continue without a reader.
pub(crate) fn line_if_read(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}

fn end_if_closed(printed: io::Result<()>) {
    match printed {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(crate::OK.into()),
        Err(error) => {
            eprintln!("error: the output cannot be written: {error}");
            std::process::exit(crate::FAILED.into());
        }
    }
}
