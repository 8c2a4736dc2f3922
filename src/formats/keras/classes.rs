//! What the layers of Keras call their variables. A file numbers them (`vars/0`); the names are in the classes only.
//!
//! Sources: `keras/src/layers` of Keras 3.15 and `tf_keras/src/layers` of Keras 2.21.

use crate::model::{self, Number, Tensor};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A class of layers.
pub(super) struct Class {
    /// Its name.
    pub name: &'static str,
    /// The variables that one may have, in the order in which it saves them, a text for each way of quantising it. A `?` marks
    /// what it may do without, a `!` what is not trained, a `*` what was a parameter and is not trained any more, a `~` what is
    /// no weight.
    layouts: &'static [&'static str],
    /// The layers that it is made of, in the order of `get_weights()`.
    pub parts: &'static [Part],
}

/// A layer that another one is made of.
pub(super) struct Part {
    /// The attribute that holds it, without an underscore before it; its group in a file is called so.
    pub group: &'static str,
    /// Its class; empty where the config tells.
    pub class: &'static str,
    /// Its name; empty where the config tells.
    pub name: &'static str,
    /// The key of its config in that of the whole, where it has one.
    pub key: &'static str,
}

const fn own(name: &'static str, layouts: &'static [&'static str]) -> Class {
    Class { name, layouts, parts: &[] }
}

const fn made_of(name: &'static str, parts: &'static [Part]) -> Class {
    Class { name, layouts: &[], parts }
}

const fn part(group: &'static str, class: &'static str, name: &'static str) -> Part {
    Part { group, class, name, key: "" }
}

const fn given(group: &'static str, key: &'static str) -> Part {
    Part { group, class: "", name: "", key }
}

const KERNEL: &[&str] = &["kernel bias?"];
const QUANTIZED: &[&str] = &[
    "kernel bias?",
    "kernel* bias? kernel_scale!",
    "kernel* bias? kernel_scale! kernel_zero! g_idx!",
    "kernel bias? inputs_scale inputs_amax_history kernel_scale kernel_amax_history outputs_grad_scale outputs_grad_amax_history",
    "bias? quantized_kernel* kernel_scale! kernel_zero! g_idx!",
    "bias? quantized_kernel* kernel_scale! kernel_zero! awq_scales! g_idx!",
];
const SEPARABLE: &[&str] = &["depthwise_kernel pointwise_kernel bias?"];
const RECURRENT: &[&str] = &["kernel recurrent_kernel bias?"];
const CENTERED: &[&str] = &["gamma? beta?"];
const CONV_LSTM: &[Part] = &[part("cell", "ConvLSTMCell", "conv_lstm_cell")];
const ATTENTION: &[Part] = &[
    part("query_dense", "EinsumDense", "query"),
    part("key_dense", "EinsumDense", "key"),
    part("gate_dense", "EinsumDense", "gate"),
    part("value_dense", "EinsumDense", "value"),
    part("output_dense", "EinsumDense", "attention_output"),
];
const FREQUENCIES: &[&str] = &["idf_weights~"];
const WRAPPED: &[Part] = &[given("layer", "layer")];

/// The classes with variables.
const CLASSES: &[Class] = &[
    own("Dense", QUANTIZED),
    own("EinsumDense", QUANTIZED),
    own(
        "Embedding",
        &["embeddings", "embeddings* embeddings_scale!", "embeddings* embeddings_scale! embeddings_zero! g_idx!"],
    ),
    own(
        "ReversibleEmbedding",
        &[
            "embeddings reverse_embeddings?",
            "embeddings* embeddings_scale!",
            "embeddings* embeddings_scale! reverse_embeddings* reverse_embeddings_scale!",
            "embeddings* embeddings_scale! embeddings_zero! g_idx!",
            "embeddings* embeddings_scale! embeddings_zero! g_idx! reverse_embeddings* reverse_embeddings_scale! reverse_embeddings_zero!",
        ],
    ),
    own("Conv1D", KERNEL),
    own("Conv2D", KERNEL),
    own("Conv3D", KERNEL),
    own("Conv1DTranspose", KERNEL),
    own("Conv2DTranspose", KERNEL),
    own("Conv3DTranspose", KERNEL),
    own("DepthwiseConv1D", KERNEL),
    own("DepthwiseConv2D", KERNEL),
    own("SeparableConv1D", SEPARABLE),
    own("SeparableConv2D", SEPARABLE),
    own(
        "BatchNormalization",
        &[
            "gamma? beta? moving_mean! moving_variance!",
            "gamma? beta? moving_mean! moving_variance! moving_stddev! renorm_mean! renorm_stddev!",
        ],
    ),
    own("LayerNormalization", CENTERED),
    own("GroupNormalization", CENTERED),
    own("RMSNormalization", &["scale"]),
    own("Normalization", &["mean! variance! count!"]),
    own("PReLU", &["alpha"]),
    own("StringLookup", FREQUENCIES),
    own("IntegerLookup", FREQUENCIES),
    Class {
        name: "TextVectorization",
        layouts: FREQUENCIES,
        parts: &[part("lookup_layer", "StringLookup", "string_lookup")],
    },
    own("Attention", &["scale? concat_score_weight?"]),
    own("AdditiveAttention", &["scale"]),
    own("STFTSpectrogram", &["real_kernel! imag_kernel!"]),
    own("SimpleRNNCell", RECURRENT),
    own("LSTMCell", RECURRENT),
    own("GRUCell", RECURRENT),
    own("ConvLSTMCell", RECURRENT),
    made_of("SimpleRNN", &[part("cell", "SimpleRNNCell", "simple_rnn_cell")]),
    made_of("LSTM", &[part("cell", "LSTMCell", "lstm_cell")]),
    made_of("GRU", &[part("cell", "GRUCell", "gru_cell")]),
    made_of("ConvLSTM1D", CONV_LSTM),
    made_of("ConvLSTM2D", CONV_LSTM),
    made_of("ConvLSTM3D", CONV_LSTM),
    made_of("RNN", &[given("cell", "cell")]),
    // Its cells stand in a list.
    made_of("StackedRNNCells", &[]),
    made_of("Bidirectional", &[given("forward_layer", "layer"), given("backward_layer", "backward_layer")]),
    made_of("TimeDistributed", WRAPPED),
    Class { name: "SpectralNormalization", layouts: &["kernel vector_u!"], parts: WRAPPED },
    made_of("MultiHeadAttention", ATTENTION),
    made_of("GroupedQueryAttention", ATTENTION),
    made_of("Sequential", &[]),
    made_of("Functional", &[]),
    made_of("InputLayer", &[]),
    made_of("Dropout", &[]),
];

/// What variables of this name are to the layers of Keras that have one.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    CLASSES.iter().find_map(|class| class.kind(name))
}

