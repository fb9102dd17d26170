//! `recorder learn`: the course as pages.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::command::{Place, run};

/// The document of the lesson in a page.
fn lesson(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"lesson\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_whole_course_is_an_index_and_a_page_per_lesson() {
    let place = Place::new();
    let ran = run(place.recorder(&["learn", "-o", "course/all"])).expect_status(0);
    let names = place.names_in("course/all");
    assert_eq!(names.len(), 13, "{names:?}");
    for name in &names {
        assert!(ran.stderr.contains(&format!("wrote course/all/{name}\n")), "{name}: {ran:#?}");
        let page = fs::read_to_string(place.path("course/all").join(name)).unwrap();
        assert!(page.contains("connect-src 'none'"), "{name}");
        assert!(!page.contains("{{"), "{name}");
    }
    let page = fs::read_to_string(place.path("course/all/01-hello_channel.html")).unwrap();
    let lesson = lesson(&page);
    assert_eq!(lesson["title"], "A conveyor belt");
    assert_eq!(lesson["course"].as_array().unwrap().len(), 12);
    assert!(page.contains(" id=\"bytes\">") && !page.contains("id=\"bytes\"></script>"));
    let index = fs::read_to_string(place.path("course/all/index.html")).unwrap();
    assert_eq!(self::lesson(&index)["course"][3]["file"], "03-until_disconnect.html");
}

#[test]
fn a_change_that_compiles_has_a_run_and_each_has_its_difference() {
    let place = Place::new();
    run(place.recorder(&["learn", "-o", "course"])).expect_status(0);
    let mut runs = 0;
    for name in place.names_in("course").iter().filter(|it| *it != "index.html") {
        let lesson = lesson(&fs::read_to_string(place.path("course").join(name)).unwrap());
        for change in lesson["changes"].as_array().unwrap() {
            let options = change["options"].as_array().unwrap().len();
            assert!(options >= 2 && change["right"].as_u64().unwrap() < options as u64, "{name}");
            let diff = change["diff"].as_array().unwrap();
            assert!(
                diff.iter().any(|it| it["before"].is_null() != it["after"].is_null()),
                "{name}"
            );
            let compiles = !change["happens"].to_string().contains("error[E");
            assert_eq!(change["run"].is_object(), compiles, "{name}");
            if compiles {
                assert!(!change["run"]["bytes"].as_str().unwrap().is_empty(), "{name}");
                assert!(change["run"]["document"]["index"]["steps"].as_u64() > Some(5), "{name}");
                runs += 1;
            }
        }
    }
    assert!(runs >= 18, "{runs}");
}

#[test]
fn one_lesson_is_one_page_that_leads_to_no_other() {
    let place = Place::new();
    for wanted in ["11", "deadlock"] {
        run(place.recorder(&["learn", wanted, "-o", "one"]))
            .expect_status(0)
            .expect_stderr("wrote one/11-deadlock.html\n");
        assert_eq!(place.names_in("one"), ["11-deadlock.html"]);
    }
    let page = fs::read_to_string(place.path("one/11-deadlock.html")).unwrap();
    assert_eq!(lesson(&page)["course"], Value::Array(Vec::new()));
}

#[test]
fn a_lesson_that_does_not_exist_is_wrong_usage() {
    let place = Place::new();
    for wanted in ["99", "-1", "pipeline"] {
        run(place.recorder(&["learn", "-o", "x", "--", wanted]))
            .expect_status(2)
            .expect_stderr(&format!("there is no lesson {wanted}; these are:"))
            .expect_stderr("hello_channel")
            .expect_stderr("Find the deadlock");
        assert_eq!(place.names(), [""; 0]);
    }
}

/// Always at the same place: the browser keeps by address what was answered.
#[test]
fn pages_are_kept_in_the_cache_of_the_user() {
    let place = Place::new();
    let learn = |arguments: &[&str]| {
        let mut command = place.recorder(&[&["learn"], arguments].concat());
        command.env("XDG_CACHE_HOME", place.path("cache"));
        for desktop in ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"] {
            command.env_remove(desktop);
        }
        run(command)
    };
    let index = place.path("cache/recorder/course/index.html");
    let ran = learn(&["--no-browser"]).expect_status(0);
    assert_eq!(ran.stderr, format!("open this in a browser: {}\n", index.display()));
    let page = place.path("cache/recorder/course/06-backpressure.html");
    let ran = learn(&["6"]).expect_status(0).expect_stderr("cannot start a browser");
    assert!(ran.stderr.contains(&*page.to_string_lossy()), "{ran:#?}");
    assert_eq!(place.names_in("cache/recorder/course").len(), 13);
}

#[test]
fn the_page_is_opened_in_the_browser() {
    let place = Place::new();
    let browser = place.path("browser");
    fs::write(&browser, "#!/bin/sh\nprintf %s \"$1\" > opening && mv opening opened\n").unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["xdg-open", "gio", "gnome-open", "kde-open"] {
        fs::copy(&browser, place.path(name)).unwrap();
    }
    let mut command = place.recorder(&["learn", "two_workers"]);
    command.env("XDG_CACHE_HOME", place.path("cache")).env("DISPLAY", ":0");
    command.env("PATH", format!("{}:/usr/bin:/bin", place.path("").display()));
    run(command).expect_status(0).expect_stderr("opening ");
    place.wait_for("opened");
    let opened = fs::read_to_string(place.path("opened")).unwrap();
    assert!(opened.ends_with("cache/recorder/course/00-two_workers.html"), "{opened}");
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error() {
    let place = Place::new();
    fs::write(place.path("file"), "").unwrap();
    run(place.recorder(&["learn", "-o", "file/course"]))
        .expect_status(1)
        .expect_stderr("cannot write the pages to file/course; choose a directory with -o");
}
