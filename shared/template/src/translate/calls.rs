//! Translates calls: operators, attributes, functions, macros and filters.

use super::{Done, Translator};
use crate::builtin::{Builtin, Parameters};
use crate::syntax::ast::{Arguments, BinaryOp, Expr, ExprKind, Span};
use crate::{filters, functions};

impl Translator<'_> {
    pub(super) fn call(&mut self, function: &str, operands: &[Expr]) -> Done {
        self.push(function);
        self.push("(");
        for (index, operand) in operands.iter().enumerate() {
            self.push(if index == 0 { "" } else { "," });
            self.expr(operand)?;
        }
        self.push(")");
        Ok(())
    }

    /// Translates `a.b[c].d` to one call: `__var("a", line, "b", c, "d")`. If the path does not begin with a variable,
    /// the call is `__path(a, line, …)`.
    pub(super) fn path(&mut self, base: &Expr, key: &Expr, span: Span) -> Done {
        let mut keys = vec![key];
        let mut base = base;
        while let ExprKind::Get(inner, key) = &base.kind {
            keys.push(key);
            base = inner;
        }
        if let ExprKind::Var(name) = &base.kind {
            self.push("__var(");
            self.string(name);
        } else {
            self.push("__path(");
            self.expr(base)?;
        }
        self.push(",");
        self.number(span.line);
        for key in keys.iter().rev() {
            self.push(",");
            self.expr(key)?;
        }
        self.push(")");
        Ok(())
    }

    pub(super) fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr) -> Done {
        match op {
            BinaryOp::NullCoalesce => self.coalesce(op, "(__kept() if __keep(", left, right),
            BinaryOp::UndefinedCoalesce => self.coalesce(op, "(__kept() if __keep_defined(", left, right),
            BinaryOp::And => self.lazy(op, "__and(", " and ", left, right),
            BinaryOp::Or => self.lazy(op, "__or(", " or ", left, right),
            BinaryOp::Concat => self.chain("__concat", &[BinaryOp::Concat], left, right, op, false),
            BinaryOp::Add | BinaryOp::Subtract => {
                self.chain("__sum", &[BinaryOp::Add, BinaryOp::Subtract], left, right, op, true)
            }
            BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulus => self.chain(
                "__product",
                &[BinaryOp::Multiply, BinaryOp::Divide, BinaryOp::Modulus],
                left,
                right,
                op,
                true,
            ),
            _ => {
                self.push(match op {
                    BinaryOp::Range => "__range(",
                    BinaryOp::Equals => "__equals(",
                    BinaryOp::NotEquals => "__not_equals(",
                    BinaryOp::Less => "__less(",
                    BinaryOp::Greater => "__greater(",
                    BinaryOp::LessEquals => "__less_equals(",
                    BinaryOp::GreaterEquals => "__greater_equals(",
                    BinaryOp::Contains => "__contains(",
                    BinaryOp::NotIn => "__not_in(",
                    _ => "__in(",
                });
                self.expr(left)?;
                self.push(",");
                self.expr(right)?;
                self.push(")");
                Ok(())
            }
        }
    }

    /// Translates `a ?? b ?? c`. The result is the first operand that is kept, or else the last operand.
    fn coalesce(&mut self, op: BinaryOp, keep: &str, left: &Expr, right: &Expr) -> Done {
        let operands = flatten(&[op], left);
        for (operand, _) in &operands {
            self.push(keep);
            self.expr(operand)?;
            self.push(") else ");
        }
        self.expr(right)?;
        self.push(&")".repeat(operands.len()));
        Ok(())
    }

    fn lazy(&mut self, op: BinaryOp, check: &str, word: &str, left: &Expr, right: &Expr) -> Done {
        self.push("(");
        for (operand, _) in flatten(&[op], left) {
            self.push(check);
            self.expr(operand)?;
            self.push(")");
            self.push(word);
        }
        self.push(check);
        self.expr(right)?;
        self.push("))");
        Ok(())
    }

    /// Translates operands that operators of one precedence join from left to right.
    fn chain(
        &mut self,
        function: &str,
        ops: &[BinaryOp],
        left: &Expr,
        right: &Expr,
        last: BinaryOp,
        name_operators: bool,
    ) -> Done {
        let mut operands = flatten(ops, left);
        operands.push((right, Some(last)));
        self.push(function);
        self.push("(");
        for (index, (operand, op)) in operands.into_iter().enumerate() {
            self.push(if index == 0 { "" } else { "," });
            if let Some(op) = op.filter(|_| name_operators) {
                self.push(match op {
                    BinaryOp::Add => "\"+\",",
                    BinaryOp::Subtract => "\"-\",",
                    BinaryOp::Multiply => "\"*\",",
                    BinaryOp::Divide => "\"/\",",
                    _ => "\"%\",",
                });
            }
            self.expr(operand)?;
        }
        self.push(")");
        Ok(())
    }

    pub(super) fn function_call(&mut self, name: &str, arguments: &Arguments, span: Span) -> Done {
        if let Some(builtin) = functions::find(name) {
            self.push("fn_");
            self.push(name);
            self.push("(");
            self.arguments(builtin, arguments, span)?;
            self.push(")");
            return Ok(());
        }
        if !self.macros.contains(name) {
            return self.fail(format!("Function or Macro [{name}] does not exist."), span);
        }
        self.push("__macro(");
        self.string(name);
        self.push(",");
        self.number(arguments.positional.len());
        for value in &arguments.positional {
            self.push(",");
            self.expr(value)?;
        }
        for (name, value) in &arguments.named {
            self.push(",");
            self.string(name);
            self.push(",");
            self.expr(value)?;
        }
        self.push(")");
        Ok(())
    }

    /// Translates `|name(arguments)` after an input.
    pub(super) fn filter_call(&mut self, name: &str, arguments: &Arguments, span: Span) -> Done {
        let Some(builtin) = filters::find(name) else {
            return self.fail(format!("Filter [{name}] does not exist."), span);
        };
        self.push("|");
        self.push(name);
        if !arguments.positional.is_empty() || !arguments.named.is_empty() {
            self.push("(");
            self.arguments(builtin, arguments, span)?;
            self.push(")");
        }
        Ok(())
    }

    /// Translates arguments. A named argument is put at its position. Positions before it without an argument are
    /// undefined.
    fn arguments(&mut self, builtin: &Builtin, arguments: &Arguments, span: Span) -> Done {
        let mut first = true;
        let mut slots: Vec<Option<&Expr>> = arguments.positional.iter().map(Some).collect();
        match builtin.parameters {
            Parameters::Any => {
                if let Some((name, _)) = arguments.named.first() {
                    return self.fail(format!("The following named argument does not exist: {name}"), span);
                }
            }
            Parameters::Named(names) => {
                if slots.len() > names.len() {
                    let message = format!(
                        "{} takes at most {} arguments, found {}",
                        builtin.name,
                        names.len(),
                        slots.len()
                    );
                    return self.fail(message, span);
                }
                for (name, value) in &arguments.named {
                    let Some(index) = names.iter().position(|known| known == name) else {
                        return self
                            .fail(format!("The following named argument does not exist: {name}"), span);
                    };
                    if slots.len() <= index {
                        slots.resize(index + 1, None);
                    }
                    if let Some(slot) = slots.get_mut(index) {
                        *slot = Some(value);
                    }
                }
            }
        }
        for slot in slots {
            self.push(if std::mem::take(&mut first) { "" } else { "," });
            match slot {
                Some(value) => self.expr(value)?,
                None => self.push("__left_out"),
            }
        }
        Ok(())
    }
}

/// The operands of a chain of these operators, each with the operator before it. The first operand has none.
fn flatten<'e>(ops: &[BinaryOp], expr: &'e Expr) -> Vec<(&'e Expr, Option<BinaryOp>)> {
    let mut operands = Vec::new();
    let mut current = expr;
    while let ExprKind::Binary(op, left, right) = &current.kind
        && ops.contains(op)
    {
        operands.push((&**right, Some(*op)));
        current = left;
    }
    operands.push((current, None));
    operands.reverse();
    operands
}
