//! `skexec policy`.

use super::output::Output;
use crate::reason::Exit;
use crate::sources::policy::{Described, Origin, Policy, Value};
use crate::system::System;
use serde::Serialize;

#[derive(Serialize)]
struct Document {
    schema: u32,
    settings: Vec<Setting>,
}

#[derive(Serialize)]
struct Setting {
    key: String,
    value: Value,
    /// Nothing for a default.
    file: Option<&'static str>,
    line: Option<usize>,
}

impl From<Described> for Setting {
    fn from(Described { key, value, origin }: Described) -> Self {
        let (file, line) = match origin {
            Origin::Default => (None, None),
            Origin::File { file, line } => (Some(file), Some(line)),
        };
        Self { key, value, file, line }
    }
}

pub(super) fn run(system: System<'_>, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let settings = match Policy::read(system.root) {
        Ok(policy) => policy.describe(),
        Err(finding) => return output.failure(&finding),
    };
    if output.json() {
        output.document(&Document { schema: 1, settings: settings.into_iter().map(Setting::from).collect() })?;
    } else {
        for setting in &settings {
            output.fact(&line(setting))?;
        }
    }
    Ok(Exit::Done)
}

/// A line of TOML, with the origin as its comment.
fn line(Described { key, value, origin }: &Described) -> String {
    match value {
        Value::Nothing => format!("# {key} is not set: every trusted signer counts"),
        value => format!("{key} = {value}  # {origin}"),
    }
}