/// What the table says of a class.
pub(super) fn class(name: &str) -> Option<&'static Class> {
    CLASSES.iter().find(|class| class.name == name)
}

/// The class whose instances are called so where nobody gives them a name, `conv2d_1`: the groups of lists of layers are
/// called by the same rule.
pub(super) fn class_called(name: &str) -> Option<&'static Class> {
    static CALLED: LazyLock<HashMap<String, &'static Class>> =
        LazyLock::new(|| CLASSES.iter().map(|class| (snake_case(class.name), class)).collect());
    let plain = name.trim_end_matches(|character: char| character.is_ascii_digit());
    let plain = if plain.len() < name.len() { plain.strip_suffix('_') } else { None };
    CALLED.get(name).or_else(|| CALLED.get(plain?)).copied()
}

/// A variable of a layer by what its class says: its name, if that is known, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub name: &'static str,
    pub kind: Kind,
}

/// What a variable is to its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is trained.
    Trained,
    /// It was trained; since it was quantised it is not.
    Frozen,
    /// It is not trained.
    State,
    /// It is a constant that the layer saves: none of its weights.
    Constant,
}

impl Class {
    /// The variables of an instance that saved these tensors; `None` where the class does not tell which they are. What an
    /// instance can do without is decided by the number of them and their types, where that is not enough by its config; what
    /// is still one of two has no name.
    pub fn variables(&self, saved: &[&Tensor], config: &Value) -> Option<Vec<Variable>> {
        let fitting: Vec<Vec<Variable>> =
            self.layouts.iter().flat_map(|layout| expand(layout)).filter(|names| fits(names, saved)).collect();
        let agreeing: Vec<&Vec<Variable>> = fitting.iter().filter(|names| agrees(names, config)).collect();
        let ways = if agreeing.is_empty() { fitting.iter().collect() } else { agreeing };
        let (first, others) = ways.split_first()?;
        let mut variables = (*first).clone();
        for other in others {
            for (variable, other) in variables.iter_mut().zip(*other) {
                if variable.kind != other.kind {
                    return None;
                }
                variable.name = if variable.name == other.name { variable.name } else { "" };
            }
        }
        Some(variables)
    }

