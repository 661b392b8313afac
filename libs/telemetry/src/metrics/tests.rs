//! Instruments count what they are told, and the text is what Prometheus reads.

use super::{calls::Calls, series::Instrument, *};
use std::collections::BTreeSet;

fn shown(instrument: &dyn Instrument) -> Vec<String> {
    let mut out = String::new();
    instrument.write(&mut out);
    out.lines().map(str::to_owned).collect()
}

#[test]
fn a_counter_shows_each_declared_series_from_the_start() {
    static RESULTS: Counter = Counter::new(series::About {
        name: "test.results",
        unit: "{result}",
        help: " What came of it.",
        label: Some(series::Label {
            name: "result",
            values: &["good", "bad"],
        }),
    });
    RESULTS.add(2, &["bad"]);
    let lines = [
        "# HELP test_results_total What came of it.",
        "# TYPE test_results_total counter",
        "test_results_total{result=\"good\"} 0",
        "test_results_total{result=\"bad\"} 2",
    ];
    assert_eq!(shown(&RESULTS), lines);
    assert_eq!((RESULTS.get(&["good"]), RESULTS.get(&["bad"])), (0, 2));
}

#[test]
#[cfg_attr(debug_assertions, should_panic(expected = "not declared"))]
fn a_value_that_is_not_declared_is_a_defect_and_counts_as_other() {
    STREAM_DROPPED.add(1, &["whim"]);
    assert!(text().contains("onqueue_stream_dropped_total{reason=\"other\"} 1"));
}

#[test]
fn a_share_is_gone_with_its_holder() {
    let (mut one, mut two) = (SHARDS_OWNED.share(&[]), SHARDS_OWNED.share(&[]));
    one.set(5);
    two.set(2);
    one.set(3);
    assert_eq!(SHARDS_OWNED.get(&[]), 5);
    drop(one);
    assert_eq!(SHARDS_OWNED.get(&[]), 2);
    assert!(shown(&SHARDS_OWNED).contains(&"onqueue_shards_owned 2".to_owned()));
    drop(two);
}

#[test]
fn a_histogram_cumulates() {
    static TOOK: Histogram = Histogram::new(series::About {
        name: "test.took",
        unit: "s",
        help: "How long.",
        label: None,
    });
    for seconds in [0.0, 0.25, 0.26, 60.0, -1.0] {
        TOOK.record(seconds, &[]);
    }
    let lines = shown(&TOOK);
    for line in [
        "# TYPE test_took_seconds histogram",
        "test_took_seconds_bucket{le=\"0.0005\"} 2",
        "test_took_seconds_bucket{le=\"0.25\"} 3",
        "test_took_seconds_bucket{le=\"0.5\"} 4",
        "test_took_seconds_bucket{le=\"10\"} 4",
        "test_took_seconds_bucket{le=\"+Inf\"} 5",
        "test_took_seconds_sum 60.51",
        "test_took_seconds_count 5",
    ] {
        assert!(lines.contains(&line.to_owned()), "{line} in {lines:#?}");
    }
    assert_eq!(TOOK.count(&[]), 5);
}

#[test]
fn calls_have_the_conventions_labels_and_no_made_up_names() {
    static CALLS: Calls = Calls::new("test.call.duration", "How long.");
    CALLS.record(Some("a.B/C"), 0, 0.1);
    CALLS.record(Some("a.B/C"), 14, 0.1);
    CALLS.record(None, 12, 0.1);
    CALLS.record(None, 99, 0.1);
    assert_eq!(CALLS.count("a.B/C", 14), 1);
    let lines = shown(&CALLS);
    let counts: Vec<_> = lines.iter().filter(|line| line.contains("_count")).collect();
    let line = |method, code| {
        let labels = format!("rpc_method=\"{method}\",rpc_response_status_code=\"{code}\",rpc_system_name=\"grpc\"");
        format!("test_call_duration_seconds_count{{{labels}}} 1")
    };
    let expected = [
        line("_OTHER", "UNKNOWN"),
        line("_OTHER", "UNIMPLEMENTED"),
        line("a.B/C", "OK"),
        line("a.B/C", "UNAVAILABLE"),
    ];
    assert_eq!(counts, expected.iter().collect::<Vec<_>>());
}

#[test]
fn the_text_names_every_instrument_once_and_every_line_can_be_read() {
    SERVER_CALLS.record(Some("a.B/C"), 0, 0.1);
    let text = text();
    let named: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert_eq!(named.len(), TABLE.len());
    assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), TABLE.len());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').expect("a value");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let name = series.split('{').next().expect("a name");
        assert!(name.starts_with("onqueue_") || name.starts_with("rpc_"), "{line}");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{line}");
        assert_eq!(series.contains('{'), series.ends_with("\"}"), "{line}");
    }
}

#[test]
fn the_guide_lists_what_is_shown() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let guide = std::fs::read_to_string(guide).expect("the guide");
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let listed = guide.lines().filter(|line| line.starts_with("| `")).map(|line| {
        let cells = cells(line);
        assert!(cells[4].ends_with('.'), "{line}");
        (cells[1].clone(), cells[2].clone(), cells[3].clone())
    });
    let listed: BTreeSet<_> = listed.collect();
    let text = text();
    let shown = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let shown: BTreeSet<_> = shown
        .map(|(name, kind)| (format!("`{name}`"), kind.to_owned(), labels(&text, name)))
        .collect();
    assert_eq!(listed, shown);
}

/// The label of a metric and its values, as the guide writes them.
fn labels(text: &str, name: &str) -> String {
    if name.starts_with("rpc_") {
        return "`rpc_method`, `rpc_response_status_code`, `rpc_system_name`".to_owned();
    }
    let labelled = text
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix('{'));
    let pairs = labelled.filter_map(|rest| {
        rest.split_once("=\"")?
            .1
            .split_once('"')
            .map(|(value, _)| (rest, value))
    });
    let pairs: Vec<(&str, &str)> = pairs.filter(|(_, value)| *value != "other").collect();
    let Some((label, _)) = pairs.first().and_then(|(rest, _)| rest.split_once('=')) else {
        return String::new();
    };
    let values: Vec<&str> = pairs.iter().map(|(_, value)| *value).collect();
    format!("`{label}`: {}", values.join(", "))
}
