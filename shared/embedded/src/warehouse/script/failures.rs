//! Errors in scripts: BEGIN … EXCEPTION, RAISE, and the variables `@@error.…`.

use super::Script;
use super::control::Flow;
use crate::warehouse::sql::analyze::value::text_literal;
use crate::warehouse::sql::analyze::{Variable, Variables};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::invalid;
use crate::warehouse::sql::syntax::ast::{At, Expr};
use crate::warehouse::sql::syntax::script_ast::{Span, Step};
use segue_ports::warehouse::WarehouseError;

impl Script<'_> {
    /// Runs BEGIN … END.
    pub(super) fn block(&mut self, body: &[Step], handler: Option<&[Step]>) -> Result<Flow, WarehouseError> {
        let depth = self.declared.len();
        self.declared.push(Vec::new());
        let outcome = self.steps(body);
        // An error may have left blocks inside of this one.
        while self.declared.len() > depth {
            self.leave_block();
        }
        match (outcome, handler) {
            (Err(error), Some(handler)) if self.is_caught(&error) => self.handle(error, handler),
            (outcome, _) => outcome,
        }
    }

    /// Whether a handler may catch the error. A job that is stopped, or that may succeed later, ends.
    fn is_caught(&self, error: &WarehouseError) -> bool {
        !error.is_transient()
            && !matches!(error, WarehouseError::StillRunning { .. })
            && self.engine.stop.check().is_ok()
    }

    fn handle(&mut self, error: WarehouseError, handler: &[Step]) -> Result<Flow, WarehouseError> {
        let message = self.raised.take().unwrap_or_else(|| message(&error));
        let before = self.variables.clone();
        self.variables.extend(variables(&error, &message));
        self.handled.push(error);
        let outcome = self.steps(handler);
        self.handled.pop();
        // An outer handler has its own error again.
        self.variables.retain(|name, _| !name.starts_with("@@error."));
        self.variables.extend(before.into_iter().filter(|(name, _)| name.starts_with("@@error.")));
        outcome
    }

    /// The error of RAISE.
    pub(super) fn raise(
        &mut self,
        message: Option<&Expr>,
        at: At,
        span: Span,
    ) -> Result<WarehouseError, WarehouseError> {
        let Some(expr) = message else {
            return self.handled.last().cloned().ok_or_else(|| {
                let hint = "write RAISE USING MESSAGE = '…'";
                invalid(
                    "RAISE without a message is allowed only in an exception handler",
                    Some(at),
                    Some(hint),
                )
            });
        };
        let text = self.string(expr, span)?.unwrap_or_default();
        self.raised = Some(text.clone());
        Ok(invalid(&text, Some(at), None))
    }
}

/// The text of an error as `@@error.message` has it.
fn message(error: &WarehouseError) -> String {
    match error {
        WarehouseError::InvalidQuery { message, line: Some(line), column: Some(column), .. } => {
            format!("Query error: {message} at [{line}:{column}]")
        }
        WarehouseError::InvalidQuery { message, .. } => format!("Query error: {message}"),
        other => other.to_string(),
    }
}

fn variables(error: &WarehouseError, message: &str) -> Variables {
    let (line, column) = match error {
        WarehouseError::InvalidQuery { line: Some(line), column: Some(column), .. } => (*line, *column),
        _ => (1, 1),
    };
    let text = |text: &str| Variable { ty: DataType::String, sql: text_literal(text) };
    let frame = [
        ("line", DataType::Int64, format!("CAST({line} AS BIGINT)")),
        ("column", DataType::Int64, format!("CAST({column} AS BIGINT)")),
        ("filename", DataType::String, "CAST(NULL AS VARCHAR)".to_owned()),
        ("location", DataType::String, "CAST(NULL AS VARCHAR)".to_owned()),
    ];
    let parts: Vec<String> = frame.iter().map(|(name, _, sql)| format!("\"{name}\" := {sql}")).collect();
    let fields = frame.iter().map(|(name, ty, _)| ((*name).to_owned(), ty.clone())).collect();
    let trace = Variable {
        ty: DataType::Array(Box::new(DataType::Struct(fields))),
        sql: format!("[struct_pack({})]", parts.join(", ")),
    };
    [
        ("@@error.message", text(message)),
        ("@@error.statement_text", text("")),
        ("@@error.formatted_stack_trace", text(&format!("At [{line}:{column}]"))),
        ("@@error.stack_trace", trace),
    ]
    .map(|(name, variable)| (name.to_owned(), variable))
    .into()
}
