//! The modules of each crate form layers: no circle in any folder, and the table in `lib.rs` is the
//! real order.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod limits;
mod modules;
mod paths;
mod security;
mod table;

use std::path::Path;

use self::modules::Crate;

fn crate_of(folder: &str) -> Crate {
    Crate::read(
        &Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(folder)
            .join("src"),
    )
}

/// # Panics
/// With every circle and every use of a module that the table has further down.
fn check(folder: &str) {
    let read = crate_of(folder);
    let mut faults = read.circles();
    faults.extend(table::faults(&read));
    assert!(faults.is_empty(), "{folder}:\n{}", faults.join("\n"));
}

#[test]
fn the_modules_of_core_form_layers() {
    check("deploytrack-core");
}

#[test]
fn the_modules_of_the_server_form_layers() {
    check("deploytrack-server");
}

#[test]
fn the_modules_of_the_cli_form_layers() {
    check("deploytrack-cli");
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_circle_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| write(folder.path(), name, text);
    write(
        "lib.rs",
        "//! | `a` | first |\n//! | `room` | second |\nmod a;\nmod room;\n",
    );
    write(
        "a.rs",
        "#[cfg(test)]\nmod tests { use crate::room; }\n// crate::room\npub struct A;\n",
    );
    write("room/mod.rs", "mod x; mod y; mod z; pub use z::Z;\n");
    write("room/x.rs", "use super::{y::Y, Z};\nuse crate::a::A;\n");
    write("room/y.rs", "fn y() { on!(super::x::go()) }\n");
    write("room/z.rs", "use super::*;\n");
    let read = Crate::read(folder.path());
    assert_eq!(
        read.circles(),
        ["room: x -> y -> x (room/x.rs uses room::y, room/y.rs uses room::x)"]
    );
    assert_eq!(table::faults(&read), [""; 0]);
    write("a.rs", "use crate::room::Z;\n");
    write("lib.rs", "//! | `a` | first |\nmod a;\nmod room;\n");
    let read = Crate::read(folder.path());
    assert_eq!(read.circles().len(), 2, "{:?}", read.circles());
    assert_eq!(
        table::faults(&read),
        ["lib.rs: the table has no row for room"]
    );
}

#[test]
fn a_name_that_a_module_exports_for_its_child_is_a_use_of_the_child() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| write(folder.path(), name, text);
    write("lib.rs", "mod room;\n");
    write(
        "room.rs",
        "mod x; mod y; pub use x::X; pub(crate) use y::{Y, Z as W}; use std::fmt;\n",
    );
    write("room/x.rs", "use super::{fmt, W};\n");
    write("room/y.rs", "fn y() { super::X::new() }\n");
    assert_eq!(
        Crate::read(folder.path()).circles(),
        ["room: x -> y -> x (room/x.rs uses room::y, room/y.rs uses room::x)"]
    );
}
