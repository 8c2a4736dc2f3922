//! Prints what a checkpoint holds: `inspect [--json] [--stats] [--hash] PATH…`.
//!
//! The same core as the page's. Exits with 0 and the table or the report, with 1 and a sentence on standard error for a file
//! that is refused, with 2 for wrong usage.

use paramscope::analysis::{Target, Wants, sha256, survey, vital};
use paramscope::error::Result;
use paramscope::formats;
use paramscope::model::{Checkpoint, Layout, Tensor};
use paramscope::source::Files;
use paramscope::view::health;
use paramscope::view::report::{self, Report};
use paramscope_health::{Examination, Finding};
use std::io::Write;
use std::process::ExitCode;

const USAGE: &str = "usage: inspect [--json] [--stats] [--hash] PATH...
  PATH     a checkpoint, the shards of one, or a folder
  --json   print the JSON report instead of a table
  --stats  read the elements: statistics, a 50-bin histogram and the first 8 elements of each tensor, and what is wrong in them
  --hash   also the SHA-256 of each tensor's elements";

#[derive(Default)]
struct Options {
    json: bool,
    stats: bool,
    hash: bool,
    paths: Vec<String>,
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&options) {
        Ok(text) => {
            // A reader that has seen enough, such as `head`, is no failure.
            let _ = writeln!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn options(arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options::default();
    for argument in arguments {
        match argument.as_str() {
            "--json" => options.json = true,
            "--stats" => options.stats = true,
            "--hash" => options.hash = true,
            _ if argument.starts_with("--") => return None,
            _ => options.paths.push(argument),
        }
    }
    (!options.paths.is_empty()).then_some(options)
}

fn run(options: &Options) -> Result<String> {
    let checkpoint = formats::open_paths(&options.paths)?;
    let mut report = Report::new(&checkpoint);
    let mut findings = Vec::new();
    if options.stats {
        findings = analyse(&checkpoint, &mut report);
        report.health = Some(serde_json::value::to_raw_value(&findings).expect("findings are plain data"));
    }
    for (tensor, entry) in checkpoint.tensors.iter().zip(&mut report.tensors) {
        if let Err(error) = read_elements(options, &checkpoint.files, tensor, entry) {
            entry.problem.get_or_insert(error.to_string());
        }
    }
    if options.json {
        return Ok(serde_json::to_string(&report).expect("a report is plain data"));
    }
    let told = findings.iter().map(|finding| {
        let tensor = finding.tensor.as_deref().map(|name| format!("{:?}: ", paramscope::error::quoted(name)));
        let Finding { rule, level, message, .. } = finding;
        format!("{}: {rule}: {}{message}", format!("{level:?}").to_lowercase(), tensor.unwrap_or_default())
    });
    Ok([table(&checkpoint, &report)].into_iter().chain(told).collect::<Vec<_>>().join("\n"))
}

/// Studies all tensors and puts what is found into the report; what cannot be read is said in the tensor's own row.
fn analyse(checkpoint: &Checkpoint, report: &mut Report) -> Vec<Finding> {
    let mut examination = Examination::new(health::patient(checkpoint));
    let all = 0..checkpoint.tensors.len();
    let targets: Vec<Target> =
        all.flat_map(|tensor| [false, true].map(|dequantized| Target { tensor, dequantized })).collect();
    survey(checkpoint, &targets, &Wants::USUAL, |target, found| {
        let entry = &mut report.tensors[target.tensor];
        match found {
            Ok(Some(findings)) if target.dequantized => entry.set_dequantized(&findings, None),
            Ok(Some(findings)) => {
                entry.set_findings(&findings);
                if let Some(vital) = vital(&findings) {
                    examination.take(target.tensor, vital);
                }
            }
            Ok(None) => {}
            Err(error) => _ = entry.problem.get_or_insert(error.to_string()),
        }
    });
    examination.findings()
}

fn read_elements(options: &Options, files: &Files, tensor: &Tensor, entry: &mut report::TensorReport) -> Result<()> {
    if options.stats {
        entry.first = Some(report::first(files, tensor)?);
        if let Some((values, dequantized)) = tensor.dequantized().zip(entry.dequantized.as_mut()) {
            dequantized.first = Some(report::first(files, &values)?);
        }
    }
    // Texts of any length have no one form to take it of.
    if options.hash && !matches!(tensor.layout, Layout::Texts(_)) {
        entry.sha256 = Some(sha256(files, tensor)?);
    }
    Ok(())
}

fn table(checkpoint: &Checkpoint, report: &Report) -> String {
    let parameters: u64 = report.tensors.iter().fold(0, |sum, tensor| sum.saturating_add(tensor.elements));
    let mut lines = vec![format!(
        "{}: {} tensors, {parameters} parameters",
        report.producer.as_deref().unwrap_or(report.format.label),
        report.tensors.len()
    )];
    lines.extend(checkpoint.notes.iter().map(|note| match &note.place {
        Some(place) => format!("{}: {place:?}: {}", note.level.name(), note.message),
        None => format!("{}: {}", note.level.name(), note.message),
    }));
    let rows: Vec<Vec<String>> = std::iter::once(heading(report)).chain(report.tensors.iter().map(row)).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    lines.extend(rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
            0..=2 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }));
    lines.join("\n")
}

fn heading(report: &Report) -> Vec<String> {
    let summarised = report.tensors.iter().any(|tensor| tensor.summary.is_some());
    let hashed = report.tensors.iter().any(|tensor| tensor.sha256.is_some());
    let mut names = vec!["name", "shape", "dtype", "elements", "bytes"];
    if summarised {
        names.extend(["min", "max", "mean", "std", "zeros", "nan"]);
    }
    if hashed {
        names.push("sha256");
    }
    names.into_iter().map(str::to_owned).collect()
}

fn row(tensor: &report::TensorReport) -> Vec<String> {
    let shape: Vec<String> = tensor.shape.iter().map(u64::to_string).collect();
    let mut row = vec![
        paramscope::error::quoted(&tensor.name).into(),
        format!("[{}]", shape.join(", ")),
        tensor.dtype.clone(),
        tensor.elements.to_string(),
        tensor.bytes.to_string(),
    ];
    if let Some(summary) = &tensor.summary {
        let reals = [summary.min, summary.max, summary.mean, summary.std];
        row.extend(reals.map(|real| real.map_or(String::new(), |real| format!("{:.6e}", real.0))));
        row.extend([summary.counts.zeros.to_string(), summary.counts.nan.to_string()]);
    }
    row.extend(tensor.sha256.clone());
    row.extend(tensor.problem.clone().or(tensor.absent.as_ref().map(|file| format!("in {file}, not given"))));
    row
}
