//! Every kind of crate, in one program.

use std::sync::LazyLock;

use crate::command::Ran;
use crate::project::{Project, Recording};

/// The crates that the program calls: each has a function `run` that returns 42.
struct Library {
    name: &'static str,
    /// What its manifest has in addition.
    manifest: &'static str,
    /// What comes before its code.
    head: &'static str,
    /// Its code, unless it is [`CHANNEL`].
    code: Option<&'static str>,
    recorded: bool,
}

impl Library {
    const fn recorded(name: &'static str, manifest: &'static str, head: &'static str) -> Self {
        Library { name, manifest, head, code: None, recorded: true }
    }

    const fn without_std(
        name: &'static str,
        manifest: &'static str,
        head: &'static str,
        code: &'static str,
    ) -> Self {
        Library { name, manifest, head, code: Some(code), recorded: false }
    }

    fn code(&self) -> &'static str {
        self.code.unwrap_or(CHANNEL)
    }
}

/// Uses a channel, a thread and a lock by all kinds of paths, and the macros and derives of std.
const CHANNEL: &str = r#"
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Parcel {
    /// How heavy it is.
    pub weight: u32,
}

thread_local! {
    static PARCELS: std::cell::RefCell<Vec<Parcel>> = const { std::cell::RefCell::new(Vec::new()) };
}

static TOTAL: Mutex<u32> = Mutex::new(0);

fn add(parcels: Receiver<Parcel>) {
    for parcel in parcels { // receive
        *TOTAL.lock().unwrap() += parcel.weight; // acquire
        PARCELS.with(|parcels| parcels.borrow_mut().push(parcel.clone()));
        print!("{}", format!("{parcel:?}\n"));
    }
}

/// Sends parcels to another thread and returns their weight.
pub fn run() -> u32 {
    let (tx, rx): (mpsc::Sender<Parcel>, _) = mpsc::channel(); // channel
    let finished = Arc::new(::std::sync::Condvar::new());
    let worker = thread::spawn(move || add(rx)); // thread
    for parcel in vec![Parcel { weight: 40 }, Parcel { weight: 2 }] {
        if let Err(error) = tx.send(parcel) { // send
            println!("{error}");
        }
    }
    drop(tx);
    worker.join().unwrap(); // join
    finished.notify_all(); // notify
    assert_eq!(PARCELS.with(|parcels| parcels.borrow().len()), 0);
    let total = *TOTAL.lock().unwrap();
    total
}
"#;

/// Needs nothing but `core`.
const CORE: &str = "/// Returns 42.\npub fn run() -> u32 { core::cmp::max(42, 1) }\n";

/// Uses the real channel under the name `std`.
const CORE_NAMED_STD: &str = "/// Returns 42.\npub fn run() -> u32 { std::cmp::max(42, 1) }\n";

/// Tests a library.
const TEST: &str = "\n#[test]\nfn test() {\n    assert_eq!(run(), 42);\n}\n";

