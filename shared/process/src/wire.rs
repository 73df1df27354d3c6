//! The messages between this process, the keeper and the supervisors.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

/// To the keeper: start a supervisor with the three attached files.
pub(crate) const START: u8 = b's';
/// To the keeper: hold the attached file while any process lives.
pub(crate) const HOLD: u8 = b'h';
/// To a supervisor: ask all processes to end.
pub(crate) const TERMINATE: u8 = b't';
/// The longest request, in bytes. The system accepts no program with more arguments and variables.
const LONGEST: u64 = 64 * 1024 * 1024;

/// The program that a supervisor must start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// The program and its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// All variables of the program.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// The working directory of the program.
    pub(crate) directory: OsString,
    /// The program and arguments of the command that clears up if the program did not end by itself. Empty if there is
    /// no command.
    pub(crate) clear_up: Vec<OsString>,
}

impl Request {
    /// The request as bytes. The number of bytes comes first.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        list(&mut body, self.arguments.iter().map(OsString::as_os_str));
        list(
            &mut body,
            self.environment.iter().flat_map(|(name, value)| [name.as_os_str(), value.as_os_str()]),
        );
        list(&mut body, [self.directory.as_os_str()].into_iter());
        list(&mut body, self.clear_up.iter().map(OsString::as_os_str));
        let mut all = (body.len() as u64).to_le_bytes().to_vec();
        all.append(&mut body);
        all
    }

    /// Reads a request.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Self> {
        let length = number(from)?;
        let mut body = from.take(length);
        let arguments = items(&mut body)?;
        let mut variables = items(&mut body)?.into_iter();
        let mut environment = Vec::new();
        while let (Some(name), Some(value)) = (variables.next(), variables.next()) {
            environment.push((name, value));
        }
        let directory = items(&mut body)?.pop().unwrap_or_default();
        Ok(Self { arguments, environment, directory, clear_up: items(&mut body)? })
    }
}

fn list<'a>(into: &mut Vec<u8>, items: impl Iterator<Item = &'a OsStr> + Clone) {
    into.extend((items.clone().count() as u64).to_le_bytes());
    for item in items {
        into.extend((item.len() as u64).to_le_bytes());
        into.extend(item.as_bytes());
    }
}

fn number(from: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    let number = u64::from_le_bytes(bytes);
    if number > LONGEST {
        return Err(io::Error::other("a program with too many arguments and variables"));
    }
    Ok(number)
}

fn items(from: &mut impl Read) -> io::Result<Vec<OsString>> {
    let mut found = Vec::new();
    for _ in 0..number(from)? {
        let mut bytes = Vec::new();
        let length = number(from)?;
        if from.take(length).read_to_end(&mut bytes)? as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        found.push(OsString::from_vec(bytes));
    }
    Ok(found)
}

/// The report of a supervisor about its child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// The child runs.
    Started,
    /// The child could not be started. The value is the system's error code.
    NotStarted(i32),
    /// The child ended with this exit code, or 128 + signal if a signal ended it.
    Ended(i32),
}

/// The length of a report in bytes.
pub(crate) const REPORT: usize = 5;

impl Report {
    pub(crate) fn encode(self) -> [u8; REPORT] {
        let (tag, value) = match self {
            Self::Started => (b'S', 0),
            Self::NotStarted(error) => (b'N', error),
            Self::Ended(code) => (b'E', code),
        };
        let [a, b, c, d] = value.to_le_bytes();
        [tag, a, b, c, d]
    }

    pub(crate) fn decode([tag, a, b, c, d]: [u8; REPORT]) -> Option<Self> {
        let value = i32::from_le_bytes([a, b, c, d]);
        match tag {
            b'S' => Some(Self::Started),
            b'N' => Some(Self::NotStarted(value)),
            b'E' => Some(Self::Ended(value)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_as_it_was_sent() {
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        let request = Request {
            arguments: vec![text(b"sh"), text(b""), text(b"\xff\n")],
            environment: vec![(text(b"A"), text(b"")), (text(b"B"), text(&[b'x'; 300_000]))],
            directory: text(b"/tmp/\xfe"),
            clear_up: vec![text(b"docker"), text(b"rm")],
        };
        assert_eq!(Request::read(&mut request.encode().as_slice()).unwrap(), request);
        let whole = request.encode();
        assert!(Request::read(&mut &whole[..whole.len() - 1]).is_err());
        assert!(Request::read(&mut [0xff; 64].as_slice()).is_err());
    }

    #[test]
    fn a_report_comes_as_it_was_sent() {
        for report in [Report::Started, Report::NotStarted(2), Report::Ended(-1), Report::Ended(137)] {
            assert_eq!(Report::decode(report.encode()), Some(report));
        }
        assert_eq!(Report::decode([0; REPORT]), None);
    }
}
