//! The suite against the crate while the program records itself.

mod library {
    use std::path::Path;
    use std::sync::Once;
    use std::{env, fs, process};

    pub(crate) use instrumented::{sync, thread};

    /// Starts the recording, before the first test's first channel.
    pub(crate) fn begin() {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| {
            remove_recordings_of_ended_processes();
            let directory = env::temp_dir().join(format!("{PREFIX}{}", process::id()));
            fs::create_dir_all(&directory).expect("a temporary directory");
            let path = directory.join("recording");
            instrumented::recording::values(80);
            instrumented::recording::start(path.as_path()).expect("a recording");
        });
    }

    const PREFIX: &str = "instrumented-conformance-";

    /// The recording lasts as long as the process, which ends without a word to us. So
    /// each run sweeps up after the one before, as far as that is possible.
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

mod suite;