const LIBRARIES: &[Library] = &[
    Library::recorded("edition_2015", "edition = \"2015\"", ""),
    Library::recorded("edition_2018", "edition = \"2018\"", ""),
    Library::recorded("edition_2021", "edition = \"2021\"", ""),
    Library::recorded("edition_2024", "edition = \"2024\"", ""),
    Library::recorded(
        "strict",
        "edition = \"2024\"",
        "//! Strict.\n#![deny(warnings, missing_docs, rust_2018_idioms, unused_crate_dependencies)]\n\
         #![deny(unused_extern_crates, unused_qualifications, unreachable_pub, unnameable_types)]\n\
         #![forbid(unsafe_code)]",
    ),
    Library::recorded(
        "with_feature_std",
        "edition = \"2021\"\n[features]\ndefault = [\"std\"]\nstd = []",
        "#![cfg_attr(not(feature = \"std\"), no_std)]",
    ),
    Library::without_std(
        "without_feature_std",
        "edition = \"2021\"\n[features]\nstd = []",
        "#![cfg_attr(not(feature = \"std\"), no_std)]",
        CORE,
    ),
    Library::without_std(
        "without_std_on_linux",
        "edition = \"2021\"",
        "#![cfg_attr(all(target_os = \"linux\", not(test)), no_std)]",
        CORE,
    ),
    Library::recorded(
        "with_std_on_linux",
        "edition = \"2021\"",
        "#![cfg_attr(not(target_os = \"linux\"), no_std)]",
    ),
    Library::without_std("without_std", "edition = \"2024\"", "#![no_std]", CORE),
    Library::without_std(
        "alloc_only",
        "edition = \"2024\"",
        "#![no_std]\nextern crate alloc;",
        "/// Returns 42.\npub fn run() -> u32 { *alloc::boxed::Box::new(42) }\n",
    ),
    Library::recorded(
        "extern_std",
        "edition = \"2021\"",
        "#![no_std]\nextern crate std;\nuse std::vec::Vec;\nuse std::{format, print, println, thread_local, vec};",
    ),
    Library::without_std(
        "extern_std_if_feature",
        "edition = \"2021\"\n[features]\nstd = []",
        "#![no_std]\n#[cfg(feature = \"std\")]\nextern crate std;",
        CORE,
    ),
    Library::recorded(
        "extern_std_with_feature",
        "edition = \"2021\"\n[features]\ndefault = [\"std\"]\nstd = []",
        "#![no_std]\n#[cfg(feature = \"std\")]\n#[macro_use]\nextern crate std;\nuse std::vec::Vec;",
    ),
    Library::recorded(
        "extern_std_renamed",
        "edition = \"2021\"",
        "#![no_std]\n#[macro_use]\nextern crate std as alloc_std;\nuse alloc_std::vec::Vec;\nuse alloc_std as std;",
    ),
    Library::recorded(
        "macro_use_std",
        "edition = \"2018\"",
        "#![no_std]\n#[macro_use]\nextern crate std;\nuse std::vec::Vec;",
    ),
    Library::recorded(
        "extern_std_again",
        "edition = \"2015\"",
        "extern crate std as again;\npub use again::vec::Vec as Again;",
    ),
    Library::without_std(
        "module_named_std",
        "edition = \"2021\"",
        "#![no_std]\nmod std { pub use core::*; }",
        CORE_NAMED_STD,
    ),
    Library::without_std(
        "core_named_std",
        "edition = \"2018\"",
        "#![no_std]\nextern crate core as std;",
        CORE_NAMED_STD,
    ),
    Library::recorded(
        "shared_library",
        "edition = \"2024\"\n[lib]\ncrate-type = [\"rlib\", \"dylib\"]",
        "",
    ),
    Library::recorded(
        "c_library",
        "edition = \"2024\"\n[lib]\ncrate-type = [\"rlib\", \"cdylib\", \"staticlib\"]",
        "",
    ),
];

/// Works at build time with channels, threads and locks.
const AT_BUILD_TIME: &str = r#"
fn at_build_time() -> u32 {
    let (tx, rx) = std::sync::mpsc::sync_channel(1);
    let total = std::sync::Arc::new(std::sync::Mutex::new(0));
    let locked = total.clone();
    let worker = std::thread::spawn(move || rx.iter().for_each(|n: u32| *locked.lock().unwrap() += n));
    for n in vec![40, 2] {
        tx.send(n).unwrap();
    }
    drop(tx);
    worker.join().unwrap();
    let total = *total.lock().unwrap();
    total
}
"#;

/// A workspace with all of these crates, and a program that calls them.
fn workspace() -> Project {
    let mut project = Project::new();
    project.write("Cargo.toml", "[workspace]\nmembers = [\"*/\"]\nexclude = [\"target\", \"temporary\"]\nresolver = \"3\"\n");
    let mut manifest =
        "[package]\nname = \"program\"\nedition = \"2024\"\n[dependencies]\n".to_owned();
    let mut program = "fn main() {\n".to_owned();
    for library in LIBRARIES {
        let Library { name, manifest: own, head, .. } = library;
        let source = format!("{head}\n{}{TEST}", library.code());
        project.write(
            &format!("{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\n{own}\n"),
        );
        project.write(&format!("{name}/src/lib.rs"), &source);
        manifest += &format!("{name}.path = \"../{name}\"\n");
        program += &format!("    assert_eq!({name}::run(), 42);\n");
    }
    manifest += "procedural_macro.path = \"../procedural_macro\"\n";
    program += "    assert_eq!(procedural_macro::answer!(), 42);\n    \
                assert_eq!(include!(concat!(env!(\"OUT_DIR\"), \"/answer.rs\")), 42);\n}\n";
    project.write("program/Cargo.toml", &manifest);
    project.write("program/src/main.rs", &program);
    let build_script = format!(
        "{AT_BUILD_TIME}\nfn main() {{\n    let file = std::env::var(\"OUT_DIR\").unwrap() + \"/answer.rs\";\n    \
         std::fs::write(file, at_build_time().to_string()).unwrap();\n}}\n"
    );
    project.write("program/build.rs", &build_script);
    project.write(
        "procedural_macro/Cargo.toml",
        "[package]\nname = \"procedural_macro\"\nedition = \"2024\"\n[lib]\nproc-macro = true\n[dependencies]\nfor_both.path = \"../for_both\"\n",
    );
    let procedural_macro = "#[proc_macro]\npub fn answer(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    \
         for_both::at_build_time().to_string().parse().unwrap()\n}\n";
    project.write("procedural_macro/src/lib.rs", procedural_macro);
    project.write("for_both/Cargo.toml", "[package]\nname = \"for_both\"\nedition = \"2021\"\n");
    let for_both = AT_BUILD_TIME.replace("fn at", "pub fn at");
    project.write("for_both/src/lib.rs", &(for_both + &TEST.replace("run", "at_build_time")));
    project
}

