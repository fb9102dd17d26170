//! `--help`, the manual pages and the shell completions.

use std::fs;
use std::path::Path;

use crate::command::{Place, run};

/// The commands, as listed by `recorder --help`.
fn commands() -> Vec<String> {
    let help = run(Place::new().recorder(&["--help"])).expect_status(0).stdout;
    let listed = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let names = listed.lines().filter(|line| !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn completions_include_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run(Place::new().recorder(&["completions", shell])).expect_status(0);
        for command in commands() {
            assert!(ran.stdout.contains(&command), "{command} is missing in {shell}");
        }
        assert_eq!(ran.stderr, "");
    }
    // The script works in a real shell.
    let place = Place::new();
    let script = run(place.recorder(&["completions", "bash"])).stdout;
    let words = "COMP_WORDS=(recorder expo); COMP_CWORD=1; _recorder recorder expo recorder";
    let print = "echo \"${COMPREPLY[@]}\"";
    let mut bash = place.command("bash");
    bash.args(["--norc", "-c", &format!("{script}\n{words}\n{print}")]);
    run(bash).expect_status(0).expect_stdout("export\n");
}

#[test]
fn every_command_has_a_manual_page() {
    let place = Place::new();
    let page = run(place.recorder(&["man"])).expect_status(0).stdout;
    assert!(page.contains(".TH recorder 1") && page.contains("128 + N"), "{page}");
    run(place.recorder(&["man", "share/man1"])).expect_status(0).expect_stdout("");
    let mut expected: Vec<_> = commands()
        .iter()
        .filter(|command| *command != "help")
        .map(|command| format!("recorder-{command}.1"))
        .chain(["recorder.1".to_owned()])
        .collect();
    expected.sort();
    assert_eq!(place.names_in("share/man1"), expected);
}

/// `help.txt` contains the help of all commands, to be proofread. After a change:
/// `UPDATE_HELP=1 cargo test -p chanscope --test end_to_end help`
#[test]
fn the_help_matches_the_proofread_file() {
    let place = Place::new();
    let mut help = String::new();
    for command in [String::new()].into_iter().chain(commands()) {
        let arguments: Vec<_> =
            [&*command, "--help"].into_iter().filter(|a| !a.is_empty()).collect();
        if command == "help" {
            continue;
        }
        let mut recorder = place.recorder(&arguments);
        recorder.env_remove("COLUMNS");
        help += &format!("$ recorder {}\n", arguments.join(" "));
        help += &run(recorder).expect_status(0).stdout;
        help += "\n";
    }
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/help.txt");
    if std::env::var_os("UPDATE_HELP").is_some() {
        fs::write(&kept, &help).unwrap();
    }
    let kept = fs::read_to_string(kept).unwrap();
    let differs = help.lines().zip(kept.lines()).find(|(now, then)| now != then);
    assert!(help == kept, "{differs:?}: see the comment on this test");
}
