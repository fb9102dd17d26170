//! The arguments of a compiler or of `rustdoc`, as far as they matter here.

use std::ffi::OsString;
use std::path::PathBuf;

/// Options whose value is the next argument.
const WITH_VALUE: &[&str] = &[
    "--allow",
    "--cap-lints",
    "--cfg",
    "--check-cfg",
    "--codegen",
    "--color",
    "--crate-name",
    "--crate-type",
    "--crate-version",
    "--deny",
    "--diagnostic-width",
    "--edition",
    "--emit",
    "--error-format",
    "--extern",
    "--forbid",
    "--json",
    "--out-dir",
    "--print",
    "--remap-path-prefix",
    "--runtool",
    "--sysroot",
    "--target",
    "--test-args",
    "--test-run-directory",
    "--warn",
    "-A",
    "-C",
    "-D",
    "-F",
    "-L",
    "-W",
    "-Z",
    "-l",
    "-o",
];

/// A call of the compiler.
#[derive(Debug, Default)]
pub(super) struct Invocation {
    /// The root of the crate to compile. `None` if the compiler is only asked about itself.
    pub(super) root: Option<PathBuf>,
    pub(super) crate_name: Option<String>,
    pub(super) target: Option<String>,
    /// Cargo's hash of the compilation.
    pub(super) metadata: Option<String>,
    pub(super) out_dir: Option<PathBuf>,
    /// The end of the compiled file's name, before the extension.
    pub(super) extra_filename: String,
    /// Whether the compiled file will have debug information, at least for lines.
    pub(super) has_debug_information: bool,
    pub(super) is_test: bool,
}

impl Invocation {
    /// Parses the arguments after the compiler's name.
    pub(super) fn parse(arguments: &[OsString]) -> Self {
        let mut parsed = Invocation::default();
        let mut is_query = false;
        let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
        while let Some(argument) = arguments.next() {
            if !argument.starts_with('-') {
                parsed.root = Some(PathBuf::from(argument.as_ref()));
                continue;
            }
            let (option, value) = match argument.split_once('=') {
                Some((option, value)) if option.starts_with("--") => {
                    (option.to_owned(), value.to_owned())
                }
                _ if WITH_VALUE.contains(&argument.as_ref()) => {
                    (argument.to_string(), arguments.next().unwrap_or_default().to_string())
                }
                // `-Cmetadata=…`
                _ if argument.starts_with("-C") => ("-C".to_owned(), argument[2..].to_owned()),
                _ => (argument.to_string(), String::new()),
            };
            match option.as_str() {
                "--crate-name" => parsed.crate_name = Some(value),
                "--target" => parsed.target = Some(value),
                "--out-dir" => parsed.out_dir = Some(value.into()),
                "-C" | "--codegen" => {
                    if let Some(metadata) = value.strip_prefix("metadata=") {
                        parsed.metadata = Some(metadata.to_owned());
                    } else if let Some(extra) = value.strip_prefix("extra-filename=") {
                        parsed.extra_filename = extra.to_owned();
                    } else if let Some(level) = value.strip_prefix("debuginfo=") {
                        parsed.has_debug_information = !["0", "none"].contains(&level);
                    }
                }
                "--test" => parsed.is_test = true,
                "--print" | "-vV" | "-V" | "--version" => is_query = true,
                _ => {}
            }
        }
        if is_query || parsed.root.as_ref().is_some_and(|root| root.as_os_str() == "-") {
            parsed.root = None;
        }
        parsed
    }

    /// The compiled file, without `lib` before its name and without its extension.
    pub(super) fn file(&self) -> PathBuf {
        let name = self.crate_name.as_deref().unwrap_or_default();
        let directory = self.out_dir.clone().unwrap_or_default();
        directory.join(format!("{name}{}", self.extra_filename))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parse(line: &str) -> Invocation {
        Invocation::parse(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_compilation_is_understood() {
        let parsed = parse(
            "--crate-name memchr --edition=2021 src/lib.rs --error-format=json --crate-type lib \
             --emit=dep-info,metadata,link -C opt-level=3 -C metadata=0123 --cfg feature=\"std\" \
             -C extra-filename=-4567 --check-cfg cfg(docsrs,test) --out-dir target/deps --target x86_64-unknown-linux-gnu \
             -L dependency=target/deps --extern core=libcore.rmeta -Cpanic=abort --cap-lints allow",
        );
        assert_eq!(parsed.root, Some("src/lib.rs".into()));
        assert_eq!(parsed.crate_name.as_deref(), Some("memchr"));
        assert_eq!(parsed.target.as_deref(), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(parsed.metadata.as_deref(), Some("0123"));
        assert!(!parsed.has_debug_information);
        assert!(parse("-C debuginfo=2 src/lib.rs").has_debug_information);
        assert!(!parse("-Cdebuginfo=0 src/lib.rs").has_debug_information);
        assert_eq!(parsed.file(), Path::new("target/deps/memchr-4567"));
        assert!(!parsed.is_test && parse("--test src/lib.rs").is_test);
    }

    #[test]
    fn a_question_has_no_root() {
        assert_eq!(parse("-vV").root, None);
        assert_eq!(parse("- --crate-name ___ --print=file-names").root, None);
        assert_eq!(parse("--print cfg src/lib.rs").root, None);
    }
}
