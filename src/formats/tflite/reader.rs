//! What the tables of a model say. Schema: `tensorflow/compiler/mlir/lite/schema/schema.fbs`.

use super::super::Candidate;
use super::buffers::{Buffers, External};
use super::metadata::{self, Graph};
use super::tensors::Reader;
use crate::error::{Error, Result, quoted};
use crate::model::{Checkpoint, Note};
use crate::source::{Files, Pages};
use crate::wire::flatbuffer::Flatbuffer;
use std::collections::BTreeMap;

/// The fields of the table `Model`.
pub(super) mod model {
    pub const VERSION: usize = 0;
    pub const OPERATOR_CODES: usize = 1;
    pub const SUBGRAPHS: usize = 2;
    pub const DESCRIPTION: usize = 3;
    pub const BUFFERS: usize = 4;
    pub const METADATA: usize = 6;
    pub const SIGNATURES: usize = 7;
    pub const EXTERNAL_GROUPS: usize = 8;
    pub const EXTERNAL_BUFFERS: usize = 9;
}

/// The fields of the table `SubGraph`.
pub(super) mod subgraph {
    pub const TENSORS: usize = 0;
    pub const INPUTS: usize = 1;
    pub const OUTPUTS: usize = 2;
    pub const OPERATORS: usize = 3;
    pub const NAME: usize = 4;
}

pub(super) fn open(files: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let given = lead.file;
    let mut checkpoint = Checkpoint::new(Files::new(), super::FORMAT.id);
    let file = checkpoint.files.add(&given.name, given.source.clone());
    if !(super::FORMAT.probe)(lead) {
        return Err(
            Error::malformed("No TFL3 stands where a TFLite file has it; the file is damaged or misnamed.").at(4)
        );
    }
    let pages = Pages::new(&*given.source);
    let flatbuffer = Flatbuffer::new(&pages);
    let root = flatbuffer.root()?;
    // A buffer's table may stand right before its elements: little around it is of use.
    let near = Pages::of(&*given.source, 512);
    let near = Flatbuffer::new(&near);
    let mut reader = Reader {
        flatbuffer: &flatbuffer,
        buffers: Buffers::new(file, &*given.source, near.root()?.tables(model::BUFFERS)?),
        external: External::new(files, root.tables(model::EXTERNAL_GROUPS)?, root.tables(model::EXTERNAL_BUFFERS)?)?,
        checkpoint,
        lost: None,
        elsewhere: BTreeMap::new(),
    };
    let mut graphs = Vec::new();
    for subgraph in root.tables(model::SUBGRAPHS)?.iter() {
        let subgraph = subgraph?;
        let mut graph = Graph::default();
        for tensor in subgraph.tables(subgraph::TENSORS)?.iter() {
            graph.tensors.push(reader.tensor(&tensor?)?);
        }
        if let Err(error) = graph.read(&subgraph) {
            reader.checkpoint.note(Note::from(&error));
        }
        graphs.push(graph);
    }
    let Reader { mut checkpoint, mut buffers, lost, elsewhere, .. } = reader;
    if let Some((first, why, more)) = lost {
        let others = if more == 0 { String::new() } else { format!(" and of {more} more") };
        let message = format!("The elements of tensor {:?}{others} are not there: {why}", quoted(&first));
        checkpoint.note(Note::warning(message).about(&first));
    }
    for (file, count) in elsewhere {
        let message = format!(
            "The file {:?} was not given; drop it together with the model. It holds the values of {count} of the tensors.",
            quoted(&file)
        );
        checkpoint.note(Note::warning(message).about(&file));
    }
    // The tensors are there by now.
    if let Err(error) = metadata::fill(&mut checkpoint, &root, &graphs, &mut buffers) {
        checkpoint.note(Note::from(&error));
    }
    Ok(checkpoint)
}
