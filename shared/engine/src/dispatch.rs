//! Sends task runs, and the files of working directories, to their services.

use crate::effect::Effect;
use crate::env::Env;
use crate::for_each_item::MERGE;
use crate::frame::Phase;
use crate::machine::Blocked;
use crate::plan::NodeId;
use crate::stage::Stage;
use crate::state::{Action, ExecutionState};
use crate::{flowable, memo};
use segue_model::catalog::{RUNNER_TEXTS, RunBy, Service};
use segue_model::event::TaskRunResult;
use segue_model::id::TaskRunId;
use segue_model::state::State;
use segue_model::task::{FlowableKind, Task, TaskKind, WorkingDirectory};
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::RenderError;
use serde_json::json;

impl ExecutionState {
    /// The name of the service that runs a task run. The properties that decide about the service may be expressions.
    /// They are rendered here only for this decision; the service renders them again. If an expression fails, the
    /// unrendered text decides, and the service reports the failure.
    ///
    /// # Errors
    /// [`Blocked`] if an expression needs answers that have not been fetched.
    pub(crate) fn service_for(
        &mut self,
        service: Service,
        task: &Task,
        task_run: &TaskRun,
        env: &Env,
    ) -> Result<&'static str, Blocked> {
        let services = match service {
            Service::Named(name) => return Ok(name),
            Service::ByRunner(services) => services,
        };
        let TaskKind::Plugin { properties } = &task.kind else { return Ok(services.choose(&Map::new())) };
        let mut rendered = Json::Object(properties.clone());
        let mut scope = None;
        for text in RUNNER_TEXTS {
            let Some(Json::String(template)) = rendered.pointer_mut(text) else { continue };
            if !template.contains('{') {
                continue;
            }
            let scope = scope.get_or_insert_with(|| self.scope(task, task_run, env));
            match env.renderer.render(template, scope) {
                Ok(text) => *template = text,
                Err(RenderError::Pending) => return Err(Blocked),
                Err(_) => {}
            }
        }
        Ok(services.choose(rendered.as_object().unwrap_or(properties)))
    }

    /// Sends a task run to its service once more, because the first message may be lost.
    ///
    /// # Errors
    /// See [`Self::service_for`].
    pub(crate) fn dispatch_again(&mut self, id: &TaskRunId, env: &Env) -> Result<(), Blocked> {
        let Some((task_run, Some(node))) = self.run(id).map(|run| (run.task_run.clone(), run.node)) else {
            return Ok(());
        };
        let Some(node) = self.planned(node) else { return Ok(()) };
        let RunBy::Service(service) = node.run_by else { return Ok(()) };
        let service = self.service_for(service, &node.task, &task_run, env)?;
        self.dispatch(id, service, env);
        Ok(())
    }

    /// Sends a task run to a service.
    pub(crate) fn dispatch(&mut self, id: &TaskRunId, service: &'static str, env: &Env) {
        let Some((task_run, Some(node_id))) = self.run(id).map(|run| (run.task_run.clone(), run.node)) else {
            return;
        };
        let Some(node) = self.planned(node_id) else { return };
        let TaskKind::Plugin { properties } = &node.task.kind else { return };
        let properties = if node.task.type_name == MERGE {
            flowable::properties_of_merge(self, &task_run)
        } else {
            properties.clone()
        };
        let mut reach = properties.clone();
        if let Some(timeout) = &node.task.timeout {
            reach.insert("timeout".into(), json!(timeout));
        }
        let context = self.json_context(&node.task, &task_run, &reach, env);
        let dispatch = crate::effect::Dispatch {
            service,
            task_run_id: id.clone(),
            attempt: task_run.ended_attempts(),
            task_id: node.task.id.clone(),
            task_type: node.task.type_name.clone(),
            properties,
            context,
            timeout: node.task.timeout.clone(),
            log_level: node.task.log_level,
            log_to_file: node.task.log_to_file,
            working_directory: self.directory_name(&task_run),
        };
        self.effect(Effect::DispatchTaskRun(Box::new(dispatch)));
    }

    /// The properties of a WorkingDirectory task. None for other tasks.
    pub(crate) fn directory_of(&self, node: NodeId) -> Option<WorkingDirectory> {
        match &self.plan.node(node)?.task.kind {
            TaskKind::Flowable(flowable) => match &flowable.kind {
                FlowableKind::WorkingDirectory(directory) => Some((**directory).clone()),
                _ => None,
            },
            TaskKind::Plugin { .. } => None,
        }
    }

    /// The name of the directory that a task run shares with its siblings. None if it shares none.
    pub(crate) fn directory_name(&self, task_run: &TaskRun) -> Option<String> {
        let mut next = task_run.parent_task_run_id.as_ref();
        while let Some(run) = next.and_then(|id| self.run(id)) {
            if run.node.is_some_and(|node| self.directory_of(node).is_some()) {
                return Some(own_directory(&run.task_run));
            }
            next = run.task_run.parent_task_run_id.as_ref();
        }
        None
    }

    pub(crate) fn dispatch_directory(
        &mut self,
        id: &TaskRunId,
        node: NodeId,
        directory: &WorkingDirectory,
        stage: Stage,
        env: &Env,
    ) {
        let Some(task) = self.plan.node(node).map(|node| node.task.clone()) else { return };
        let Some(run) = self.run_mut(id) else { return };
        memo::STAGE.set(&mut run.task_run.memo, &stage);
        let task_run = run.task_run.clone();
        let attempt = flowable::directory_attempt(&task_run.memo, stage);
        let context = self.json_context(&task, &task_run, &directory.properties, env);
        let dispatch = flowable::directory_dispatch(
            &task,
            directory,
            stage,
            &task_run,
            attempt,
            context,
            own_directory(&task_run),
        );
        self.effect(Effect::DispatchTaskRun(Box::new(dispatch)));
    }

    /// Starts to collect the files of a working directory once its children are done. Returns true while this
    /// is in progress.
    pub(crate) fn collect_directory(
        &mut self,
        id: &TaskRunId,
        node: NodeId,
        is_broken: bool,
        env: &Env,
    ) -> bool {
        let Some(directory) = self.directory_of(node) else { return false };
        let Some(run) = self.run_mut(id).filter(|run| memo::COLLECTED.get(&run.task_run.memo).is_none())
        else {
            return false;
        };
        if is_broken {
            memo::BROKEN.set(&mut run.task_run.memo, &true);
        }
        self.dispatch_directory(id, node, &directory, Stage::Collect, env);
        true
    }

    /// Continues after the files of a working directory were written or collected.
    pub(crate) fn directory_finished(&mut self, result: &TaskRunResult, env: &Env) {
        let id = &result.task_run_id;
        let Some(run) = self.run(id) else { return };
        let stage = memo::STAGE.get(&run.task_run.memo).unwrap_or_default();
        let expected = flowable::directory_attempt(&run.task_run.memo, stage);
        if stage == Stage::Children || expected != result.attempt {
            return self.look_again(env);
        }
        let Some(run) = self.run_mut(id) else { return };
        memo::STAGE.set(&mut run.task_run.memo, &Stage::Children);
        if stage == Stage::Collect {
            memo::COLLECTED.set(&mut run.task_run.memo, &true);
            run.task_run.outputs.extend(result.outputs.clone());
        }
        if result.state == State::Failed {
            self.force(id, State::Failed);
            if let Some(frame) = self.frames.get_mut(id) {
                frame.phase = Phase::Finally;
            }
        }
        self.agenda.push_back(Action::Advance { level: Some(id.clone()), ended: None });
    }
}

/// The name of a working directory. It follows from the task run and its epoch, so a retry begins with an empty
/// directory.
pub(crate) fn own_directory(task_run: &TaskRun) -> String {
    let epoch = memo::EPOCH.get(&task_run.memo).unwrap_or(0);
    format!("{}-{epoch}", task_run.id)
}
