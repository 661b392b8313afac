//! What the machine says of this process, under the names that every Prometheus client gives it. Read when somebody asks.

use super::{
    series::{About, BOUNDS, Instrument},
    text::Page,
};
use opentelemetry::metrics::Meter;
use std::fs;

/// Linux counts a process's time in hundredths of a second, whatever its own clock does.
const TICKS: f64 = 100.0;

/// One thing about this process; nothing where the machine does not say it.
#[derive(Debug)]
pub(super) struct Process {
    about: About,
    kind: Kind,
    read: fn() -> Option<f64>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Counter,
    Gauge,
}

const fn process(
    (name, unit): (&'static str, &'static str),
    help: &'static str,
    kind: Kind,
    read: fn() -> Option<f64>,
) -> Process {
    Process {
        about: About {
            name,
            unit,
            help,
            label: None,
            bounds: &BOUNDS,
        },
        kind,
        read,
    }
}

pub(super) static CPU: Process = process(
    ("process.cpu", "s"),
    "Time that this process has worked, over all its threads.",
    Kind::Counter,
    cpu,
);
pub(super) static MEMORY: Process = process(
    ("process.resident_memory_bytes", "By"),
    "Memory that this process has, in bytes.",
    Kind::Gauge,
    memory,
);
pub(super) static OPEN_FILES: Process = process(
    ("process.open_fds", "{file}"),
    "Files and connections that this process has open.",
    Kind::Gauge,
    open_files,
);
pub(super) static MOST_FILES: Process = process(
    ("process.max_fds", "{file}"),
    "Files and connections that this process may have open.",
    Kind::Gauge,
    most_files,
);
pub(super) static BEGAN: Process = process(
    ("process.start_time", "s"),
    "When this process began, in seconds since 1970.",
    Kind::Gauge,
    began,
);

impl Instrument for Process {
    #[cfg(test)]
    fn about(&self) -> &About {
        &self.about
    }

    fn write(&self, out: &mut String) {
        let kind = match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let mut page = Page::begin(out, &self.about, kind);
        if let Some(value) = (self.read)() {
            page.sample("", &[], value);
        }
    }

    fn export(&'static self, meter: &Meter) {
        let About { name, unit, help, .. } = self.about;
        match self.kind {
            Kind::Counter => {
                let counter = meter
                    .f64_observable_counter(name)
                    .with_unit(unit)
                    .with_description(help);
                counter
                    .with_callback(|observer| {
                        if let Some(value) = (self.read)() {
                            observer.observe(value, &[]);
                        }
                    })
                    .build();
            }
            Kind::Gauge => {
                let gauge = meter.f64_observable_gauge(name).with_unit(unit).with_description(help);
                gauge
                    .with_callback(|observer| {
                        if let Some(value) = (self.read)() {
                            observer.observe(value, &[]);
                        }
                    })
                    .build();
            }
        }
    }
}

fn cpu() -> Option<f64> {
    Some((stat(14)? + stat(15)?) / TICKS)
}

fn began() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let boot: f64 = text
        .lines()
        .find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())?;
    Some(boot + stat(22)? / TICKS)
}

/// A field of `/proc/self/stat`, numbered as in proc(5). The second may hold anything, in brackets.
fn stat(number: usize) -> Option<f64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    rest.split_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

fn memory() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let kib: f64 = text
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok())?;
    Some(kib * 1_024.0)
}

fn open_files() -> Option<f64> {
    // Without the one that reading the folder opens.
    let open = fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
    u32::try_from(open).ok().map(f64::from)
}

fn most_files() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