    fn kind(&self, name: &str) -> Option<Kind> {
        self.layouts
            .iter()
            .flat_map(|layout| layout.split(' '))
            .map(variable)
            .find_map(|(variable, _)| (variable.name == name).then_some(variable.kind))
            .filter(|kind| *kind != Kind::Constant)
    }
}

/// One word of a layout, and whether it can be missing.
fn variable(word: &'static str) -> (Variable, bool) {
    let name = word.trim_end_matches(['?', '!', '*', '~']);
    let kind = match &word[name.len()..] {
        "!" => Kind::State,
        "*" => Kind::Frozen,
        "~" => Kind::Constant,
        _ => Kind::Trained,
    };
    (Variable { name, kind }, word.ends_with('?'))
}

/// The ways in which a layout can be filled: with and without each of what can be missing.
fn expand(layout: &'static str) -> Vec<Vec<Variable>> {
    let mut ways = vec![Vec::new()];
    for (variable, optional) in layout.split(' ').map(variable) {
        let without = if optional { ways.clone() } else { Vec::new() };
        for way in &mut ways {
            way.push(variable);
        }
        ways.extend(without);
    }
    ways
}

/// Quantised parameters are whole numbers, of a type for each way of it; others are not, nor are scales.
fn fits(names: &[Variable], saved: &[&Tensor]) -> bool {
    names.len() == saved.len()
        && names.iter().zip(saved).all(|(variable, tensor)| match (variable.kind, tensor.dtype.number()) {
            (Kind::Frozen, number) if variable.name == "quantized_kernel" => number == Some(Number::U8),
            (Kind::Frozen, number) => number == Some(Number::I8),
            (Kind::State, number) if !variable.name.ends_with("_scale") => number.is_some(),
            (_, number) => {
                number.is_some_and(|number| !matches!(number.class(), model::Class::Signed | model::Class::Unsigned))
            }
        })
}

/// Whether what the config says of the variables that can be missing is so.
fn agrees(names: &[Variable], config: &Value) -> bool {
    let has = |name: &str| names.iter().any(|variable| variable.name == name);
    let told = |name: &str, key: &str| config.get(key).and_then(Value::as_bool).is_none_or(|told| told == has(name));
    let score = |mode: &Value| (mode == "concat") == has("concat_score_weight");
    told("bias", "use_bias")
        && config.get("bias_axes").is_none_or(|axes| axes.is_null() != has("bias"))
        && told("gamma", "scale")
        && (told("beta", "center") || config.get("rms_scaling") == Some(&Value::Bool(true)) && !has("beta"))
        && told("scale", "use_scale")
        && config.get("score_mode").is_none_or(score)
}

