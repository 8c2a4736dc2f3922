//! The layers of a model, where a file tells them.

/// One layer, in the order of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its name, with those of the models around it before it: `block/inner_a`.
    pub name: String,
    /// Its class: `Dense`; empty if the file does not tell.
    pub class: String,
    /// The shape that it gives, `(None, 5)`, where the file tells.
    pub output: Option<String>,
    /// Whether it is trained, where the file tells.
    pub trainable: Option<bool>,
    /// Its weights, in the order of its `get_weights()`.
    pub weights: Vec<Weight>,
}

/// One weight of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weight {
    /// Which tensor of the checkpoint it is.
    pub tensor: usize,
    /// What it is called inside the layer: `kernel`.
    pub name: String,
    /// Its place in what the model's `get_weights()` gives; `None` for what is not in there.
    pub index: Option<usize>,
}
