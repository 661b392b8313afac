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
        bounds: &series::BOUNDS,
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
fn a_gauge_is_what_was_said_last_and_nothing_before() {
    static LEVEL: Gauge = Gauge::new(series::About {
        name: "test.level",
        unit: "1",
        help: "How much.",
        label: None,
        bounds: &series::BOUNDS,
    });
    let said = ["# HELP test_level How much.", "# TYPE test_level gauge"];
    assert_eq!(shown(&LEVEL), said);
    LEVEL.set(0.75, &[]);
    LEVEL.set(0.5, &[]);
    assert_eq!(shown(&LEVEL), [said[0], said[1], "test_level 0.5"]);
    LEVEL.clear(&[]);
    assert_eq!((shown(&LEVEL).len(), LEVEL.get(&[])), (2, None));
}

#[test]
fn the_machine_tells_of_the_process() {
    let value = |instrument: &dyn Instrument| {
        let line = shown(instrument).pop().expect("a sample");
        let value = line.rsplit_once(' ').and_then(|(_, value)| value.parse::<f64>().ok());
        value.unwrap_or_else(|| panic!("{line}"))
    };
    assert!(value(&process::MEMORY) > 1_000_000.0);
    let (open, most) = (value(&process::OPEN_FILES), value(&process::MOST_FILES));
    assert!(open >= 3.0 && open < most, "{open} of {most}");
    assert!(value(&process::CPU) >= 0.0);
    // Within the years in which this may run: not the time since the machine began.
    assert!(value(&process::BEGAN) > 1.7e9);
}

#[test]
fn long_waits_have_buckets_of_their_own() {
    SPEED_OF_ANSWER.record(25.0, &[]);
    let lines = shown(&SPEED_OF_ANSWER);
    for line in [
        "onqueue_speed_of_answer_seconds_bucket{le=\"20\"} 0",
        "onqueue_speed_of_answer_seconds_bucket{le=\"30\"} 1",
        "onqueue_speed_of_answer_seconds_bucket{le=\"3600\"} 1",
    ] {
        assert!(lines.contains(&line.to_owned()), "{line} in {lines:#?}");
    }
    for bounds in [series::BOUNDS, series::WAITS] {
        assert!(bounds.is_sorted_by(|a, b| a < b), "{bounds:?}");
    }
}

#[test]
fn a_histogram_cumulates() {
    static TOOK: Histogram = Histogram::new(series::About {
        name: "test.took",
        unit: "s",
        help: "How long.",
        label: None,
        bounds: &series::BOUNDS,
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
        assert!(
            ["onqueue_", "rpc_", "process_"]
                .iter()
                .any(|ours| name.starts_with(ours)),
            "{line}"
        );
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{line}");
        assert_eq!(series.contains('{'), series.ends_with("\"}"), "{line}");
    }
}

#[test]
fn the_guide_lists_what_there_is() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let guide = std::fs::read_to_string(guide).expect("the guide");
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let listed = guide.lines().filter(|line| line.starts_with("| `")).map(|line| {
        let cells = cells(line);
        (cells[1].clone(), cells[2].clone(), cells[3].clone(), cells[4].clone())
    });
    let listed: BTreeSet<_> = listed.collect();
    let there: BTreeSet<_> = TABLE.iter().map(|instrument| row(*instrument)).collect();
    let missing: Vec<_> = there.difference(&listed).collect();
    let strange: Vec<_> = listed.difference(&there).collect();
    assert!(
        missing.is_empty() && strange.is_empty(),
        "missing: {missing:#?}\nstrange: {strange:#?}"
    );
    assert_eq!(listed.len(), TABLE.len());
}

/// An instrument as the guide has it.
fn row(instrument: &dyn Instrument) -> (String, String, String, String) {
    let text = shown(instrument);
    let typed = text
        .iter()
        .find_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let (name, kind) = typed.expect("a type");
    let labels = match &instrument.about().label {
        _ if name.starts_with("rpc_") => "`rpc_method`, `rpc_response_status_code`, `rpc_system_name`".to_owned(),
        Some(label) => format!("`{}`: {}", label.name, label.values.join(", ")),
        None => String::new(),
    };
    let help = instrument.about().help.trim().to_owned();
    assert!(help.ends_with('.'), "{name}: {help}");
    (format!("`{name}`"), kind.to_owned(), labels, help)
}
