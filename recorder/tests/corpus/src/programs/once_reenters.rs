//! An initializer fails, and the code that makes the error asks for the value that is being initialized.
//!
//! With the argument `healed`: the error does not need the value.
//!
//! After <https://github.com/pykeio/ort/issues/583>.
#![allow(clippy::unwrap_used, reason = "so are the programs that people write")]

use instrumented::sync::OnceLock;

struct Api {
    version: u32,
}

static API: OnceLock<Api> = OnceLock::new();
static HEALED: OnceLock<bool> = OnceLock::new();

fn api() -> &'static Api {
    // HERE
    API.get_or_init(|| {
        load().unwrap_or_else(|error| {
            eprintln!("{error}");
            Api { version: 0 }
        })
    })
}

fn load() -> Result<Api, String> {
    Err(describe("the library is too old"))
}

fn describe(error: &str) -> String {
    if *HEALED.get().unwrap() {
        return error.to_owned();
    }
    format!("{error} (version {})", api().version)
}

pub(crate) fn main() {
    HEALED.set(std::env::args().any(|arg| arg == "healed")).unwrap();
    println!("{}", api().version);
}
