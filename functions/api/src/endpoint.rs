//! One endpoint of the API: where it is, what it takes and answers, and who handles it. The router and the OpenAPI
//! description are both made from these, so neither can say what the other does not.

use crate::parts::Api;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// What a parameter of a query is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// An integer of at least that.
    Number(u32),
    /// `true` or `false`.
    Flag,
    /// An ISO-8601 date and time.
    Date,
    /// An ISO-8601 duration.
    Duration,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// Several of these.
    ManyOf(&'static [&'static str]),
    /// Any number of texts.
    Texts,
}

/// A parameter of a query, or a header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) about: &'static str,
    pub(crate) required: bool,
    pub(crate) in_header: bool,
}

impl Param {
    /// An optional parameter of a query.
    pub(crate) const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, about, required: false, in_header: false }
    }

    /// One that must be there.
    pub(crate) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// A header.
    pub(crate) const fn header(self) -> Self {
        Self { in_header: true, ..self }
    }
}

/// Makes the schema of a type.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What a body holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    /// Nothing.
    Nothing,
    /// JSON of a type.
    Json(SchemaOf),
    /// YAML.
    Yaml,
    /// Text.
    Text,
    /// JSON or text.
    JsonOrText,
    /// Parts of a form; a file each or a text. The named part must be there.
    Form(Option<&'static str>),
    /// Bytes.
    Bytes,
    /// A zip archive.
    Zip,
    /// Server-sent events, each with JSON of a type.
    Events(SchemaOf),
    /// Anything.
    Any,
}

/// JSON of that type.
pub(crate) const fn json<T: JsonSchema>() -> Content {
    Content::Json(SchemaGenerator::subschema_for::<T>)
}

/// Server-sent events, each with JSON of that type.
pub(crate) const fn events<T: JsonSchema>() -> Content {
    Content::Events(SchemaGenerator::subschema_for::<T>)
}

/// One endpoint.
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    /// Below `/api/v1`, with `{names}`.
    pub(crate) path: &'static str,
    /// The operation's id in the description.
    pub(crate) id: &'static str,
    pub(crate) about: &'static str,
    pub(crate) params: Vec<Param>,
    pub(crate) body: Content,
    pub(crate) needs_body: bool,
    pub(crate) status: u16,
    pub(crate) answer: Content,
    /// Codes of refusals that follow from what it does.
    pub(crate) refusals: Vec<u16>,
    pub(crate) handler: MethodRouter<Api>,
}

impl Endpoint {
    fn new<H, T>(method: Method, filter: MethodFilter, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        Self {
            method,
            path,
            id: "",
            about: "",
            params: Vec::new(),
            body: Content::Nothing,
            needs_body: false,
            status: 200,
            answer: Content::Nothing,
            refusals: Vec::new(),
            handler: on(filter, handler),
        }
    }

    /// Its name and what it does, in the description.
    pub(crate) fn is(mut self, id: &'static str, about: &'static str) -> Self {
        (self.id, self.about) = (id, about);
        self
    }

    /// With these parameters of the query.
    pub(crate) fn takes(mut self, params: &[Param]) -> Self {
        self.params.extend_from_slice(params);
        self
    }

    /// With a body.
    pub(crate) fn body(mut self, body: Content) -> Self {
        (self.body, self.needs_body) = (body, true);
        self
    }

    /// With a body that may be left out.
    pub(crate) fn maybe_body(mut self, body: Content) -> Self {
        (self.body, self.needs_body) = (body, false);
        self
    }

    /// 200 with that.
    pub(crate) fn answers(mut self, answer: Content) -> Self {
        self.answer = answer;
        self
    }

    /// Another code than 200, with nothing.
    pub(crate) fn answers_code(mut self, status: u16) -> Self {
        (self.status, self.answer) = (status, Content::Nothing);
        self
    }

    /// Codes of refusals that follow from what it does.
    pub(crate) fn refuses(mut self, codes: &[u16]) -> Self {
        self.refusals.extend_from_slice(codes);
        self
    }
}

macro_rules! verbs {
    ($($verb:ident, $method:ident;)*) => {
        $(
            /// An endpoint of that method.
            pub(crate) fn $verb<H, T>(path: &'static str, handler: H) -> Endpoint
            where
                H: Handler<T, Api>,
                T: 'static,
            {
                Endpoint::new(Method::$method, MethodFilter::$method, path, handler)
            }
        )*
    };
}

verbs! {
    get, GET;
    post, POST;
    put, PUT;
    delete, DELETE;
}
