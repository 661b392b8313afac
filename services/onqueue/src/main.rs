//! The `onqueue` binary.

/// Many small messages on many threads: the system's allocator spends a tenth of the time waiting for itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    onqueue::main()
}
