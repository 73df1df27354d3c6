//! Reads the query of a request. A name can occur more than once.

use super::dates::{date, day};
use super::filters::{self, Field, Filter};
use crate::error::{Answer, ApiError};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use segue_model::label::Label;
use segue_model::log::LogLevel;
use segue_model::parse_duration;
use segue_model::state::State;
use segue_scheduler::NamedSlot;
use std::convert::Infallible;

/// The decoded names and values of a query, in the order of the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    /// Reads the part of an address after the question mark.
    pub(crate) fn read(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The first value of a name that is not empty. None if there is no such value.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A required value. A missing or empty value gets 400.
    pub(crate) fn required(&self, name: &str) -> Answer<&str> {
        self.text(name).ok_or_else(|| {
            ApiError::bad_request(format!("Required argument [{name}] is missing: add ?{name}=…"))
        })
    }

    /// All values of a name, also empty values.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// `true` or `false` in any case; `default` if the name is missing or empty.
    pub(crate) fn flag(&self, name: &str, default: bool) -> Answer<bool> {
        match self.text(name) {
            None => Ok(default),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(text) => Err(refused(name, text, "true or false")),
        }
    }

    /// A whole number from 0. None if the name is missing or empty.
    pub(crate) fn number(&self, name: &str) -> Answer<Option<u32>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| refused(name, text, "a whole number"))
    }

    /// An ISO-8601 date. None if the name is missing or empty.
    pub(crate) fn date(&self, name: &str) -> Answer<Option<Timestamp>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        date(text).map(Some).map_err(|why| ApiError::argument(format!("{name}: {why}")))
    }

    /// A slot: an ISO-8601 date with a time, or the day of the slot. None if the name is missing or empty.
    pub(crate) fn slot(&self, name: &str) -> Answer<Option<NamedSlot>> {
        match self.text(name).and_then(day) {
            Some(day) => Ok(Some(NamedSlot::On(day))),
            None => Ok(self.date(name)?.map(NamedSlot::At)),
        }
    }

    /// An ISO-8601 duration. None if the name is missing or empty.
    pub(crate) fn duration(&self, name: &str) -> Answer<Option<SignedDuration>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        parse_duration(text).map(Some).map_err(|why| ApiError::argument(format!("{name}: {why}")))
    }

    /// A log level. TRACE, the lowest level, if the name is missing or empty.
    pub(crate) fn level(&self, name: &str) -> Answer<LogLevel> {
        let Some(text) = self.text(name) else { return Ok(LogLevel::Trace) };
        LogLevel::parse(text).ok_or_else(|| refused(name, text, "TRACE, DEBUG, INFO, WARN or ERROR"))
    }

    /// A state. None if the name is missing or empty.
    pub(crate) fn state(&self, name: &str) -> Answer<Option<State>> {
        self.text(name).map(state).transpose()
    }

    /// All states of a name. One value can hold several states with commas between them.
    pub(crate) fn states(&self, name: &str) -> Answer<Vec<State>> {
        self.all(name).flat_map(|text| text.split(',')).filter(|text| !text.is_empty()).map(state).collect()
    }

    /// All labels of a name, each written as `key:value`.
    pub(crate) fn labels(&self, name: &str) -> Answer<Vec<Label>> {
        self.all(name).filter(|text| !text.is_empty()).map(label).collect()
    }

    /// The filters of all parameters `filters[field][OPERATOR]=value`. All of them must hold. A field that is not in
    /// `fields` is refused.
    pub(crate) fn filters(&self, fields: &[Field]) -> Answer<Vec<Filter>> {
        let pairs = self.0.iter().filter(|(name, _)| is_filter(name));
        filters::read(pairs.map(|(name, value)| (name.as_str(), value.as_str())), fields)
    }

    /// Refuses a parameter that is neither in `names` nor a filter.
    pub(crate) fn only(&self, names: &[&str]) -> Answer<()> {
        let is_known = |name: &str| is_filter(name) || names.contains(&name);
        match self.0.iter().find(|(name, _)| !is_known(name)) {
            None => Ok(()),
            Some((name, _)) if names.is_empty() => {
                Err(ApiError::argument(format!("{name}: this address takes no parameters")))
            }
            Some((name, _)) => Err(ApiError::argument(format!(
                "{name}: the parameter is not known here; the parameters are {}",
                names.join(", ")
            ))),
        }
    }
}

/// Whether a parameter is a filter.
fn is_filter(name: &str) -> bool {
    name.starts_with("filters[") || name.starts_with("filters%")
}

fn refused(name: &str, text: &str, expected: &str) -> ApiError {
    ApiError::argument(format!("{name} is '{text}': {expected} is expected"))
}

/// Reads the name of a state. An unknown name gets 422.
pub(crate) fn state(text: &str) -> Answer<State> {
    State::parse(text).ok_or_else(|| {
        ApiError::argument(format!(
            "'{text}' is not a state; states are CREATED, RUNNING, SUCCESS, FAILED and so on"
        ))
    })
}

/// Reads `key:value`. The value is decoded a second time, because Kestra's clients encode the value twice.
fn label(text: &str) -> Answer<Label> {
    let (key, value) = text
        .split_once(':')
        .filter(|(key, _)| !key.is_empty())
        .ok_or_else(|| ApiError::argument(format!("the label '{text}' is not of the form key:value")))?;
    let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
    Ok(Label::new(key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_name() {
        let query = Query::read(
            "a=1&a=2&b=&c=x%20y&flag=TRUE&labels=k:v%253A1&labels=team:a:b&state=FAILED,KILLED&state=created",
        );
        assert_eq!(query.text("a"), Some("1"));
        assert_eq!(query.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(query.text("b"), None);
        assert_eq!(query.text("c"), Some("x y"));
        assert!(query.flag("flag", false).unwrap() && query.flag("none", true).unwrap());
        assert_eq!(query.labels("labels").unwrap(), [Label::new("k", "v:1"), Label::new("team", "a:b")]);
        assert_eq!(query.states("state").unwrap(), [State::Failed, State::Killed, State::Created]);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let query = Query::read("n=x&flag=1&date=then&labels=:v&state=DONE&level=LOUD&d=5");
        assert!(query.number("n").is_err() && query.flag("flag", true).is_err());
        assert!(query.date("date").is_err() && query.labels("labels").is_err());
        assert!(query.states("state").is_err() && query.level("level").is_err());
        assert!(query.duration("d").is_err() && query.required("none").is_err());
    }
}
