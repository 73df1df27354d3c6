//! Declares the endpoints of the API. An endpoint has a method, a path, parameters, a body, an answer and a handler.
//!
//! The router and the OpenAPI description are both made from the endpoints, so they always agree. The JSON schema of an
//! answer follows from the return type of the handler.

use crate::error::Answer;
use crate::parts::Api;
use crate::request::{Field, Query};
use axum::Json;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// An integer with this minimum.
    Number(u32),
    /// `true` or `false`.
    Flag,
    /// An ISO-8601 date and time.
    Date,
    /// An ISO-8601 duration.
    Duration,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Any number of these texts.
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

    /// Makes the parameter required.
    pub(crate) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// Reads the parameter from a header, not from the query.
    pub(crate) const fn header(self) -> Self {
        Self { in_header: true, ..self }
    }
}

/// Makes the schema of a type.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The media type of a body, and the schema of its JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    /// No body.
    Nothing,
    /// JSON of a type.
    Json(SchemaOf),
    /// YAML.
    Yaml,
    /// Text.
    Text,
    /// JSON or text.
    JsonOrText,
    /// Parts of a form. Each part is a file or a text. The named part is required.
    Form(Option<&'static str>),
    /// Bytes.
    Bytes,
    /// A table as comma-separated values.
    Csv,
    /// A picture.
    Svg,
    /// A zip archive.
    Zip,
    /// Server-sent events, each with JSON of a type.
    Events(SchemaOf),
    /// Any content.
    Any,
}

/// JSON with the schema of `T`.
pub(crate) const fn json<T: JsonSchema>() -> Content {
    Content::Json(SchemaGenerator::subschema_for::<T>)
}

/// Server-sent events. Each event is JSON with the schema of `T`.
pub(crate) const fn events<T: JsonSchema>() -> Content {
    Content::Events(SchemaGenerator::subschema_for::<T>)
}

/// Finds the return type of a handler with up to five arguments.
pub(crate) trait Returns<T> {
    /// The return type of the handler, without its future.
    type Output;
}

macro_rules! returns {
    ($($argument:ident),*) => {
        impl<F, R, M, $($argument),*> Returns<(M, $($argument,)*)> for F
        where
            F: FnOnce($($argument),*) -> R,
            R: Future,
        {
            type Output = R::Output;
        }
    };
}

returns!();
returns!(A);
returns!(A, B);
returns!(A, B, C);
returns!(A, B, C, D);
returns!(A, B, C, D, E);

/// Describes the answer of a handler by its return type.
pub(crate) trait Described {
    /// The JSON schema of the type. `Content::Nothing` if the type does not determine the answer.
    const CONTENT: Content;
}

impl<T: JsonSchema> Described for Json<T> {
    const CONTENT: Content = json::<T>();
}

impl<T: Described> Described for Answer<T> {
    const CONTENT: Content = T::CONTENT;
}

impl Described for Response {
    const CONTENT: Content = Content::Nothing;
}

impl Described for StatusCode {
    const CONTENT: Content = Content::Nothing;
}

/// An endpoint of the API.
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    /// The path below `/api/v1`, with parameters in braces: `/flows/{namespace}`.
    pub(crate) path: &'static str,
    /// The operation id in the OpenAPI description.
    pub(crate) id: &'static str,
    pub(crate) about: &'static str,
    pub(crate) params: Vec<Param>,
    /// The fields of `filters[…]`. Empty if the endpoint takes no filters.
    pub(crate) fields: &'static [Field],
    /// Whether the endpoint takes parameters with any name.
    pub(crate) takes_any: bool,
    pub(crate) body: Content,
    pub(crate) needs_body: bool,
    pub(crate) status: u16,
    pub(crate) answer: Content,
    /// Status codes of errors that are specific to the endpoint.
    pub(crate) refusals: Vec<u16>,
    pub(crate) handler: MethodRouter<Api>,
}

impl Endpoint {
    fn new<H, T>(method: Method, filter: MethodFilter, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Api> + Returns<T>,
        H::Output: Described,
        T: 'static,
    {
        Self {
            method,
            path,
            id: "",
            about: "",
            params: Vec::new(),
            fields: &[],
            takes_any: false,
            body: Content::Nothing,
            needs_body: false,
            status: 200,
            answer: H::Output::CONTENT,
            refusals: Vec::new(),
            handler: on(filter, handler),
        }
    }

    /// Sets the operation id and the summary in the OpenAPI description.
    pub(crate) fn is(mut self, id: &'static str, about: &'static str) -> Self {
        (self.id, self.about) = (id, about);
        self
    }

    /// Adds parameters.
    pub(crate) fn takes(mut self, params: &[Param]) -> Self {
        self.params.extend_from_slice(params);
        self
    }

    /// Sets the fields of `filters[…]`. The router refuses other fields, so a handler reads filters with the same list.
    pub(crate) fn filters(mut self, fields: &'static [Field]) -> Self {
        self.fields = fields;
        self
    }

    /// Takes parameters with any name.
    pub(crate) fn takes_any(mut self) -> Self {
        self.takes_any = true;
        self
    }

    /// The parameters that the router checks before it calls the handler.
    pub(crate) fn accepts(&self) -> Accepts {
        let in_query = self.params.iter().filter(|param| !param.in_header);
        Accepts {
            names: in_query.map(|param| param.name).collect(),
            fields: self.fields,
            any: self.takes_any,
        }
    }

    /// Sets a required body.
    pub(crate) fn body(mut self, body: Content) -> Self {
        (self.body, self.needs_body) = (body, true);
        self
    }

    /// Sets an optional body.
    pub(crate) fn maybe_body(mut self, body: Content) -> Self {
        (self.body, self.needs_body) = (body, false);
        self
    }

    /// Sets the answer with status 200, for a handler with a return type that does not determine the answer.
    pub(crate) fn answers(mut self, answer: Content) -> Self {
        self.answer = answer;
        self
    }

    /// Sets another status than 200, and an empty answer.
    pub(crate) fn answers_code(mut self, status: u16) -> Self {
        (self.status, self.answer) = (status, Content::Nothing);
        self
    }

    /// Adds status codes of errors that are specific to the endpoint.
    pub(crate) fn refuses(mut self, codes: &[u16]) -> Self {
        self.refusals.extend_from_slice(codes);
        self
    }
}

/// The parameters that an endpoint takes.
#[derive(Clone, Debug)]
pub(crate) struct Accepts {
    names: Vec<&'static str>,
    fields: &'static [Field],
    any: bool,
}

impl Accepts {
    /// Refuses a parameter or a filter that the endpoint does not know. An ignored option would do something else than
    /// the caller asked for, without a word.
    pub(crate) fn check(&self, query: &Query) -> Answer<()> {
        if self.any {
            return Ok(());
        }
        query.only(&self.names)?;
        query.filters(self.fields).map(drop)
    }
}

macro_rules! verbs {
    ($($verb:ident, $method:ident;)*) => {
        $(
            /// An endpoint with the method of this name.
            pub(crate) fn $verb<H, T>(path: &'static str, handler: H) -> Endpoint
            where
                H: Handler<T, Api> + Returns<T>,
                H::Output: Described,
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
