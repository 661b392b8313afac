//! The report as pictures (SVG). Text is left to whoever shows them: no font is read.

use crate::{Estimate, Interval, Line, Outcome, Report};
use plotters::coord::Shift;
use plotters::prelude::*;

const SIZE: (u32, u32) = (820, 460);
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 90, 160),
    RGBColor(200, 80, 0),
    RGBColor(0, 130, 90),
    RGBColor(150, 40, 120),
    RGBColor(110, 110, 0),
    RGBColor(190, 30, 45),
    RGBColor(60, 60, 60),
    RGBColor(0, 150, 170),
];

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// What it is called, fit for a file: `waits`.
    pub name: &'static str,
    /// The picture itself.
    pub svg: String,
}

type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A curve with a name; each point perhaps with how far it may be off.
struct Curve {
    name: String,
    points: Vec<(f64, f64)>,
    half_widths: Vec<f64>,
}

/// What is drawn around curves.
struct Frame<'a> {
    title: &'a str,
    across: &'a str,
    up: &'a str,
    /// The names of the places across, instead of numbers.
    places: Vec<String>,
    /// Up to where it goes at least.
    top: f64,
    legend: SeriesLabelPosition,
}

/// The pictures that the report has something for: the distribution of waits; service level and occupancy, and mean waits, by
/// variant; and by interval.
pub fn plots(report: &Report) -> Vec<Plot> {
    let mut plots = vec![waits(report)];
    if report.outcomes.len() > 1 {
        plots.push(shares_by_variant(report));
        plots.push(waits_by_variant(report));
    }
    if report
        .outcomes
        .iter()
        .any(|outcome| !outcome.lines[0].intervals.is_empty())
    {
        plots.push(by_interval(
            report,
            "service-level-by-time",
            "answered within the target [%]",
            |interval| interval.service_level.map(percent),
        ));
        plots.push(by_interval(report, "waits-by-time", "mean wait [s]", |interval| {
            interval.wait_all
        }));
    }
    plots.push(occupancy(report));
    plots
}

const fn percent(estimate: Estimate) -> Estimate {
    Estimate {
        value: estimate.value * 100.0,
        half_width: match estimate.half_width {
            Some(half) => Some(half * 100.0),
            None => None,
        },
        ..estimate
    }
}

/// The name of a line in a variant.
fn legend(outcome: &Outcome, name: &str) -> String {
    match outcome.variant.as_str() {
        "" => name.to_owned(),
        variant if outcome.lines.len() == 1 => variant.to_owned(),
        variant => format!("{variant}: {name}"),
    }
}

fn waits(report: &Report) -> Plot {
    let mut curves = Vec::new();
    for outcome in &report.outcomes {
        for line in outcome.lines.iter().filter(|line| !line.waits.is_empty()) {
            let quantile = |number: u32| {
                let share = f64::from(number) / 200.0;
                (line.waits.value_at_quantile(share) as f64 / 1e6, share * 100.0)
            };
            let begin = line.waits.count_between(0, 0) as f64 / line.waits.len() as f64;
            let mut points = vec![(0.0, begin * 100.0)];
            points.extend((1..=198).map(quantile).filter(|(_, share)| *share >= begin * 100.0));
            curves.push(Curve {
                name: legend(outcome, &line.name()),
                points,
                half_widths: Vec::new(),
            });
        }
    }
    let frame = Frame {
        title: "Those who were answered",
        across: "waited at most [s]",
        up: "share [%]",
        places: Vec::new(),
        top: 100.0,
        legend: SeriesLabelPosition::LowerRight,
    };
    picture("waits", |area| curves_in(area, &frame, &curves))
}

/// Makes a curve over the variants for each line of the first one; kinds of arrivals aside, which would be too many.
fn over_variants(report: &Report, up: &str, of: impl Fn(&Line) -> Option<Estimate>) -> Vec<Curve> {
    let first = report.outcomes[0].lines.iter().filter(|line| line.arrivals.is_none());
    let lines: Vec<&Line> = first.collect();
    let name = |line: &Line| match lines.len() {
        1 => up.to_owned(),
        _ => format!("{}: {up}", line.name()),
    };
    let curves = lines.iter().map(|line| {
        let same = |outcome: &Outcome| {
            let mut there = outcome.lines.iter();
            of(there.find(|other| other.queue == line.queue && other.arrivals.is_none())?)
        };
        curve(name(line), report.outcomes.iter().map(same))
    });
    curves.filter(|curve| !curve.points.is_empty()).collect()
}

fn curve(name: String, estimates: impl Iterator<Item = Option<Estimate>>) -> Curve {
    let known = estimates
        .enumerate()
        .filter_map(|(number, estimate)| Some((number as f64, estimate?)));
    let known: Vec<(f64, Estimate)> = known.collect();
    Curve {
        name,
        points: known
            .iter()
            .map(|(across, estimate)| (*across, estimate.value))
            .collect(),
        half_widths: known
            .iter()
            .map(|(_, estimate)| estimate.half_width.unwrap_or(0.0))
            .collect(),
    }
}

fn shares_by_variant(report: &Report) -> Plot {
    let mut curves = over_variants(report, "service level", |line| line.service_level.map(percent));
    for staff in &report.outcomes[0].staff {
        let occupancy = |outcome: &Outcome| {
            let mut pools = outcome.staff.iter();
            pools.find(|other| other.pool == staff.pool)?.occupancy.map(percent)
        };
        let name = match report.outcomes[0].staff.len() {
            1 => "occupancy".to_owned(),
            _ => format!("{}: occupancy", staff.pool),
        };
        curves.push(curve(name, report.outcomes.iter().map(occupancy)));
    }
    let frame = Frame {
        title: &report.title,
        across: "",
        up: "share [%]",
        places: variant_names(report),
        top: 100.0,
        legend: SeriesLabelPosition::LowerRight,
    };
    picture("shares-by-variant", |area| curves_in(area, &frame, &curves))
}

