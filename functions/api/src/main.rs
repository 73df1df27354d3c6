//! The `api` service: wiring only.

use anyhow::{Context as _, bail, ensure};
use segue_catalog::catalog;
use segue_executor::{Executor, ExecutorParts, Watch, globals};
use segue_fn_api::{Access, ApiParts, BasicAuth, Hosts, router};
use segue_runtime::{connect, start};
use segue_scheduler::{Scheduler, SchedulerParts};
use segue_service::{Config, IapCheck, serve_router};
use std::sync::Arc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = start(include_str!("../function.yaml"))?;
    let auth = BasicAuth::from_env(|name| std::env::var(name).ok())?;
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let iap = match variable("SEGUE_API_AUTH").as_deref() {
        None => None,
        Some("iap") => Some(Arc::new(IapCheck::from_variables(variable)?)),
        Some(other) => bail!("SEGUE_API_AUTH is '{other}': it can only be iap, for Identity-Aware Proxy"),
    };
    ensure!(
        auth.is_some() || iap.is_some() || config.address.ip().is_loopback(),
        "every caller could use the API at {}: set SEGUE_USERNAME and SEGUE_PASSWORD, or SEGUE_API_AUTH=iap where \
         Identity-Aware Proxy stands in front of it",
        config.address
    );
    let (ports, watch) = (connect(&config).await?, Arc::new(Watch::default()));
    let globals = globals(std::env::vars(), "gcp");
    let executor = Arc::new(Executor::new(ExecutorParts {
        observer: watch.clone(),
        ..ExecutorParts::on_ports(ports, catalog(), globals)
    }));
    let scheduler = Arc::new(Scheduler::new(SchedulerParts::from_executor(&executor)));
    let url = std::env::var("SEGUE_URL").unwrap_or_else(|_| format!("http://{}", config.address));
    let access = Access { basic: auth, token: None, iap, hosts: hosts(&config)?, proxies: proxies(&config)? };
    let parts = ApiParts { access, url, ..ApiParts::from_executor(&executor, &scheduler, &watch) };
    Ok(serve_router(&config, router(parts)).await?)
}

/// The names the API answers to. On Cloud Run Google's front end has seen to them, unless others are asked for.
fn hosts(config: &Config) -> anyhow::Result<Hosts> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    Ok(Hosts::from_variables(variable, config.address.ip(), config.service.is_some())?)
}

/// How many proxies are in front of the API. On Cloud Run there is Google's front end.
fn proxies(config: &Config) -> anyhow::Result<usize> {
    match std::env::var("SEGUE_PROXIES") {
        Ok(count) if !count.trim().is_empty() => {
            count.trim().parse().with_context(|| format!("SEGUE_PROXIES is '{count}': it must be a number"))
        }
        _ => Ok(usize::from(config.service.is_some())),
    }
}
