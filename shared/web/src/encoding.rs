//! Which form of a file a browser takes: Brotli, gzip, or the file as it is.

use axum::http::{HeaderMap, header};

/// A form in which a file is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Brotli, the smallest.
    Brotli,
    /// Gzip.
    Gzip,
    /// The file as it is.
    Identity,
}

impl Encoding {
    /// All forms, the best first.
    pub(crate) const ALL: [Self; 3] = [Self::Brotli, Self::Gzip, Self::Identity];

    /// The end of the name of the stored file.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Identity => "",
        }
    }

    /// The name in `Accept-Encoding` and `Content-Encoding`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }

    /// Whether a request accepts the form. A form with `q=0` is not accepted. The file as it is always is: a caller
    /// that refuses it as well would get nothing.
    pub(crate) fn is_accepted(self, headers: &HeaderMap) -> bool {
        if self == Self::Identity {
            return true;
        }
        let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
        let mut any = None;
        for item in lines.flat_map(|line| line.split(',')) {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q=")).unwrap_or("1");
            let is_wanted = weight.parse::<f32>().is_ok_and(|weight| weight > 0.0);
            if name.eq_ignore_ascii_case(self.name()) {
                return is_wanted;
            }
            if name == "*" {
                any = Some(is_wanted);
            }
        }
        any.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn best(accepted: &str) -> Encoding {
        let value = HeaderValue::from_str(accepted).unwrap();
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, value)]);
        Encoding::ALL.into_iter().find(|encoding| encoding.is_accepted(&headers)).unwrap()
    }

    #[test]
    fn the_best_accepted_form_is_chosen() {
        for (accepted, expected) in [
            ("gzip, deflate, br, zstd", Encoding::Brotli),
            ("gzip;q=1.0, br;q=0", Encoding::Gzip),
            ("br ; q=0.2", Encoding::Brotli),
            ("*", Encoding::Brotli),
            ("br;q=0, *;q=0.5", Encoding::Gzip),
            ("*;q=0", Encoding::Identity),
            ("GZIP", Encoding::Gzip),
            ("deflate", Encoding::Identity),
            ("", Encoding::Identity),
        ] {
            assert_eq!(best(accepted), expected, "{accepted}");
        }
        assert!(!Encoding::Gzip.is_accepted(&HeaderMap::new()));
    }
}