fn waits_by_variant(report: &Report) -> Plot {
    let mut curves = over_variants(report, "mean wait", |line| line.wait);
    curves.extend(over_variants(report, "P90", |line| line.wait_p90));
    let frame = Frame {
        title: &report.title,
        across: "",
        up: "wait of those who were answered [s]",
        places: variant_names(report),
        top: 0.0,
        legend: SeriesLabelPosition::UpperRight,
    };
    picture("waits-by-variant", |area| curves_in(area, &frame, &curves))
}

fn variant_names(report: &Report) -> Vec<String> {
    report.outcomes.iter().map(|outcome| outcome.variant.clone()).collect()
}

fn by_interval(report: &Report, name: &'static str, up: &str, of: impl Fn(&Interval) -> Option<Estimate>) -> Plot {
    let mut curves = Vec::new();
    for outcome in &report.outcomes {
        // Kinds of arrivals would be too many.
        for line in outcome.lines.iter().filter(|line| line.arrivals.is_none()) {
            let known = line
                .intervals
                .iter()
                .filter_map(|interval| Some((interval.hour, of(interval)?)));
            let known: Vec<(f64, Estimate)> = known.collect();
            curves.push(Curve {
                name: legend(outcome, &line.name()),
                points: known.iter().map(|(hour, estimate)| (*hour, estimate.value)).collect(),
                half_widths: known
                    .iter()
                    .map(|(_, estimate)| estimate.half_width.unwrap_or(0.0))
                    .collect(),
            });
        }
    }
    let frame = Frame {
        title: &report.title,
        across: "came in the interval from [h]",
        up,
        places: Vec::new(),
        top: 0.0,
        legend: SeriesLabelPosition::UpperRight,
    };
    picture(name, |area| curves_in(area, &frame, &curves))
}

fn occupancy(report: &Report) -> Plot {
    let mut curves = Vec::new();
    for outcome in &report.outcomes {
        let agents = outcome.staff.iter().flat_map(|staff| &staff.each);
        let mut curve = curve(
            legend(outcome, "occupancy"),
            agents.map(|estimate| estimate.map(percent)),
        );
        curve.points.iter_mut().for_each(|(agent, _)| *agent += 1.0);
        curves.push(curve);
    }
    let frame = Frame {
        title: "Occupancy of each agent",
        across: "agent",
        up: "occupied [%]",
        places: Vec::new(),
        top: 100.0,
        legend: SeriesLabelPosition::LowerRight,
    };
    picture("occupancy", |area| curves_in(area, &frame, &curves))
}

fn picture(name: &'static str, draw: impl FnOnce(&Area) -> Drawn) -> Plot {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        // Writing into a text cannot fail.
        let drawn = area
            .fill(&WHITE)
            .and_then(|()| draw(&area))
            .and_then(|()| area.present());
        debug_assert!(drawn.is_ok(), "{drawn:?}");
    }
    Plot { name, svg }
}

/// From where to where the curves go, across and up.
fn extent(frame: &Frame, curves: &[Curve]) -> (std::ops::Range<f64>, std::ops::Range<f64>) {
    let points = || curves.iter().flat_map(|curve| curve.points.iter().copied());
    let (least, most) = points().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), (across, _)| {
        (least.min(across), most.max(across))
    });
    let across = match frame.places.len() {
        0 if least < most => least..most,
        0 => 0.0..1.0,
        places => -0.5..places as f64 - 0.5,
    };
    let reach = |curve: &Curve| {
        let halves = curve.half_widths.iter().copied().chain(std::iter::repeat(0.0));
        let reached = curve.points.iter().zip(halves).map(|((_, up), half)| up + half);
        reached.fold(0.0, f64::max)
    };
    let top = curves.iter().map(reach).fold(frame.top, f64::max);
    let top = if top > 0.0 { top * 1.05 } else { 1.0 };
    (across, 0.0..top)
}

fn curves_in(area: &Area, frame: &Frame, curves: &[Curve]) -> Drawn {
    let (across, up) = extent(frame, curves);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .caption(frame.title, ("sans-serif", 18))
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d(across, up)?;
    let place = |across: &f64| {
        let number = across.round();
        let is_place = (across - number).abs() < 1e-6 && number >= 0.0;
        frame
            .places
            .get(number as usize)
            .filter(|_| is_place)
            .cloned()
            .unwrap_or_default()
    };
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(frame.across)
        .y_desc(frame.up)
        .light_line_style(WHITE.mix(0.0));
    if !frame.places.is_empty() {
        mesh.x_labels(frame.places.len() * 2 + 1)
            .x_label_formatter(&place)
            .disable_x_mesh();
    }
    mesh.draw()?;
    for (number, curve) in curves.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let line = LineSeries::new(curve.points.iter().copied(), colour.stroke_width(2));
        chart
            .draw_series(line)?
            .label(&curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        let bars = curve.points.iter().zip(&curve.half_widths);
        chart.draw_series(bars.map(|((across, up), half)| {
            ErrorBar::new_vertical(*across, (up - half).max(0.0), *up, up + half, colour.filled(), 6)
        }))?;
    }
    if curves.len() > 1 {
        chart
            .configure_series_labels()
            .background_style(WHITE.mix(0.85))
            .border_style(BLACK.mix(0.3))
            .position(frame.legend.clone())
            .draw()?;
    }
    Ok(())
}
