//! The commands of this repository: `cargo xtask COMMAND`.

mod bench;
mod checks;
mod config;
mod module;
mod run;
mod setup;
mod site;

use run::{Outcome, root};
use std::process::ExitCode;

/// One command.
struct Command {
    name: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Outcome<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "serve",
        help: "build the viewer and serve it at http://127.0.0.1:8080 (--port N for another)",
        run: serve,
    },
    Command {
        name: "build",
        help: "write the static site to dist/site and print its weight",
        run: |_| site::build().map(|_| ()),
    },
    Command {
        name: "bench",
        help: "measure speed and memory beside their baselines (--quick for an eighth of the size, words for some rows)",
        run: bench::bench,
    },
    Command { name: "screenshots", help: "renew the pictures in docs/screenshots", run: |_| screenshots() },
    Command {
        name: "test",
        help: "all checks and tests; lint, native, wasm or browser for one part",
        run: checks::test,
    },
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprintln!("usage: cargo xtask COMMAND");
        for command in COMMANDS {
            eprintln!("  {:13}{}", command.name, command.help);
        }
        return ExitCode::from(2);
    };
    match (command.run)(&rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn screenshots() -> Outcome<()> {
    site::build()?;
    setup::chromium()?;
    run::run_text("node", &["tests/browser/screenshots.js", "docs/screenshots"], &[])
}

fn serve(arguments: &[String]) -> Outcome<()> {
    let port = match arguments {
        [] => "8080",
        [flag, port] if flag == "--port" && port.parse::<u16>().is_ok() => port,
        _ => return Err("usage: cargo xtask serve [--port N]".to_owned()),
    };
    let site = site::build()?;
    // The end-to-end tests serve the site with the same few lines.
    run::run("node", &["tests/browser/server.js".as_ref(), site.as_os_str(), port.as_ref()], &[], &root())
}
