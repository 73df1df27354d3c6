//! Asks for the following pages of a list, and collects the items in memory or in a file.

use crate::call::Call;
use crate::exchange::Exchange;
use segue_connectors::format::Paging;
use segue_model::Json;
use segue_task::{TaskError, ion};
use serde_json::json;
use std::path::PathBuf;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};

/// The items that were collected.
enum Items {
    InMemory(Vec<Json>),
    InFile { file: BufWriter<File>, path: PathBuf, size: u64 },
}

/// Collects the items of all pages. Sets `items` and `stored`.
pub(crate) async fn collect(call: &mut Call<'_>, paging: &Paging) -> Result<(), TaskError> {
    let most = match &paging.most {
        Some(most) => call.typed(&json!(most)).await?.as_u64(),
        None => None,
    };
    let mut exchange = Exchange::render(call, &call.connector.request).await?;
    let mut items = Items::new(call.is_true(paging.store.as_deref(), false).await?, call).await?;
    let mut left = most.unwrap_or(u64::MAX);
    loop {
        let page = call.typed(&json!(paging.items)).await?;
        for item in page.as_array().into_iter().flatten() {
            if left == 0 {
                break;
            }
            items.add(item).await.map_err(|error| full(&error))?;
            left -= 1;
        }
        if left == 0 || !call.is_true(Some(&paging.more), false).await? {
            break;
        }
        turn(call, paging, &mut exchange).await?;
        let answer = call.exchange(&exchange).await?.into_json();
        call.variables.insert("answer".to_owned(), answer);
    }
    let (items, stored) = items.finish(call).await?;
    call.variables.insert("items".to_owned(), items);
    call.variables.insert("stored".to_owned(), stored);
    Ok(())
}

/// Makes the request for the next page.
async fn turn(call: &Call<'_>, paging: &Paging, exchange: &mut Exchange) -> Result<(), TaskError> {
    if let Some(url) = &paging.url {
        exchange.url = call.text(url).await?;
        exchange.query.clear();
    }
    if let Json::Object(query) = call.typed(&json!(paging.query)).await? {
        exchange.query.extend(query);
    }
    if let (Json::Object(more), false) = (call.typed(&json!(paging.body)).await?, paging.body.is_empty()) {
        match exchange.body.get_or_insert_with(|| json!({})) {
            Json::Object(body) => body.extend(more),
            _ => return Err(TaskError::failed("the next page needs a body that is a map")),
        }
    }
    Ok(())
}

impl Items {
    async fn new(in_file: bool, call: &Call<'_>) -> Result<Self, TaskError> {
        if !in_file {
            return Ok(Self::InMemory(Vec::new()));
        }
        let path = call.context.working_dir().join("items.ion");
        let file = File::create(&path).await.map_err(|error| full(&error))?;
        Ok(Self::InFile { file: BufWriter::new(file), path, size: 0 })
    }

    async fn add(&mut self, item: &Json) -> std::io::Result<()> {
        match self {
            Self::InMemory(items) => items.push(item.clone()),
            Self::InFile { file, size, .. } => {
                file.write_all(ion::to_string(item).as_bytes()).await?;
                file.write_all(b"\n").await?;
                *size += 1;
            }
        }
        Ok(())
    }

    /// The values of `items` and `stored`.
    async fn finish(self, call: &Call<'_>) -> Result<(Json, Json), TaskError> {
        match self {
            Self::InMemory(items) => Ok((Json::Array(items), Json::Null)),
            Self::InFile { mut file, path, size } => {
                file.flush().await.map_err(|error| full(&error))?;
                let name = call.context.storage_path("items.ion");
                let (uri, _) = call.context.storage().put_file(&name, &path).await?;
                Ok((json!([]), json!({"uri": uri, "size": size})))
            }
        }
    }
}

fn full(error: &std::io::Error) -> TaskError {
    TaskError::failed(format!("the items cannot be written to the working directory: {error}"))
}
