//! Starts the user's browser.

use std::env;

use anyhow::{Context, Result, bail};

/// Opens an address in the user's browser.
///
/// # Errors
/// There is no desktop, or no program of it opens the address.
pub fn start(address: &str) -> Result<()> {
    // Without a desktop `xdg-open` may start a browser in the terminal.
    const DESKTOP: [&str; 4] = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"];
    if !cfg!(target_os = "macos") && DESKTOP.iter().all(|name| env::var_os(name).is_none()) {
        bail!("there is no desktop here: neither DISPLAY nor WAYLAND_DISPLAY is set");
    }
    open::that_detached(address).context("every launcher of the desktop failed")
}
