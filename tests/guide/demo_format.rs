//! | offset | bytes | meaning |
//! | --- | --- | --- |
//! | 0 | 4 | `DEMO` |
//! | 4 | 4 | `n`, little-endian |
//! | 8 | 4 `n` | the elements, float32 |

use paramscope::error::Result;
use paramscope::formats::{Candidate, Format};
use paramscope::model::{ByteRange, Checkpoint, Dtype, Layout, Number, Tensor};
use paramscope::source::{Files, read_vec, require};

pub const FORMAT: Format = Format {
    id: "demo",
    label: "Demo",
    extensions: &["demo"],
    reads: "the one array",
    probe: |file| file.head().starts_with(b"DEMO"),
    open,
};

fn open(_: &Files, lead: &Candidate<'_>) -> Result<Checkpoint> {
    let source = &lead.file.source;
    let count = read_vec(&**source, 4, 4)?;
    let count = u32::from_le_bytes(count.try_into().expect("four bytes"));
    let len = u64::from(count) * 4;
    require(&**source, 8, len)?;
    let mut checkpoint = Checkpoint::new(Files::new(), FORMAT.id);
    let file = checkpoint.files.add(&lead.file.name, source.clone());
    let layout = Layout::Dense(ByteRange { file, offset: 8, len });
    checkpoint.tensors.push(Tensor::new("data", Dtype::Number(Number::F32), vec![count.into()], layout));
    Ok(checkpoint)
}
