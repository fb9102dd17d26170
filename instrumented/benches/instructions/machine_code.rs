//! Compares the machine code of two functions.

use std::path::Path;
use std::process::Command;

use crate::Result;

/// Compares two functions of `program.rs` and describes the result.
///
/// # Errors
/// Returns an error if they differ or cannot be found.
pub(crate) fn compare(program: &Path, wrapped: &str, plain: &str) -> Result<String> {
    let output = Command::new("objdump")
        .args(["--disassemble", "--demangle", "--no-show-raw-insn"])
        .arg(program)
        .output()
        .map_err(|error| format!("objdump (package binutils) cannot be run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match (instructions(&text, wrapped), instructions(&text, plain)) {
        (Some(wrapped_code), Some(plain_code)) if wrapped_code == plain_code => {
            Ok(format!("`{wrapped}` and `{plain}` are the same {} instructions", plain_code.len()))
        }
        (Some(wrapped_code), Some(plain_code)) => {
            let both = wrapped_code.iter().zip(&plain_code);
            let first = both.clone().take_while(|(wrapped, plain)| wrapped == plain).count();
            let [wrapped_code, plain_code] =
                [wrapped_code, plain_code].map(|code| code.get(first).cloned().unwrap_or_default());
            Err(format!(
                "`{wrapped}` and `{plain}` differ at instruction {first}: `{wrapped_code}`, `{plain_code}`"
            )
            .into())
        }
        // The compiler may merge two equal functions.
        (Some(code), None) | (None, Some(code)) => Ok(format!(
            "`{wrapped}` and `{plain}` are one function of {} instructions: the compiler has \
             merged them",
            code.len()
        )),
        (None, None) => Err(format!("neither `{wrapped}` nor `{plain}` is in the program").into()),
    }
}

/// Returns the instructions of a function, without the parts that depend on its address.
fn instructions(text: &str, name: &str) -> Option<Vec<String>> {
    let symbol = format!("instructions::program::{name}");
    let label = format!("<{symbol}>:");
    let mut lines = text.lines().skip_while(|line| !line.ends_with(&label));
    lines.next()?;
    let code = lines.take_while(|line| !line.is_empty()).filter_map(|line| {
        let instruction = line.split_once(":\t")?.1.replace(&symbol, "this function");
        // A jump contains the address of its target and then its name: `jne 2cf10 <name+0x40>`.
        // An access to data contains an offset and then a name: `0x3b0(%rip) # 5f3a8 <name>`.
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
