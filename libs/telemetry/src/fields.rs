//! What of a span is shown in log lines: short, and added to without reading what is there, because every call adds some.

use std::fmt::{self, Write as _};
use tracing::field::{Field, Visit};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FormatFields, FormattedFields, format::Writer},
};

/// Written for the exporters only.
const UNSHOWN: [&str; 2] = ["otel.", "rpc.system."];
/// In the metrics, and in the line of whoever handled a failure.
const STATUS: &str = "rpc.response.status_code";

/// Fields as one JSON object.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct JsonFields;

impl<'w> FormatFields<'w> for JsonFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut object = Object::default();
        fields.record(&mut object);
        writer.write_char('{')?;
        writer.write_str(&object.0)?;
        writer.write_char('}')
    }

    fn add_fields(&self, current: &'w mut FormattedFields<Self>, fields: &tracing::span::Record<'_>) -> fmt::Result {
        let mut object = Object::default();
        fields.record(&mut object);
        if object.0.is_empty() {
            return Ok(());
        }
        current.fields.pop();
        if current.fields.len() > 1 {
            current.fields.push(',');
        }
        current.fields.push_str(&object.0);
        current.fields.push('}');
        Ok(())
    }
}

/// The inside of an object.
#[derive(Default)]
struct Object(String);

impl Object {
    fn add(&mut self, field: &Field, value: &dyn fmt::Display) {
        if self.begin(field) {
            // Writing into a String does not fail.
            let _ = write!(self.0, "{value}");
        }
    }

    /// Adds the name, if it is one that is shown.
    fn begin(&mut self, field: &Field) -> bool {
        let name = field.name();
        if name == STATUS || UNSHOWN.iter().any(|beginning| name.starts_with(beginning)) {
            return false;
        }
        if !self.0.is_empty() {
            self.0.push(',');
        }
        for part in ["\"", name, "\":"] {
            self.0.push_str(part);
        }
        true
    }
}

impl Visit for Object {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        if !value.bytes().all(plain) {
            return self.add(field, &serde_json::Value::from(value));
        }
        if self.begin(field) {
            for part in ["\"", value, "\""] {
                self.0.push_str(part);
            }
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, &value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io,
        sync::{Arc, Mutex, PoisonError},
    };
    use tracing::field::Empty;
    use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt as _};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn lines_name_the_rpc_and_the_trace_and_stay_json() {
        let lines = Lines::default();
        let layer = tracing_subscriber::fmt::layer()
            .json()
            .fmt_fields(JsonFields)
            .with_writer(lines.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!(
                "rpc",
                otel.kind = "server",
                rpc.method = "A/B",
                rpc.response.status_code = Empty,
                trace_id = Empty,
                said = Empty,
                count = 3
            );
            span.record("trace_id", "0af7");
            span.record("rpc.response.status_code", "OK");
            span.record("said", "“a\"\\\n");
            let bare = tracing::info_span!(parent: &span, "task", otel.kind = "x");
            bare.in_scope(|| tracing::info!("heard"));
        });
        let text = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let line: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        let rpc = &line["spans"][0];
        assert_eq!(rpc["rpc.method"], "A/B");
        assert_eq!((&rpc["trace_id"], &rpc["count"]), (&"0af7".into(), &3.into()));
        assert_eq!(rpc["said"], "“a\"\\\n");
        assert!(rpc.get("otel.kind").is_none() && rpc.get("rpc.response.status_code").is_none());
        assert_eq!(line["spans"][1]["name"], "task");
        assert_eq!(line["fields"]["message"], "heard");
    }
}
