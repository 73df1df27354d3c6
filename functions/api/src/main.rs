//! The `api` service: wiring only.

use anyhow::ensure;
use segue_executor::Watch;
use segue_families::{executor, globals};
use segue_fn_api::{Access, ApiParts, BasicAuth, Hosts, router};
use segue_fn_scheduler::{Scheduler, SchedulerParts};
use segue_runtime::{connect, start};
use segue_service::{Config, serve_router};
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = start(include_str!("../function.yaml"))?;
    let auth = BasicAuth::from_env(|name| std::env::var(name).ok())?;
    let behind_iap = std::env::var("SEGUE_API_AUTH").is_ok_and(|by| by == "iap");
    ensure!(
        auth.is_some() || behind_iap || config.address.ip().is_loopback(),
        "the API would be open to everybody at {}: set SEGUE_USERNAME and SEGUE_PASSWORD, or SEGUE_API_AUTH=iap where \
         Identity-Aware Proxy stands in front of it",
        config.address
    );
    let (ports, watch) = (connect(&config).await?, Arc::new(Watch::default()));
    let executor = executor(ports, globals(std::env::vars(), "gcp"), watch.clone(), true);
    let scheduler = Arc::new(Scheduler::new(SchedulerParts::beside(&executor)));
    let url = std::env::var("SEGUE_URL").unwrap_or_else(|_| format!("http://{}", config.address));
    let access = Access { basic: auth, hosts: hosts(&config)? };
    let parts = ApiParts { access, url, ..ApiParts::beside(&executor, &scheduler, &watch) };
    Ok(serve_router(&config, router(parts)).await?)
}

/// The names the API answers to. On Cloud Run Google's front end has seen to them, unless others are asked for.
fn hosts(config: &Config) -> anyhow::Result<Hosts> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    Ok(Hosts::from_variables(variable, config.address.ip(), config.service.is_some())?)
}
