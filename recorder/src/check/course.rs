//! The exercises of a workspace: the directories in `exercises` that have a file of facts.

use std::fs;
use std::path::{Path, PathBuf};

use super::facts::{self, FILE, Facts};
use crate::workspace::suggest;

/// The directory of the exercises in a workspace.
const DIRECTORY: &str = "exercises";

/// An exercise.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// The name of its directory.
    pub name: String,
    /// The number in front of the name.
    pub number: Option<u32>,
    /// What to write after `recorder check` for it.
    pub argument: String,
    /// Its facts.
    pub facts: Facts,
}

impl Exercise {
    /// Reads the exercise of a file of facts.
    ///
    /// # Errors
    /// It cannot be read, or it is not such a file.
    pub fn read(file: &Path, argument: Option<&str>) -> Result<Self, facts::Error> {
        let facts = Facts::read(file)?;
        let directory = file.parent().and_then(Path::file_name).map(PathBuf::from);
        let name = directory.unwrap_or_else(|| DIRECTORY.into()).display().to_string();
        let number = number(&name);
        let default = number.map_or_else(|| name.clone(), |number| number.to_string());
        let argument = argument.map_or(default, str::to_owned);
        Ok(Exercise { name, number, argument, facts })
    }

    /// `exercise 4: the belt that never ends`
    pub fn heading(&self) -> String {
        let name = self.number.map_or_else(|| self.name.clone(), |number| number.to_string());
        format!("exercise {name}: {}", self.facts.title)
    }
}

/// `4` of `04_forgotten_sender`
fn number(name: &str) -> Option<u32> {
    name.split_once('_')?.0.parse().ok()
}

/// The exercises of a workspace, in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// The names of their directories.
    names: Vec<String>,
    directory: PathBuf,
}

impl Course {
    /// The exercises of the workspace with this root.
    pub fn of(root: &Path) -> Self {
        let directory = root.join(DIRECTORY);
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        let exercises = entries.filter(|entry| entry.path().join(FILE).is_file());
        let mut names: Vec<_> =
            exercises.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        Course { names, directory }
    }

    /// All exercises.
    ///
    /// # Errors
    /// A file cannot be read, or is wrong.
    pub fn all(&self) -> Result<Vec<Exercise>, facts::Error> {
        self.names.iter().map(|name| self.read(name)).collect()
    }

    fn read(&self, name: &str) -> Result<Exercise, facts::Error> {
        Exercise::read(&self.directory.join(name).join(FILE), None)
    }

    /// The file of an exercise: by its number, or by its name with or without the number.
    ///
    /// # Errors
    /// There is none; the message names the exercises.
    pub fn find(&self, argument: &str) -> Result<PathBuf, String> {
        let wanted = argument.parse::<u32>().ok();
        let is_meant = |name: &&String| {
            let short = name.split_once('_').map(|(_, short)| short);
            **name == argument
                || short == Some(argument)
                || wanted.is_some() && number(name) == wanted
        };
        if let Some(name) = self.names.iter().find(is_meant) {
            return Ok(self.directory.join(name).join(FILE));
        }
        if self.names.is_empty() {
            return Err(format!(
                "there are no exercises here; they are in the directory {DIRECTORY} of a workspace, \
                 each with a file {FILE}"
            ));
        }
        let short = self.names.iter().filter_map(|name| name.split_once('_').map(|(_, it)| it));
        let hint = suggest(argument, short);
        Err(format!("there is no exercise {argument:?}{hint}\n{}", self.names.join("\n")))
    }

    /// Whether there is an exercise with this number.
    pub fn has(&self, wanted: u32) -> bool {
        self.names.iter().any(|name| number(name) == Some(wanted))
    }
}

/// The file of facts that a path names, or that is in the directory that it names.
pub fn file_at(path: &Path) -> Option<PathBuf> {
    let in_directory = path.join(FILE);
    match path.extension().is_some_and(|extension| extension == "toml") {
        true => path.is_file().then(|| path.to_owned()),
        false => in_directory.is_file().then_some(in_directory),
    }
}
