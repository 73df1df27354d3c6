//! Flows, pairs and values in arguments.

use super::error::Refused;

/// A flow, as `NAMESPACE.FLOW` or as two arguments.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FlowArg {
    /// The flow as NAMESPACE.FLOW, or only its namespace if the id follows.
    #[arg(value_name = "NAMESPACE.FLOW", add = crate::complete::flows())]
    flow: String,
    /// The id of the flow, if it is an argument of its own.
    #[arg(value_name = "ID")]
    id: Option<String>,
}

impl FlowArg {
    /// A flow in one word.
    #[cfg(test)]
    pub(crate) fn from_text(flow: &str) -> Self {
        Self { flow: flow.into(), id: None }
    }

    /// Namespace and id.
    ///
    /// # Errors
    /// [`Refused`] if the arguments name no flow.
    pub(crate) fn parts(&self) -> Result<(String, String), Refused> {
        match &self.id {
            Some(id) => Ok((self.flow.clone(), id.clone())),
            None => flow_name(&self.flow),
        }
    }
}

/// Splits a flow in one word into namespace and id. The id follows the last dot, or the slash if there is one.
///
/// # Errors
/// [`Refused`] if there is neither a dot nor a slash.
pub(crate) fn flow_name(text: &str) -> Result<(String, String), Refused> {
    text.split_once('/')
        .or_else(|| text.rsplit_once('.'))
        .filter(|(namespace, id)| !namespace.is_empty() && !id.is_empty())
        .map(|(namespace, id)| (namespace.to_owned(), id.to_owned()))
        .ok_or_else(|| {
            Refused(format!(
                "'{text}' is not the name of a flow; write NAMESPACE.FLOW, or NAMESPACE/FLOW if the id has dots"
            ))
        })
}

/// A `KEY=VALUE` argument.
///
/// # Errors
/// An error if there is no `=`, or no key.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".into()),
    }
}

/// Labels in the form of the API's queries: `key:value`.
pub(crate) fn pairs(labels: &[(String, String)]) -> impl Iterator<Item = String> + '_ {
    labels.iter().map(|(key, value)| format!("{key}:{value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_named_in_one_word_or_two() {
        let parts = |flow: &str, id: Option<&str>| {
            FlowArg { flow: flow.into(), id: id.map(Into::into) }.parts().map_err(|error| error.to_string())
        };
        let expected = Ok(("company.team".to_owned(), "hello".to_owned()));
        assert_eq!(parts("company.team.hello", None), expected);
        assert_eq!(parts("company.team/hello", None), expected);
        assert_eq!(parts("company.team", Some("hello")), expected);
        assert_eq!(parts("a/b.c", None), Ok(("a".to_owned(), "b.c".to_owned())));
        assert!(parts("hello", None).unwrap_err().contains("NAMESPACE.FLOW"));
        assert!(parts(".hello", None).is_err());
    }

    #[test]
    fn a_pair_has_a_key() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(pair("a="), Ok(("a".into(), String::new())));
        assert!(pair("a").is_err());
        assert!(pair("=b").is_err());
    }
}
