//! `recorder watch` in a terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

use crate::command::Place;
use crate::watch::Told;

/// A command in a terminal of 80 by 24 characters.
struct InTerminal {
    child: Child,
    keyboard: File,
    /// The command's side. It stays open, so that its state can be read.
    terminal: OwnedFd,
    before: Termios,
    output: Receiver<Vec<u8>>,
    /// What was written so far.
    written: String,
}

impl InTerminal {
    fn start(mut command: Command) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let terminal = open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).unwrap();
        let before = tcgetattr(&terminal).unwrap();
        let [stdin, stdout, stderr] = [(); 3].map(|()| terminal.try_clone().unwrap());
        command.stdin(stdin).stdout(stdout).stderr(stderr);
        // Ctrl-Z stops all processes of the group.
        command.process_group(0);
        let child = command.spawn().unwrap();
        // Its copies of the terminal.
        drop(command);
        let keyboard = File::from(keyboard);
        let mut screen = keyboard.try_clone().unwrap();
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        InTerminal { child, keyboard, terminal, before, output, written: String::new() }
    }

    /// Waits until this was written.
    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        while !self.written.contains(text) {
            let part = self.output.recv_timeout(Duration::from_secs(60));
            let part = part.unwrap_or_else(|_| panic!("{text:?} is not in {:?}", self.written));
            self.written += &String::from_utf8_lossy(&part);
        }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end of the command. Asserts that the terminal is as before.
    #[track_caller]
    fn finish(mut self, status: i32) -> String {
        assert_eq!(self.child.wait().unwrap().code(), Some(status), "{:?}", self.written);
        self.expect_given_back();
        self.written.clone()
    }

    /// Asserts that the terminal is as before.
    #[track_caller]
    fn expect_given_back(&mut self) {
        // It shows the cursor, and leaves the other screen.
        self.wait_for("\u{1b}[?25h\u{1b}[?1049l");
        let now = tcgetattr(&self.terminal).unwrap();
        let modes = |it: &Termios| (it.input_modes, it.output_modes, it.local_modes);
        assert_eq!(modes(&now), modes(&self.before));
    }
}

fn watch(place: &Place, told: &Told) -> Command {
    let mut command = place.recorder(&["watch", &told.running.pid()]);
    command.env_remove("NO_COLOR").env("COLORTERM", "truecolor");
    command
}

#[test]
fn keys_change_what_is_shown_and_the_terminal_is_given_back() {
    let place = Place::new();
    let mut told = Told::start(&place, &[]);
    told.tell(&["open jobs", "pass jobs 3"]);
    let mut terminal = InTerminal::start(watch(&place, &told));
    terminal.wait_for("jobs");
    terminal.press("\t\r");
    terminal.wait_for("unbounded");
    terminal.press("q");
    let written = terminal.finish(0);
    assert!(written.contains("48;2;0;158;115"), "no green in {written:?}");
    told.finish();
}

#[test]
fn the_end_of_the_run_is_shown_until_the_user_quits() {
    let place = Place::new();
    let mut told = Told::start(&place, &[]);
    told.tell(&["open jobs"]);
    let mut terminal = InTerminal::start(watch(&place, &told));
    terminal.wait_for("running");
    told.finish().expect_status(0);
    terminal.wait_for("ended with status 0");
    terminal.press("q");
    terminal.finish(0);
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let place = Place::new();
    let mut told = Told::start(&place, &[]);
    told.tell(&["open jobs"]);
    let mut terminal = InTerminal::start(watch(&place, &told));
    terminal.wait_for("jobs");
    let pid = Pid::from_child(&terminal.child);
    kill_process(pid, Signal::TERM).unwrap();
    terminal.finish(128 + 15);
    told.finish();
}

#[test]
fn no_color_means_no_colours() {
    let place = Place::new();
    let mut told = Told::start(&place, &[]);
    told.tell(&["open jobs"]);
    let mut command = watch(&place, &told);
    command.env("NO_COLOR", "1");
    let mut terminal = InTerminal::start(command);
    terminal.wait_for("jobs");
    // Ctrl-C is a key.
    terminal.press("\u{3}");
    let written = terminal.finish(0);
    assert!(!written.contains("38;") && !written.contains("48;"), "{written:?}");
    // Instead of a colour nothing, which would end bold and reverse.
    assert!(!written.contains("[;m"), "{written:?}");
    told.finish();
}

#[test]
fn a_stopped_job_gives_the_terminal_back_until_it_is_continued() {
    let place = Place::new();
    let mut told = Told::start(&place, &[]);
    told.tell(&["open jobs"]);
    let mut terminal = InTerminal::start(watch(&place, &told));
    terminal.wait_for("jobs");
    let pid = Pid::from_child(&terminal.child);
    // Ctrl-Z
    terminal.press("\u{1a}");
    let (_, status) = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().unwrap();
    assert_eq!(status.stopping_signal(), Some(Signal::TSTP.as_raw()));
    terminal.expect_given_back();
    terminal.written.clear();
    kill_process(pid, Signal::CONT).unwrap();
    terminal.wait_for("\u{1b}[?1049h");
    terminal.wait_for("jobs");
    terminal.press("q");
    terminal.finish(0);
    told.finish();
}
