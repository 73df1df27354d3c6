//! The trace of a request, as Google's front end passes it on.

use axum::http::HeaderMap;

/// The position of a request in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    /// 32 hexadecimal digits.
    pub(crate) trace: String,
    /// 16 hexadecimal digits.
    pub(crate) span: String,
}

impl TraceContext {
    /// Parses `traceparent` (W3C), or else `X-Cloud-Trace-Context`. None if neither can be parsed.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        text("traceparent").and_then(w3c).or_else(|| text("x-cloud-trace-context").and_then(google))
    }
}

/// `00-<trace>-<span>-<flags>`.
fn w3c(text: &str) -> Option<TraceContext> {
    let mut parts = text.split('-').skip(1);
    let (trace, span) = (parts.next()?, parts.next()?);
    let is_hex =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hex(trace, 32) && is_hex(span, 16))
        .then(|| TraceContext { trace: trace.to_owned(), span: span.to_owned() })
}

/// `<trace>/<span in decimal>;o=1`.
fn google(text: &str) -> Option<TraceContext> {
    let (trace, rest) = text.split_once('/')?;
    let span: u64 = rest.split(';').next()?.parse().ok()?;
    let is_trace = trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_trace.then(|| TraceContext { trace: trace.to_owned(), span: format!("{span:016x}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &'static str, value: &'static str) -> Option<TraceContext> {
        TraceContext::from_headers(&HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]))
    }

    #[test]
    fn both_headers_are_read() {
        let expected = TraceContext {
            trace: "0af7651916cd43dd8448eb211c80319c".to_owned(),
            span: "00000000000000ff".to_owned(),
        };
        let w3c = of("traceparent", "00-0af7651916cd43dd8448eb211c80319c-00000000000000ff-01");
        assert_eq!(w3c.as_ref(), Some(&expected));
        assert_eq!(of("x-cloud-trace-context", "0af7651916cd43dd8448eb211c80319c/255;o=1"), w3c);
    }

    #[test]
    fn other_texts_are_no_trace() {
        for value in
            ["", "00-x-y-01", "00-0af7651916cd43dd8448eb211c80319c", "0af7651916cd43dd8448eb211c80319c/x"]
        {
            assert_eq!(of("traceparent", value), None, "{value}");
            assert_eq!(of("x-cloud-trace-context", value), None, "{value}");
        }
    }
}
