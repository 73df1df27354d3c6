//! The names that a template uses, found without running it.

use crate::error::RenderError;
use crate::syntax::ast::{Arguments, BinaryOp, Expr, ExprKind, Node};
use crate::syntax::parse;
use std::collections::{BTreeMap, BTreeSet};

/// The parts of a root variable that a template uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All parts. The template uses the variable as a whole, or with a computed key.
    All,
    /// Only these first-level names.
    Names(BTreeSet<String>),
}

/// One use of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name of the root variable and the literal keys after it.
    pub path: Vec<String>,
    /// The line in the template, from 1.
    pub line: u32,
    /// The column in the line, from 1.
    pub column: u32,
    /// Whether an undefined value is allowed here: left of `??` or `???`, in `is defined`, or as the input of
    /// `default`.
    pub guarded: bool,
}

/// The names that a template uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The root variables with their used parts.
    pub roots: BTreeMap<String, Reach>,
    /// Every use of a variable, in the order of the template.
    pub paths: Vec<Reference>,
    /// The called functions, without the macros of the template.
    pub functions: BTreeSet<String>,
    /// The keys in `kv()` that are literals.
    pub kv_keys: BTreeSet<String>,
    /// The keys in `secret()` that are literals.
    pub secret_keys: BTreeSet<String>,
    /// Whether the template renders texts of variables again. These texts may use any variable. The functions are
    /// `render()`, `renderOnce()`, `printContext()` and `fetchContext()`.
    pub dynamic: bool,
}

/// The names that a template uses. Variables that the template sets itself (`set`, `for`, macro parameters) are left
/// out.
///
/// # Errors
/// [`RenderError::Syntax`] if the template cannot be parsed.
///
/// ```
/// use segue_template::{Reach, references};
/// let used = references("{{ outputs.a.value ?? inputs[name] }}").unwrap();
/// assert_eq!(used.roots["outputs"], Reach::Names(["a".to_string()].into()));
/// assert_eq!(used.roots["inputs"], Reach::All);
/// assert!(used.paths[0].guarded && !used.paths[1].guarded);
/// ```
pub fn references(template: &str) -> Result<References, RenderError> {
    let mut walk = Walk { found: References::default(), local: Vec::new(), macros: BTreeSet::new() };
    if template.contains('{') {
        let nodes = parse(template)?;
        macro_names(&nodes, &mut walk.macros);
        walk.nodes(&nodes);
    }
    Ok(walk.found)
}

fn macro_names(nodes: &[Node], names: &mut BTreeSet<String>) {
    for node in nodes {
        match node {
            Node::Macro { name, body, .. } => {
                names.insert(name.clone());
                macro_names(body, names);
            }
            Node::If { branches, otherwise } => {
                branches.iter().for_each(|(_, body)| macro_names(body, names));
                macro_names(otherwise.as_deref().unwrap_or_default(), names);
            }
            Node::For { body, otherwise, .. } => {
                macro_names(body, names);
                macro_names(otherwise.as_deref().unwrap_or_default(), names);
            }
            Node::Filter { body, .. } | Node::Block { body, .. } => macro_names(body, names),
            Node::Text(_) | Node::Print(_) | Node::Set { .. } => {}
        }
    }
}

struct Walk {
    found: References,
    /// The names that the template has set. The innermost name is last.
    local: Vec<String>,
    macros: BTreeSet<String>,
}

