//! A progress bar on stderr.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::cancel::Stage;

/// Stages that take less time have no bar.
const MIN_STAGE_TIME: Duration = Duration::from_secs(1);
const TEMPLATE: &str = "{msg} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";

/// The progress bar of a stage. It disappears on drop.
#[derive(Debug)]
pub(super) struct StageBar {
    started: Instant,
    bar: ProgressBar,
}

impl StageBar {
    pub(super) fn new(stage: Stage) -> Self {
        let bar = ProgressBar::with_draw_target(Some(stage.bytes), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(stage.name);
        StageBar { started: Instant::now(), bar }
    }

    pub(super) fn advance(&self, bytes: u64) {
        if self.bar.is_hidden() && self.started.elapsed() >= MIN_STAGE_TIME {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(bytes);
    }
}

impl Drop for StageBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
