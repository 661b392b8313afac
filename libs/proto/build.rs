//! Compiles the protos in pure Rust and turns the method options into a static table.

use prost::Message as _;
use prost_reflect::{DescriptorPool, MethodDescriptor, Value};
use std::{env, error::Error, fmt::Write as _, fs, path::Path, path::PathBuf};

// A build script is told by cargo where to write, through the environment.
#[allow(clippy::disallowed_methods)]
fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let files = protos(root)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut compiler = protox::Compiler::new([root])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(&files)?;
    let full = compiler.encode_file_descriptor_set();
    fs::write(out.join("methods.rs"), table(&full)?)?;
    fs::write(out.join("descriptor.bin"), &full)?;

    let set = protox::compile(&files, [root])?;
    debug_assert!(!set.encode_to_vec().is_empty());
    tonic_prost_build::configure()
        .bytes(".")
        .btree_map(".")
        .codec_path("crate::Codec")
        .compile_fds(set)?;
    Ok(())
}

fn protos(root: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "proto") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The rows of the table as Rust source, sorted by path.
fn table(set: &[u8]) -> Result<String, Box<dyn Error>> {
    let pool = DescriptorPool::decode(set)?;
    let mut rows: Vec<(String, String)> = pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| {
            Ok((
                format!("/{}/{}", method.parent_service().full_name(), method.name()),
                row(&pool, &method)?,
            ))
        })
        .collect::<Result<_, Box<dyn Error>>>()?;
    rows.sort();
    let mut source = String::from("pub(crate) static METHODS: &[Method] = &[\n");
    for (path, row) in rows {
        writeln!(source, "    Method {{ path: {path:?}, {row} }},")?;
    }
    source.push_str("];\n");
    Ok(source)
}

fn row(pool: &DescriptorPool, method: &MethodDescriptor) -> Result<String, Box<dyn Error>> {
    let option = |name: &str| -> Result<Option<Value>, Box<dyn Error>> {
        let extension = pool
            .get_extension_by_name(&format!("onqueue.common.v1.{name}"))
            .ok_or("no such extension")?;
        let options = method.options();
        Ok(options
            .has_extension(&extension)
            .then(|| options.get_extension(&extension).into_owned()))
    };
    let number = |value: Option<Value>| value.and_then(|value| value.as_enum_number()).unwrap_or(0);
    let access = match option("access")? {
        Some(Value::Message(message)) => access(&message),
        _ => "None".to_owned(),
    };
    let idempotency = ["Unspecified", "Read", "Key", "State", "None"][usize::try_from(number(option("idempotency")?))?];
    let size = ["Unspecified", "Small", "Text", "Internal"][usize::try_from(number(option("size_class")?))?];
    let is_audited = option("audited")?.and_then(|value| value.as_bool()).unwrap_or(false);
    let deadline_ms = option("deadline_ms")?.and_then(|value| value.as_u32()).unwrap_or(0);
    Ok(format!(
        "access: {access}, idempotency: Idempotency::{idempotency}, size: SizeClass::{size}, streams: {}, \
        audited: {is_audited}, deadline_ms: {deadline_ms}",
        method.is_server_streaming()
    ))
}

fn access(message: &prost_reflect::DynamicMessage) -> String {
    let text = |field: &str| {
        message
            .get_field_by_name(field)
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default()
    };
    let is = |field: &str| message.has_field_by_name(field);
    if is("permission") {
        format!("Some(Access::Permission({:?}))", text("permission"))
    } else if is("services") {
        let names: Vec<String> = text("services").split(',').map(|name| name.trim().to_owned()).collect();
        format!("Some(Access::Services(&{names:?}))")
    } else if is("user") {
        "Some(Access::User)".to_owned()
    } else if is("participant") {
        "Some(Access::Participant)".to_owned()
    } else if is("anyone") {
        "Some(Access::Anyone)".to_owned()
    } else {
        "None".to_owned()
    }
}
