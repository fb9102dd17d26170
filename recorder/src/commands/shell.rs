//! `recorder completions` and `man`.

use std::fs;

use anyhow::Context;
use clap::CommandFactory;

use super::{Result, print_bytes};
use crate::cli::{Cli, CompletionsArgs, ManArgs};

pub(super) fn completions(args: &CompletionsArgs) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "recorder", &mut script);
    print_bytes(&script)
}

pub(super) fn man(args: &ManArgs) -> Result<u8> {
    let Some(directory) = &args.directory else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page).context("cannot make the page")?;
        return print_bytes(&page);
    };
    let cannot = || format!("cannot write manual pages to {}", directory.display());
    fs::create_dir_all(directory).with_context(cannot)?;
    clap_mangen::generate_to(Cli::command(), directory).with_context(cannot)?;
    Ok(0)
}
