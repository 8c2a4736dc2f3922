//! What the variables of an optimizer are called. A file numbers them; an optimizer makes some of its own and then some for each
//! weight that is trained.
//!
//! Source: `keras/src/optimizers` of Keras 3.15.

use super::config::Spec;
use serde_json::Value;

/// The variables for each weight, by the optimizer's class. Those of one text are made weight by weight, texts one after
/// the other; one with a condition is made where the config says so.
const SLOTS: &[(&str, &[Slots])] = &[
    ("SGD", &[Slots("momentum", When::Positive("momentum"))]),
    ("Adam", ADAM),
    ("AdamW", ADAM),
    ("Lamb", &[Slots("momentum velocity", When::Always)]),
    ("ScheduleFreeAdamW", &[Slots("momentum velocity", When::Always)]),
    ("Adamax", &[Slots("momentum norm", When::Always)]),
    ("Adagrad", &[Slots("accumulator", When::Always)]),
    ("Adadelta", &[Slots("accumulated_grad accumulated_delta_var", When::Always)]),
    ("Ftrl", &[Slots("accumulator linear", When::Always)]),
    ("Lion", &[Slots("momentum", When::Always)]),
    (
        "RMSprop",
        &[
            Slots("velocity", When::Always),
            Slots("momentum", When::Positive("momentum")),
            Slots("average_gradient", When::True("centered")),
        ],
    ),
];

const ADAM: &[Slots] = &[Slots("momentum velocity", When::Always), Slots("velocity_hat", When::True("amsgrad"))];

/// Those that every optimizer makes before its own.
const COMMON: &[Slots] = &[
    Slots("average", When::True("use_ema")),
    Slots("gradient_accumulator", When::Positive("gradient_accumulation_steps")),
];

struct Slots(&'static str, When);

enum When {
    Always,
    True(&'static str),
    Positive(&'static str),
}

impl When {
    fn holds(&self, config: &Value) -> bool {
        match self {
            When::Always => true,
            When::True(key) => config.get(key).and_then(Value::as_bool).unwrap_or(false),
            When::Positive(key) => config.get(key).and_then(Value::as_f64).is_some_and(|number| number > 0.0),
        }
    }
}

/// A weight that is trained: its name, and its shape if the file has it.
pub(super) type Trained<'a> = (&'a str, Option<&'a [u64]>);

/// A variable: its name, and its shape if that is known.
pub(super) type Variable<'a> = (String, Option<&'a [u64]>);

/// The variables of an optimizer in its order; `None` for a class whose order is not known here.
pub(super) fn variables<'a>(spec: &Spec<'_>, name: &str, weights: &[Trained<'a>]) -> Option<Vec<Variable<'a>>> {
    let (_, slots) = SLOTS.iter().find(|(class, _)| *class == spec.class)?;
    let mut variables = own(spec.config, name);
    for Slots(names, when) in COMMON.iter().chain(*slots) {
        if when.holds(spec.config) {
            for (weight, shape) in weights {
                let weight = weight.replace('/', "_");
                variables.extend(names.split(' ').map(|slot| (format!("{name}/{weight}_{slot}"), *shape)));
            }
        }
    }
    Some(variables)
}

/// Those that it has whatever is trained. A schedule of rates is no variable.
pub(super) fn own<'a>(config: &Value, name: &str) -> Vec<Variable<'a>> {
    let mut variables: Vec<Variable<'a>> = vec![(format!("{name}/iteration"), Some(&[]))];
    if config.get("learning_rate").is_none_or(|rate| !rate.is_object()) {
        variables.push((format!("{name}/learning_rate"), Some(&[])));
    }
    variables
}

/// Those of the optimizer around another one that scales a loss of half precision; they come before the inner one's.
pub(super) fn loss_scale<'a>(config: &Value, name: &str) -> Vec<Variable<'a>> {
    let mut variables = own(config, name);
    variables.extend(["step_counter", "dynamic_scale"].map(|own| (format!("{name}/{own}"), Some(&[][..]))));
    variables
}
