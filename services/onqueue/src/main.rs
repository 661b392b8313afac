//! The `onqueue` binary.

fn main() -> std::process::ExitCode {
    onqueue::main()
}
