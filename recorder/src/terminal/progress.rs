//! A bar on the terminal that shows how far the reading of a recording is.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal::cancel::{Stage, Watch};

/// What takes less has no bar.
const SOON: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

const TEMPLATE: &str = "{msg} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";

/// A bar on stderr, for each stage that takes longer than a second. It goes when this is
/// dropped.
#[derive(Debug)]
pub struct Bar {
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    /// Shows what `watch` sees. A thread of its own looks there now and then.
    pub fn start(watch: &Watch) -> Self {
        let watch = watch.clone();
        let (end, ended) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut shown: Option<Shown> = None;
            while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let Some((stage, done)) = watch.progress() else { continue };
                if shown.as_ref().is_none_or(|shown| shown.stage != stage) {
                    shown = Some(Shown::new(stage));
                }
                if let Some(shown) = &mut shown {
                    shown.update(done);
                }
            }
        });
        Bar { thread: Some((end, thread)) }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.thread.take() {
            drop(end);
            // It would be a pity, and no more, if it had panicked.
            let _ = thread.join();
        }
    }
}

struct Shown {
    stage: Stage,
    since: Instant,
    bar: ProgressBar,
}

impl Shown {
    fn new(stage: Stage) -> Self {
        let bar = ProgressBar::with_draw_target(Some(stage.bytes), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(stage.name);
        Shown { stage, since: Instant::now(), bar }
    }

    fn update(&mut self, done: u64) {
        if self.bar.is_hidden() && self.since.elapsed() >= SOON {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(done);
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
