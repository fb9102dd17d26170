//! Whether two functions of a program are the same machine code.

use std::path::Path;
use std::process::Command;

use crate::Result;

/// Says how the two functions of `program.rs` compare.
///
/// # Errors
/// They differ, or cannot be found.
pub(crate) fn compare(program: &Path, ours: &str, plain: &str) -> Result<String> {
    let output = Command::new("objdump")
        .args(["--disassemble", "--demangle", "--no-show-raw-insn"])
        .arg(program)
        .output()
        .map_err(|error| format!("objdump (package binutils) cannot be run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match (instructions(&text, ours), instructions(&text, plain)) {
        (Some(ours_code), Some(plain_code)) if ours_code == plain_code => {
            Ok(format!("`{ours}` and `{plain}` are the same {} instructions", plain_code.len()))
        }
        (Some(ours_code), Some(plain_code)) => {
            let both = ours_code.iter().zip(&plain_code);
            let first = both.clone().take_while(|(ours, plain)| ours == plain).count();
            let [ours_code, plain_code] =
                [ours_code, plain_code].map(|code| code.get(first).cloned().unwrap_or_default());
            Err(format!(
                "`{ours}` and `{plain}` differ at instruction {first}: `{ours_code}`, `{plain_code}`"
            )
            .into())
        }
        // Of two functions that are equal the compiler may keep one.
        (Some(code), None) | (None, Some(code)) => Ok(format!(
            "`{ours}` and `{plain}` are one function of {} instructions: the compiler found \
             them equal",
            code.len()
        )),
        (None, None) => Err(format!("neither `{ours}` nor `{plain}` is in the program").into()),
    }
}

/// A function's instructions, without what only says where the function stands.
fn instructions(text: &str, name: &str) -> Option<Vec<String>> {
    let symbol = format!("instructions::program::{name}");
    let begin = format!("<{symbol}>:");
    let mut lines = text.lines().skip_while(|line| !line.ends_with(&begin));
    lines.next()?;
    let code = lines.take_while(|line| !line.is_empty()).filter_map(|line| {
        let instruction = line.split_once(":\t")?.1.replace(&symbol, "this function");
        // A jump's target is named, and its address besides: `jne 2cf10 <name+0x40>`. Of
        // data that is addressed from here the place is named: `0x3b0(%rip) # 5f3a8 <name>`.
        Some(match instruction.split_once('<') {
            Some((before, target)) if before.contains('#') => {
                let (operands, place) = before.split_once('#')?;
                let (mnemonic, _) = operands.split_once("0x")?;
                let register = operands.rsplit_once(')')?.1;
                format!("{mnemonic}{register}{}<{target}", place.trim())
            }
            Some((before, target)) => {
                format!("{} <{target}", before.split_whitespace().next()?)
            }
            None => instruction,
        })
    });
    Some(code.collect())
}