/// A class's name as the names of its instances begin: `Conv2D` gives `conv2d`, `PReLU` `p_re_lu`. As Keras does it: an
/// underscore goes before each capital that a small letter follows, then between a small letter and a capital.
pub(super) fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().filter(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    let mut words = String::new();
    let mut at = 0;
    while at < letters.len() {
        words.push(letters[at]);
        let capital = letters.get(at + 1).is_some_and(char::is_ascii_uppercase);
        let small = letters.iter().skip(at + 2).take_while(|letter| letter.is_ascii_lowercase()).count();
        if capital && small > 0 {
            words.push('_');
            words.extend(&letters[at + 1..at + 2 + small]);
            at += 1 + small;
        }
        at += 1;
    }
    let mut snake = String::new();
    let mut before = ' ';
    for letter in words.chars() {
        if before.is_ascii_lowercase() && letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
        before = letter;
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ByteRange, Dtype, Layout};
    use crate::source::{Files, Memory};
    use std::rc::Rc;

    #[test]
    fn groups_are_called_as_keras_calls_them() {
        // As `keras.src.utils.naming.to_snake_case` of Keras 3.15 gives them.
        for (class, group) in [
            ("Dense", "dense"),
            ("Conv2D", "conv2d"),
            ("Conv1DTranspose", "conv1d_transpose"),
            ("PReLU", "p_re_lu"),
            ("ReLU", "re_lu"),
            ("ConvLSTM2D", "conv_lstm2d"),
            ("LSTMCell", "lstm_cell"),
            ("SimpleRNN", "simple_rnn"),
            ("RNN", "rnn"),
            ("StackedRNNCells", "stacked_rnn_cells"),
            ("RMSNormalization", "rms_normalization"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
            ("MultiHeadAttention", "multi_head_attention"),
            ("My>Layer", "my_layer"),
        ] {
            assert_eq!(snake_case(class), group);
        }
        assert_eq!(class_called("conv2d_12").unwrap().name, "Conv2D");
        assert!(class_called("dense_").is_none() && class_called("blocks_1").is_none());
    }

    fn tensors(dtypes: &[Number]) -> Vec<Tensor> {
        let mut files = Files::new();
        let file = files.add("a", Rc::new(Memory::new(vec![])));
        let layout = Layout::Dense(ByteRange { file, offset: 0, len: 0 });
        dtypes.iter().map(|number| Tensor::new("", Dtype::Number(*number), vec![0], layout.clone())).collect()
    }

    fn names(class_name: &str, dtypes: &[Number], config: &str) -> Option<String> {
        let tensors = tensors(dtypes);
        let saved: Vec<&Tensor> = tensors.iter().collect();
        let variables = class(class_name)?.variables(&saved, &serde_json::from_str(config).unwrap())?;
        Some(variables.iter().map(|variable| variable.name).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn variables_are_told_by_number_type_and_config() {
        use Number::{F32, I8, I64, U8};
        let is = |class, dtypes: &[Number], config, expected: &str| {
            assert_eq!(names(class, dtypes, config).as_deref(), Some(expected), "{class} {config}");
        };
        is("Dense", &[F32, F32], "{}", "kernel bias");
        is("Dense", &[F32], "{}", "kernel");
        is("Dense", &[I8, F32, F32], "{}", "kernel bias kernel_scale");
        is("Dense", &[I8, F32], "{}", "kernel kernel_scale");
        is("Dense", &[I8, F32, F32, I8, F32], "{}", "kernel bias kernel_scale kernel_zero g_idx");
        is("Dense", &[I8, F32, I8, F32], "{}", "kernel kernel_scale kernel_zero g_idx");
        is("Dense", &[U8, F32, U8, F32], "{}", "quantized_kernel kernel_scale kernel_zero g_idx");
        is("BatchNormalization", &[F32; 4], "{}", "gamma beta moving_mean moving_variance");
        is("BatchNormalization", &[F32; 3], r#"{"scale": false, "center": true}"#, "beta moving_mean moving_variance");
        is("BatchNormalization", &[F32; 3], "{}", " moving_mean moving_variance");
        is("LayerNormalization", &[F32], r#"{"scale": true, "center": false}"#, "gamma");
        is("Normalization", &[F32, F32, I64], "{}", "mean variance count");
        is("LayerNormalization", &[F32], "{}", "");
        assert_eq!(names("Dense", &[F32, F32, F32], "{}"), None);
        assert_eq!(names("StackedRNNCells", &[F32], "{}"), None);
    }
}
