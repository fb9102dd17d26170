//! Counts the instructions of a program with valgrind, and derives those of one operation.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;
use crate::program::Operation;

/// Instructions of one operation.
#[derive(Clone, Copy)]
pub(crate) struct Count {
    /// Of an operation on the fast path. This is exact.
    pub(crate) alone: f64,
    /// With its share of rare work: std allocates once in 31 messages, and a thread begins a new
    /// block of the recording once in about 2,700 operations.
    pub(crate) averaged: f64,
}

/// A program and its configuration, for one row of the table.
pub(crate) struct Counted<'a> {
    pub(crate) program: &'a Path,
    pub(crate) std: bool,
    pub(crate) operation: Operation,
    pub(crate) recorded: bool,
}

/// Messages for which std's channel allocates room at once.
const STD_BLOCK_MESSAGES: u64 = 31;
/// Operations of a group that is counted for the average.
const LONG_GROUP: u64 = 4 * STD_BLOCK_MESSAGES;
/// Groups for the average.
const GROUPS: u64 = 80;
/// Groups for the average if recorded: they must begin more than a dozen new blocks.
const RECORDED_GROUPS: u64 = 320;
/// New blocks that are not counted: their places have not been used, so nothing is copied.
const SKIPPED_BLOCKS: usize = 6;

impl Counted<'_> {
    pub(crate) fn count(&self) -> Result<Count> {
        // Some of the groups that are shorter than std's blocks contain no rare work.
        let [short, longer] = [10, 20].map(|length| self.groups(40, length));
        let smallest = |groups: Vec<u64>| groups.into_iter().min().ok_or("nothing was counted");
        let (short, longer) = (smallest(short?)?, smallest(longer?)?);
        let alone = (longer - short) as f64 / 10.0;
        let around = short as f64 - 10.0 * alone;

        let groups =
            self.groups(if self.recorded { RECORDED_GROUPS } else { GROUPS }, LONG_GROUP)?;
        let usual = median(groups.iter().copied()).ok_or("nothing was counted")?;
        let mut averaged = (usual as f64 - around) / LONG_GROUP as f64;
        if self.recorded {
            averaged += new_blocks(&groups, usual)?;
        }
        Ok(Count { alone, averaged })
    }

    /// Returns the instructions of each group, including its mark.
    fn groups(&self, groups: u64, length: u64) -> Result<Vec<u64>> {
        let directory = tempfile::tempdir()?;
        let counts = directory.path().join("counts");
        let mut command = Command::new("valgrind");
        command
            .args(["--tool=callgrind", "--combine-dumps=yes", "--dump-before=*program::mark*"])
            .arg(join("--callgrind-out-file=", &counts))
            .arg(self.program)
            .args(["count", if self.std { "std" } else { "instrumented" }])
            .arg(self.operation.name())
            .args([groups.to_string(), length.to_string()]);
        if self.recorded {
            command.arg(directory.path().join("run.rec"));
        }
        let output = command.stdin(Stdio::null()).output()?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(format!("valgrind has failed: {}\n{stderr}", output.status).into());
        }
        let totals: Vec<u64> = fs::read_to_string(counts)?
            .lines()
            .filter_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
            .collect();
        // The first count is the start of the program, the last one its end.
        if totals.len() as u64 != groups + 2 {
            return Err(
                format!("valgrind returned {} counts for {groups} groups", totals.len()).into()
            );
        }
        Ok(totals[1..=groups as usize].to_vec())
    }
}

/// Returns the share of new blocks in an operation. `usual` is the count of a group without one.
fn new_blocks(groups: &[u64], usual: u64) -> Result<f64> {
    let most = groups.iter().skip(groups.len() / 2).max().ok_or("nothing was counted")?;
    let limit = usual + (most - usual) / 2;
    let new: Vec<usize> = (0..groups.len()).filter(|&at| groups[at] > limit).collect();
    let [first, .., last] = *new.get(SKIPPED_BLOCKS..).unwrap_or_default() else {
        return Err(format!("there were only {} new blocks", new.len()).into());
    };
    let blocks = new.len() - SKIPPED_BLOCKS - 1;
    let operations = (last - first) as f64 * LONG_GROUP as f64 / blocks as f64;
    let block = median(new[SKIPPED_BLOCKS..].iter().map(|&at| groups[at] - usual));
    Ok(block.ok_or("there was no new block")? as f64 / operations)
}

fn median(counts: impl Iterator<Item = u64>) -> Option<u64> {
    let mut counts: Vec<u64> = counts.collect();
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied()
}

fn join(option: &str, path: &Path) -> PathBuf {
    let mut option = std::ffi::OsString::from(option);
    option.push(path);
    option.into()
}
