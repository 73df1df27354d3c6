//! Translates the engine's types to those of the ports.

use jiff::Timestamp;
use segue_engine::effect::Dispatch;
use segue_engine::inline::{Change, KvKind};
use segue_model::execution::Execution;
use segue_ports::kv::{KvType, KvWrite};
use segue_ports::wire::{TaskRunMessage, WIRE_VERSION, WorkingDirectoryRef};

/// The change of the KV store that an engine's change contains. None if it contains none.
pub(crate) fn kv_write(change: &Change) -> Option<KvWrite> {
    match change {
        Change::SetKv { namespace, key, kind, value, description, expires } => Some(KvWrite::Set {
            namespace: namespace.clone(),
            key: key.clone(),
            kind: kv_type(*kind),
            value: value.clone(),
            description: description.clone(),
            expires: *expires,
        }),
        Change::DeleteKv { namespace, key } => {
            Some(KvWrite::Delete { namespace: namespace.clone(), key: key.clone() })
        }
        Change::Labels(_)
        | Change::SetVariables(_)
        | Change::UnsetVariables(_)
        | Change::Exit(_)
        | Change::Resume { .. } => None,
    }
}

fn kv_type(kind: KvKind) -> KvType {
    match kind {
        KvKind::String => KvType::String,
        KvKind::Number => KvType::Number,
        KvKind::Boolean => KvType::Boolean,
        KvKind::Datetime => KvType::Datetime,
        KvKind::Date => KvType::Date,
        KvKind::Duration => KvType::Duration,
        KvKind::Json => KvType::Json,
    }
}

/// The message that sends a task run to its service.
pub(crate) fn task_run_message(execution: &Execution, dispatch: Dispatch, now: Timestamp) -> TaskRunMessage {
    TaskRunMessage {
        version: WIRE_VERSION,
        execution_id: execution.id.clone(),
        namespace: execution.namespace.clone(),
        flow_id: execution.flow_id.clone(),
        flow_revision: execution.flow_revision,
        task_run_id: dispatch.task_run_id,
        attempt: dispatch.attempt,
        task_id: dispatch.task_id,
        task_type: dispatch.task_type,
        properties: dispatch.properties,
        context: dispatch.context,
        timeout: dispatch.timeout,
        log_level: dispatch.log_level,
        log_to_file: dispatch.log_to_file,
        working_directory: dispatch.working_directory.map(|id| WorkingDirectoryRef { id }),
        dispatched_at: now,
        resumed: None,
        held_before: false,
        look: None,
    }
}
