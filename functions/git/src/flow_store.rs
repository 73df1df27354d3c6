//! Flows in the state store, and the message to the scheduler about their triggers.

use segue_ports::state::StoredFlow;
use segue_ports::wire::{FlowChanged, Message};
use segue_ports::{Outgoing, Topic};
use segue_task::{TaskContext, TaskError};

/// The flows of a namespace, and of the namespaces below it if they count.
///
/// # Errors
/// If the state store does not answer.
pub(crate) async fn flows(
    context: &TaskContext,
    namespace: &str,
    with_children: bool,
) -> Result<Vec<StoredFlow>, TaskError> {
    let state = &context.ports().state;
    if !with_children {
        return Ok(state.flows(Some(namespace)).await?);
    }
    let below = format!("{namespace}.");
    let mut flows = state.flows(None).await?;
    flows.retain(|flow| flow.namespace == namespace || flow.namespace.starts_with(&below));
    Ok(flows)
}

/// Saves a flow, and tells the scheduler. A flow that is stored as it is stays, unless an earlier run of this attempt may
/// have stopped between the two steps.
///
/// # Errors
/// If the state store or the bus does not answer.
pub(crate) async fn save(
    context: &TaskContext,
    (namespace, id): (&str, &str),
    source: &str,
    stored: Option<&StoredFlow>,
) -> Result<u32, TaskError> {
    if let Some(stored) = stored
        && stored.source == source
        && stored.updated < context.message().dispatched_at
    {
        return Ok(stored.revision);
    }
    let ports = context.ports();
    let saved = ports.state.put_flow(namespace, id, source, ports.clock.now()).await?;
    announce(context, namespace, id).await?;
    Ok(saved.revision)
}

/// Deletes a flow, and tells the scheduler.
///
/// # Errors
/// If the state store or the bus does not answer.
pub(crate) async fn delete(context: &TaskContext, flow: &StoredFlow) -> Result<(), TaskError> {
    let ports = context.ports();
    // Triggers of a flow that is gone are removed at their next tick, if this process stops before the message.
    ports.state.delete_flow(&flow.namespace, &flow.id, ports.clock.now()).await?;
    announce(context, &flow.namespace, &flow.id).await
}

async fn announce(context: &TaskContext, namespace: &str, id: &str) -> Result<(), TaskError> {
    let changed = FlowChanged { namespace: namespace.to_owned(), flow_id: id.to_owned() };
    let message = Outgoing { topic: Topic::Triggers, message: Message::FlowChanged(changed) };
    Ok(context.ports().bus.publish(vec![message]).await?)
}