/// The workspace and the result of recording its program.
static RECORDED: LazyLock<(Project, Ran)> = LazyLock::new(|| {
    let project = workspace();
    let (ran, _) = project.record("program", &[]);
    (project, ran)
});

fn recording() -> Recording<'static> {
    RECORDED.0.recording("run.txt")
}

#[test]
fn crates_with_std_are_recorded() {
    let recording = recording();
    for Library { name, .. } in LIBRARIES.iter().filter(|library| library.recorded) {
        let file = format!("{name}/src/lib.rs");
        for (operation, marker, count) in [
            ("ChannelCreated", "channel", 1),
            ("Send", "send", 2),
            ("Recv", "receive", 2),
            ("Lock", "acquire", 2),
            ("Spawn", "thread", 1),
            ("Join", "join", 1),
            ("NotifyAll", "notify", 1),
        ] {
            assert_eq!(recording.count(operation, &file, marker), count, "{operation} in {name}");
        }
    }
}

#[test]
fn crates_without_std_are_built_as_they_are() {
    let expected: Vec<_> = LIBRARIES
        .iter()
        .filter(|library| library.recorded)
        .map(|library| format!("{}/src/lib.rs", library.name))
        .collect();
    let mut expected: Vec<_> = expected.iter().map(String::as_str).collect();
    expected.sort_unstable();
    // Nothing of the build script and the macro, either.
    assert_eq!(recording().files(), expected);
    assert_eq!(recording().processes(), 1);
}

#[test]
fn the_compiler_has_nothing_to_say_about_any_of_them() {
    let stderr = &RECORDED.1.stderr;
    for word in ["warning", "error", "not recorded", "panicked"] {
        assert!(!stderr.contains(word), "{stderr}");
    }
}

#[test]
fn the_program_prints_what_it_always_prints() {
    let recorded = LIBRARIES.iter().filter(|library| library.recorded).count();
    let parcels = "Parcel { weight: 40 }\nParcel { weight: 2 }\n";
    assert_eq!(RECORDED.1.stdout, parcels.repeat(recorded));
}

#[test]
fn all_kinds_of_crates_can_be_tested() {
    let project = &RECORDED.0;
    let arguments = ["record", "-o", "tests.txt", "--", "cargo", "test", "--workspace"];
    let ran = project.run(&arguments).expect_status(0).expect_no_damage();
    // `for_both` is tested as a part of no build script or macro.
    let count = LIBRARIES.len() + 1;
    assert_eq!(ran.stdout.matches("test test ... ok\n").count(), count, "{ran:#?}");
    for word in ["warning", "error", "not recorded", "panicked"] {
        assert!(!ran.stderr.contains(word), "{ran:#?}");
    }
    let recording = project.recording("tests.txt");
    let recorded = LIBRARIES.iter().filter(|library| library.recorded).map(|library| library.name);
    let mut expected: Vec<_> =
        recorded.chain(["for_both"]).map(|name| format!("{name}/src/lib.rs")).collect();
    expected.sort();
    assert_eq!(recording.files(), expected);
    // Each channel has a process of its own.
    assert_eq!(recording.processes(), expected.len());
    assert_eq!(recording.text.count(&["ChannelCreated"]), expected.len());
}
