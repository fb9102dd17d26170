//! The conformance suite against the crate while the process records itself.

mod library {
    use std::path::{Path, PathBuf};
    use std::sync::Once;
    use std::{env, fs, process};

    pub(crate) use instrumented::{sync, thread};

    /// Starts the recording before the first test uses a channel.
    pub(crate) fn setup() {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| {
            remove_recordings_of_ended_processes();
            fs::create_dir_all(directory()).expect("a temporary directory");
            instrumented::recording::values(80);
            instrumented::recording::start(recording()).expect("a recording");
        });
    }

    /// The file that this process records into.
    pub(crate) fn recording() -> PathBuf {
        directory().join("recording")
    }

    fn directory() -> PathBuf {
        env::temp_dir().join(format!("{PREFIX}{}", process::id()))
    }

    const PREFIX: &str = "instrumented-conformance-";

    /// Removes what earlier runs have left: a recording lasts until the end of its process, which
    /// therefore cannot remove it.
    fn remove_recordings_of_ended_processes() {
        for entry in fs::read_dir(env::temp_dir()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if let Some(id) = name.to_str().and_then(|name| name.strip_prefix(PREFIX))
                && (id == process::id().to_string() || !Path::new("/proc").join(id).exists())
            {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

mod conformance;

/// Without this test the suite would also pass if nothing were recorded.
#[test]
fn the_suite_is_recorded() {
    library::setup();
    let (tx, rx) = library::sync::mpsc::channel();
    tx.send("recorded by the conformance suite").expect("the receiver exists");
    assert!(rx.recv().is_ok());
    let recording = std::fs::read(library::recording()).expect("the recording can be read");
    assert!(String::from_utf8_lossy(&recording).contains("recorded by the conformance suite"));
}
