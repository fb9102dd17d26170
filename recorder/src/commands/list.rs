//! `recorder list`.

use super::{Result, print_bytes, print_json};
use crate::cli::ListArgs;
use crate::terminal::console;
use crate::workspace::{self, Program};

pub(super) fn list(args: &ListArgs) -> Result<u8> {
    let mut programs = workspace::programs()?;
    programs.retain(|program| program.listed);
    if args.json {
        return print_json(&programs.iter().map(Program::listing).collect::<Vec<_>>());
    }
    if programs.is_empty() {
        console::error("no package of this workspace depends on `instrumented`");
    }
    let width = programs.iter().map(|program| program.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for program in &programs {
        text += format!("{:width$}  {}", program.name, program.summary()).trim_end();
        text += "\n";
    }
    print_bytes(text.as_bytes())
}
