//! The code of each problem that a flow can have, with a title of one line. The page `docs/errors/<code>.md`
//! explains the code.
//!
//! The first two digits say what the problem is about: 01 the YAML itself, 02 the shape of the flow, 03 rules between
//! parts of the flow, 04 expressions and patterns (checked by the engine, which can read them). A number keeps its
//! meaning forever: the number of a deleted rule is not used again.
//!
//! How to add one more: a line in the list below, and a page.

macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal;)*) => {
        $(#[doc = $title] pub const $name: &str = $code;)*

        /// Every code with its title, in the order of the codes.
        pub const ALL: &[(&str, &str)] = &[$(($code, $title)),*];
    };
}

codes! {
    YAML_SYNTAX = "SEG0101", "The YAML cannot be read.";
    DUPLICATE_KEY = "SEG0102", "A key appears twice in one map.";
    BAD_ALIAS = "SEG0103", "An alias or a merge key does not refer to a usable value.";
    TOO_LARGE = "SEG0104", "The document is nested too deeply, or its aliases and plugin defaults are too large.";
    KEY_NOT_TEXT = "SEG0105", "A key of a map is not a text.";
    NOT_A_FLOW = "SEG0106", "The document is not one flow.";
    UNRECOGNIZED_FIELD = "SEG0201", "A key is unknown at this position.";
    MISSING_PROPERTY = "SEG0202", "A required property is missing.";
    WRONG_VALUE_TYPE = "SEG0203", "A value has the wrong type.";
    NOT_ALLOWED_VALUE = "SEG0204", "A value is not one of the allowed values.";
    INVALID_ID = "SEG0205", "An id contains characters that are not allowed, or is too long.";
    INVALID_NAMESPACE = "SEG0206", "A namespace contains characters that are not allowed, or is too long.";
    INVALID_DURATION = "SEG0207", "A duration is not in ISO-8601 form.";
    OUT_OF_RANGE = "SEG0208", "A number or a text is outside its allowed range.";
    INVALID_LABEL = "SEG0209", "The key or the value of a label is not allowed.";
    INVALID_TYPE = "SEG0210", "No task, trigger or condition has this type.";
    LEGACY_TYPE = "SEG0211", "A type is written with an older name.";
    NO_PROPERTY = "SEG0212", "The plugin does not have this property.";
    DEFAULT_IGNORED = "SEG0213", "A property from plugin defaults is ignored because the type does not have it.";
    FIELD_IGNORED = "SEG0214", "A key has no effect.";
    RESERVED_ID = "SEG0215", "The flow id is reserved.";
    DUPLICATE_TASK_ID = "SEG0301", "Two tasks have the same id.";
    DUPLICATE_TRIGGER_ID = "SEG0302", "Two triggers have the same id.";
    DUPLICATE_INPUT_ID = "SEG0303", "Two inputs have the same id.";
    DUPLICATE_OUTPUT_ID = "SEG0304", "Two outputs have the same id.";
    RECURSIVE_SUBFLOW = "SEG0305", "A flow calls itself as a subflow.";
    UNKNOWN_INPUT_DEPENDENCY = "SEG0306", "An input depends on an input that does not exist.";
    INPUT_DEPENDENCY_CYCLE = "SEG0307", "Inputs depend on each other in a circle.";
    UNKNOWN_DAG_DEPENDENCY = "SEG0308", "A Dag task depends on a task that is not in the Dag.";
    DAG_CYCLE = "SEG0309", "Tasks of a Dag wait for each other in a circle.";
    SWITCH_WITHOUT_BRANCH = "SEG0310", "A Switch has neither cases nor defaults.";
    EMPTY_TASKS = "SEG0311", "A list of tasks is empty.";
    NOT_RUNNABLE = "SEG0312", "A WorkingDirectory contains a task that is not runnable.";
    DASH_IN_DOT_NOTATION = "SEG0313", "A name with a dash is read with a dot.";
    RETRY_BOUNDS = "SEG0314", "The durations of a retry contradict each other.";
    INVALID_CRON = "SEG0315", "A cron expression cannot be read.";
    INPUT_CONTRADICTION = "SEG0316", "The properties of an input contradict each other.";
    TRIGGER_FOR_EVERY_FLOW = "SEG0317", "A Flow trigger has neither conditions nor preconditions.";
    UNKNOWN_TIME_ZONE = "SEG0318", "A time zone does not exist.";
    NEVER_FIRES = "SEG0319", "A cron expression never fires.";
    UNKNOWN_RUNNER = "SEG0320", "No task runner has this type.";
    EXPRESSION_SYNTAX = "SEG0401", "An expression cannot be read.";
    UNKNOWN_FUNCTION = "SEG0402", "An expression uses a function, filter or test that does not exist.";
    UNKNOWN_INPUT = "SEG0403", "An expression reads an input that the flow does not declare.";
    UNKNOWN_TASK = "SEG0404", "An expression reads the outputs of a task that does not exist.";
    OUTPUTS_NOT_THERE = "SEG0405", "An expression reads outputs that cannot exist yet.";
    UNKNOWN_VARIABLE = "SEG0406", "An expression reads a variable that the flow does not have.";
    NO_TRIGGER = "SEG0407", "An expression reads the trigger of a flow that has no trigger.";
    OUTSIDE_LOOP = "SEG0408", "An expression outside a loop reads a value that only a loop has.";
    UNKNOWN_ROOT = "SEG0409", "An expression starts with an unknown name.";
    UNKNOWN_SUBFLOW = "SEG0410", "A subflow does not exist.";
    INVALID_PATTERN = "SEG0411", "The validator of an input is not a valid pattern.";
    INVALID_DEFAULT = "SEG0412", "The default of an input is not a valid value.";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn codes_are_in_order() {
        assert!(ALL.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
