//! Tells the driver which tokio and which Rust it is built with.

use std::process::Command;

fn main() {
    let lock = std::fs::read_to_string("Cargo.lock").expect("Cargo.lock");
    let tokio = lock.split("name = \"tokio\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next());
    println!("cargo:rustc-env=CEDE_TOKIO_VERSION={}", tokio.expect("tokio is locked"));
    let rustc = std::env::var("RUSTC").expect("cargo names the compiler");
    let told = Command::new(rustc).arg("--version").output().expect("the compiler tells its version").stdout;
    let told = String::from_utf8(told).expect("text");
    let version = told.split(' ').nth(1).expect("a version");
    println!("cargo:rustc-env=CEDE_RUST_VERSION=Rust {version}");
    println!("cargo:rerun-if-changed=Cargo.lock");
}
