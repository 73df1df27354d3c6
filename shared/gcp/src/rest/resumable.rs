//! Uploads in pieces, as Google's APIs take them: an address for the pieces, and after each piece the number of bytes
//! that have arrived. A piece is sent again from there if the connection breaks.
//!
//! It must not know: what is uploaded.

use super::pieces::Piece;
use super::{Request, Rest, RestError, Retries};
use reqwest::header::{CONTENT_RANGE, HeaderName, HeaderValue, LOCATION, RANGE};
use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;

/// An upload that Google has agreed to.
pub(crate) struct Session<'a> {
    rest: &'a Rest,
    /// Where the pieces go.
    address: String,
}

/// The answer to a piece.
enum Arrived<T> {
    /// The upload is complete.
    Whole(T),
    /// Google has the bytes up to this one.
    Until(u64),
}

impl<'a> Session<'a> {
    /// Announces an upload with this request.
    ///
    /// # Errors
    /// Google's refusal, or no answer.
    pub(crate) async fn begin(rest: &'a Rest, request: Request<'_>) -> Result<Self, RestError> {
        let begun = request.open().await?;
        let address = begun.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        match address {
            Some(address) => Ok(Self { rest, address: address.to_owned() }),
            None => Err(RestError::Unreadable("Google does not say where the pieces go".to_owned())),
        }
    }

    /// Sends a piece until Google has all of it. Returns the answer to the whole upload if the piece was the last.
    /// `last` is a header of the last piece.
    ///
    /// # Errors
    /// Google's refusal, or no answer.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        piece: &Piece,
        last: Option<(HeaderName, HeaderValue)>,
    ) -> Result<Option<T>, RestError> {
        let end = piece.begin + piece.bytes.len() as u64;
        let mut have = piece.begin;
        let mut retries = Retries::new();
        loop {
            let error = match self.send_from(piece, have, last.clone()).await {
                Ok(Arrived::Whole(whole)) => return Ok(Some(whole)),
                Ok(Arrived::Until(until)) if until >= end && !piece.is_last => return Ok(None),
                Ok(Arrived::Until(until)) if until > have => {
                    have = until;
                    continue;
                }
                Ok(Arrived::Until(_)) => {
                    RestError::Connection("Google takes no more of the bytes".to_owned())
                }
                Err(error) => error,
            };
            let Some(delay) = retries.next(&error) else { return Err(error) };
            tokio::time::sleep(delay).await;
            // Asks how much arrived before the failure, so that nothing is sent twice and no end is missed.
            match self.how_far().await? {
                Arrived::Whole(whole) => return Ok(Some(whole)),
                Arrived::Until(until) if until >= end && !piece.is_last => return Ok(None),
                Arrived::Until(until) => have = until,
            }
        }
    }

    async fn send_from<T: DeserializeOwned>(
        &self,
        piece: &Piece,
        have: u64,
        last: Option<(HeaderName, HeaderValue)>,
    ) -> Result<Arrived<T>, RestError> {
        let end = piece.begin + piece.bytes.len() as u64;
        if piece.is_last && piece.bytes.is_empty() {
            let request = self.rest.to(Method::PUT, &self.address)?;
            return arrived(
                request.header(CONTENT_RANGE, header(&format!("bytes */{end}"))?).once().open().await?,
            )
            .await;
        }
        let rest = have.checked_sub(piece.begin).and_then(|skipped| usize::try_from(skipped).ok());
        let Some(bytes) =
            rest.filter(|skipped| *skipped < piece.bytes.len()).map(|skipped| piece.bytes.slice(skipped..))
        else {
            return Err(RestError::Unreadable(format!("Google has {have} bytes, {end} were sent at most")));
        };
        let total = if piece.is_last { end.to_string() } else { "*".to_owned() };
        let mut request = self
            .rest
            .to(Method::PUT, &self.address)?
            .header(CONTENT_RANGE, header(&format!("bytes {have}-{}/{total}", end - 1))?)
            .body(bytes)
            .once();
        if let Some((name, value)) = last.filter(|_| piece.is_last) {
            request = request.header(name, value);
        }
        arrived(request.open().await?).await
    }

    async fn how_far<T: DeserializeOwned>(&self) -> Result<Arrived<T>, RestError> {
        let asked = self.rest.to(Method::PUT, &self.address)?;
        arrived(asked.header(CONTENT_RANGE, header("bytes */*")?).open().await?).await
    }
}

async fn arrived<T: DeserializeOwned>(response: Response) -> Result<Arrived<T>, RestError> {
    if response.status() != StatusCode::PERMANENT_REDIRECT {
        let body = response.bytes().await.map_err(|error| RestError::connection(&error))?;
        let whole = serde_json::from_slice(&body).map_err(|error| {
            RestError::Unreadable(format!("the answer to an upload cannot be read: {error}"))
        })?;
        return Ok(Arrived::Whole(whole));
    }
    let Some(range) = response.headers().get(RANGE) else { return Ok(Arrived::Until(0)) };
    let last = range.to_str().ok().and_then(|range| range.strip_prefix("bytes=0-")?.parse::<u64>().ok());
    match last {
        Some(last) => Ok(Arrived::Until(last + 1)),
        None => Err(RestError::Unreadable(format!("{range:?} does not say how much has arrived"))),
    }
}

fn header(text: &str) -> Result<HeaderValue, RestError> {
    HeaderValue::from_str(text).map_err(|_| RestError::Invalid(format!("'{text}' cannot be a header")))
}
