//! Times whole-tensor statistics: `throughput PATH…` prints seconds and bytes of all tensors of each checkpoint, one pass each.

use paramscope::analysis::{Depth, Study, Wants};
use paramscope::error::Result;
use paramscope::formats;
use paramscope::source::files_from_paths;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    if paths.is_empty() {
        eprintln!("usage: throughput PATH...");
        return ExitCode::from(2);
    }
    for path in paths {
        match time(&path) {
            Ok((seconds, bytes)) => println!("{seconds} {bytes}"),
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn time(path: &str) -> Result<(f64, u64)> {
    let checkpoint = formats::open(&files_from_paths(&[path.to_owned()])?)?;
    let start = Instant::now();
    for tensor in &checkpoint.tensors {
        Study::whole(&Wants { depth: Depth::Moments, ..Wants::USUAL }, &checkpoint, tensor)?;
    }
    let bytes = checkpoint.tensors.iter().map(paramscope::model::Tensor::bytes).sum();
    Ok((start.elapsed().as_secs_f64(), bytes))
}
