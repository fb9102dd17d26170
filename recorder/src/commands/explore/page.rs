//! The page with all orders of a program.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::Exploration;
use crate::cli::ExploreArgs;
use crate::commands::error::FAILURE;
use crate::commands::{Error, Result};
use crate::explore::explorer::{Exhaustive, Found, MAX_KEPT_ORDERS};
use crate::explore::strategy::Chooser;
use crate::explore::text;
use crate::explore::tree::{Leaf, TreeDocument};
use crate::page::{self, SourceReader};
use crate::terminal::browser;
use crate::terminal::console;

/// Whether a page that is asked for can be made.
pub(super) fn check(args: &ExploreArgs) -> Result<()> {
    let Some(path) = &args.output else { return Ok(()) };
    if args.strategy != Some(Chooser::Exhaustive) {
        return Err(Error::Usage(
            "a page has all orders of a program: -o needs --strategy exhaustive".to_owned(),
        ));
    }
    if path.extension().is_none_or(|extension| extension != "html") {
        return Err(Error::Usage(format!(
            "{}: the orders of a program can only be written to a page: choose a name that ends in \
             .html",
            path.display()
        )));
    }
    let is_suite = args.name.is_none() && args.args.first().is_some_and(|it| it == "cargo");
    if is_suite {
        return Err(Error::Usage(
            "a page has the orders of one program; explore that by itself".to_owned(),
        ));
    }
    Ok(())
}

impl Exploration<'_> {
    /// Writes the page, unless it would not have all orders. Returns the exit status.
    pub(super) fn write_page(
        &self,
        path: &Path,
        program: &str,
        found: &Found,
        leaves: &mut [Leaf],
    ) -> Result<u8> {
        let orders = found.orders();
        let why_not = match found.exhaustive {
            Some(Exhaustive::Complete) if orders == leaves.len() => None,
            Some(Exhaustive::Complete) => Some(format!(
                "the program has {orders} different orders, and a page at most {MAX_KEPT_ORDERS}. \
                 Fewer threads or messages have fewer orders."
            )),
            Some(partly) => Some(text::proof(partly)),
            None => Some("not all orders were tried.".to_owned()),
        };
        if let Some(why_not) = why_not {
            console::error(format_args!("{} is not written: {why_not}", path.display()));
            return Ok(FAILURE);
        }
        let reader = (!self.args.page.no_source).then(|| SourceReader::new(path));
        let document = TreeDocument::new(program, leaves, &found.outcomes, reader);
        let document = serde_json::to_string(&document).context("cannot encode the orders")?;
        fs::write(path, page::of_orders(program, &document))
            .with_context(|| format!("cannot write {}", path.display()))?;
        self.console.print(format_args!("wrote {}", path.display()));
        if self.args.open {
            let absolute = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            if let Err(error) = browser::start(&absolute.to_string_lossy()) {
                console::error(format_args!(
                    "cannot start a browser: {error:#}; open this in a browser: {}",
                    absolute.display()
                ));
            }
        }
        Ok(0)
    }
}