impl Walk {
    fn nodes(&mut self, nodes: &[Node]) {
        nodes.iter().for_each(|node| self.node(node));
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Text(_) => {}
            Node::Print(value) => self.expr(value, false),
            Node::If { branches, otherwise } => {
                // A name that is set in one branch may be undefined in another branch or afterwards. So it stays a
                // reference there.
                let outer = self.local.len();
                for (condition, body) in branches {
                    self.expr(condition, false);
                    self.nodes(body);
                    self.local.truncate(outer);
                }
                self.nodes(otherwise.as_deref().unwrap_or_default());
                self.local.truncate(outer);
            }
            Node::For { variable, items, body, otherwise } => {
                self.expr(items, false);
                let outer = self.local.len();
                self.local.extend([variable.clone(), "loop".to_owned()]);
                self.nodes(body);
                self.local.truncate(outer);
                self.nodes(otherwise.as_deref().unwrap_or_default());
                self.local.truncate(outer);
            }
            Node::Set { name, value } => {
                self.expr(value, false);
                self.local.push(name.clone());
            }
            Node::Macro { parameters, body, .. } => {
                let outer = self.local.len();
                for (name, default) in parameters {
                    default.iter().for_each(|default| self.expr(default, false));
                    self.local.push(name.clone());
                }
                self.nodes(body);
                self.local.truncate(outer);
            }
            Node::Filter { filters, body } => {
                filters.iter().for_each(|(_, arguments, _)| self.arguments(arguments));
                self.nodes(body);
            }
            Node::Block { body, .. } => self.nodes(body),
        }
    }

    fn arguments(&mut self, arguments: &Arguments) {
        arguments.all().for_each(|argument| self.expr(argument, false));
    }

    fn expr(&mut self, expr: &Expr, guarded: bool) {
        match &expr.kind {
            ExprKind::Var(_) | ExprKind::Get(..) => self.path(expr, guarded),
            ExprKind::Binary(BinaryOp::NullCoalesce | BinaryOp::UndefinedCoalesce, left, right) => {
                self.expr(left, true);
                self.expr(right, guarded);
            }
            ExprKind::Test { value, name, .. } => self.expr(value, guarded || name == "defined"),
            ExprKind::Filter(input, name, arguments) => {
                self.expr(input, guarded || name == "default");
                self.arguments(arguments);
            }
            ExprKind::Call(name, arguments) => {
                self.call(name, arguments);
                arguments.all().for_each(|argument| self.expr(argument, guarded));
            }
            kind => kind.children().into_iter().for_each(|child| self.expr(child, guarded)),
        }
    }

    fn call(&mut self, name: &str, arguments: &Arguments) {
        // `block("name")` prints a block of this template.
        if self.macros.contains(name) || name == "block" {
            return;
        }
        self.found.functions.insert(name.to_owned());
        let named = arguments.named.iter().find(|(name, _)| name == "key").map(|(_, value)| value);
        let key = arguments.positional.first().or(named);
        if let Some(Expr { kind: ExprKind::Str(key), .. }) = key {
            match name {
                "kv" => drop(self.found.kv_keys.insert(key.clone())),
                "secret" => drop(self.found.secret_keys.insert(key.clone())),
                _ => {}
            }
        }
        match name {
            "render" | "renderOnce" | "printContext" | "fetchContext" => self.found.dynamic = true,
            "tasksWithState" => self.reach("tasks", None),
            "currentEachOutput" => {
                self.reach("parents", None);
                self.reach("taskrun", Some("value"));
            }
            "kv" | "secret" | "read" | "fileURI" => self.reach("flow", Some("namespace")),
            _ => {}
        }
    }

    fn reach(&mut self, root: &str, name: Option<&str>) {
        let reach = self.found.roots.entry(root.to_owned()).or_insert_with(|| Reach::Names(BTreeSet::new()));
        match (name, reach) {
            (Some(name), Reach::Names(names)) => drop(names.insert(name.to_owned())),
            (None, reach) => *reach = Reach::All,
            (Some(_), Reach::All) => {}
        }
    }

    fn path(&mut self, expr: &Expr, guarded: bool) {
        let mut keys = Vec::new();
        let mut base = expr;
        while let ExprKind::Get(inner, key) = &base.kind {
            keys.push(&**key);
            base = inner;
        }
        keys.reverse();
        let ExprKind::Var(root) = &base.kind else {
            self.expr(base, guarded);
            keys.iter().for_each(|key| self.expr(key, guarded));
            return;
        };
        if !self.local.contains(root) {
            let written = keys.iter().map_while(|key| match &key.kind {
                ExprKind::Str(key) => Some(key.clone()),
                ExprKind::Int(place) => Some(place.to_string()),
                _ => None,
            });
            let path: Vec<String> = std::iter::once(root.clone()).chain(written).collect();
            self.reach(root, path.get(1).map(String::as_str));
            let (line, column) = (expr.span.line, expr.span.column);
            self.found.paths.push(Reference { path, line, column, guarded });
        }
        keys.iter().for_each(|key| self.expr(key, guarded));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(reach: &Reach) -> Vec<&str> {
        match reach {
            Reach::All => vec!["*"],
            Reach::Names(names) => names.iter().map(String::as_str).collect(),
        }
    }

    #[test]
    fn roots_are_reached_by_name_or_as_a_whole() {
        let used =
            references("{{ outputs.a.x ~ outputs['b'].y }}{{ vars }}{{ inputs[key].z | upper }}").unwrap();
        assert_eq!(names(&used.roots["outputs"]), ["a", "b"]);
        assert_eq!(names(&used.roots["vars"]), ["*"]);
        assert_eq!(names(&used.roots["inputs"]), ["*"]);
        assert!(used.roots.contains_key("key"));
    }

    #[test]
    fn what_the_template_sets_is_no_reference() {
        let used =
            references("{% for i in outputs.a %}{{ i.x }}{{ loop.index }}{% endfor %}{% set q = 1 %}{{ q }}")
                .unwrap();
        assert_eq!(used.roots.keys().collect::<Vec<_>>(), ["outputs"]);
    }

    #[test]
    fn guards_are_seen() {
        let used =
            references("{{ a.x ?? b.y }}{{ c is defined }}{{ d | default(e) }}{{ f is null }}").unwrap();
        let guarded: Vec<_> = used.paths.iter().map(|path| (path.path[0].as_str(), path.guarded)).collect();
        assert_eq!(
            guarded,
            [("a", true), ("b", false), ("c", true), ("d", true), ("e", false), ("f", false)]
        );
    }

    #[test]
    fn functions_and_their_keys_are_seen() {
        let used = references("{{ kv('k') ~ secret(key='S') ~ render(vars.x) ~ kv(inputs.k) }}").unwrap();
        assert_eq!(used.functions.iter().collect::<Vec<_>>(), ["kv", "render", "secret"]);
        assert_eq!(used.kv_keys.iter().collect::<Vec<_>>(), ["k"]);
        assert_eq!(used.secret_keys.iter().collect::<Vec<_>>(), ["S"]);
        assert!(used.dynamic);
        assert_eq!(used.paths[0].line, 1);
    }
}
