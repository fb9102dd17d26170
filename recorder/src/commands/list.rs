//! `recorder list`.

use anyhow::Result;

use super::print;
use crate::terminal::console::print as print_line;
use crate::workspace::{self, Program};

pub(super) fn list(json: bool) -> Result<u8> {
    let programs: Vec<_> =
        workspace::programs()?.into_iter().filter(|program| program.listed).collect();
    if json {
        let listings: Vec<_> = programs.iter().map(Program::listing).collect();
        return super::print_json(&listings);
    }
    let width = programs.iter().map(|program| program.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for program in &programs {
        text += format!("{:width$}  {}", program.name, program.summary()).trim_end();
        text += "\n";
    }
    if programs.is_empty() {
        print_line("recorder: no package of this workspace depends on `instrumented`");
    }
    print(text.as_bytes())
}
