//! Rule 8: one exhaustive table from faults to codes, one place that makes a status, and docs/reasons.md telling the same.

use super::source::{Source, assert_clean, lines_with, read, rust};
use onqueue_model::{Fault, Reason};
use onqueue_server::status;
use std::collections::{BTreeMap, BTreeSet};
use syn::{Arm, Expr, Item, Pat, visit::Visit};

const CONSTRUCTORS: &[&str] = &[
    "Status::new(",
    "Status::with_details(",
    "Status::internal(",
    "Status::unknown(",
    "Status::unavailable(",
    "Status::invalid_argument(",
    "Status::not_found(",
    "Status::permission_denied(",
    "Status::unauthenticated(",
    "Status::resource_exhausted(",
    "Status::failed_precondition(",
    "Status::already_exists(",
    "Status::deadline_exceeded(",
    "Status::unimplemented(",
    "Status::cancelled(",
    "Status::aborted(",
];

/// Who answers calls. Who only makes calls reads statuses, and makes some for itself, such as one for its own time-out.
const ANSWERERS: &[&str] = &["services/gateway/", "libs/server/"];

/// Where a status is made from a fault.
const HOME: &str = "libs/server/src/status.rs";

fn variants(source: &str, name: &str) -> BTreeSet<String> {
    let file = syn::parse_file(source).expect("Rust");
    let found = file.items.into_iter().find_map(|item| match item {
        Item::Enum(item) if item.ident == name => Some(item),
        _ => None,
    });
    let found = found.unwrap_or_else(|| panic!("no enum {name}"));
    found.variants.iter().map(|variant| variant.ident.to_string()).collect()
}

/// The arms of the first `match` in a function of that name.
#[derive(Default)]
struct Arms<'a> {
    function: &'a str,
    found: Option<Vec<Arm>>,
}

impl<'ast> Visit<'ast> for Arms<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if item.sig.ident == self.function {
            self.take(&item.block);
        }
    }
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if item.sig.ident == self.function {
            self.take(&item.block);
        }
    }
}

impl Arms<'_> {
    fn take(&mut self, block: &syn::Block) {
        let only = block.stmts.iter().find_map(|statement| match statement {
            syn::Stmt::Expr(Expr::Match(expression), _) => Some(expression.arms.clone()),
            _ => None,
        });
        self.found = self.found.take().or(only);
    }
}

/// What keeps the function's `match` from naming every variant once.
fn inexhaustive(source: &str, function: &str, variants: &BTreeSet<String>) -> Vec<String> {
    let mut arms = Arms { function, found: None };
    arms.visit_file(&syn::parse_file(source).expect("Rust"));
    let Some(arms) = arms.found else {
        return vec![format!("fn {function} is no match")];
    };
    let mut named = BTreeSet::new();
    let mut findings = Vec::new();
    for arm in &arms {
        if arm.guard.is_some() || !name_all(&arm.pat, &mut named) {
            findings.push(format!(
                "fn {function} has an arm that names no variant: write every one out"
            ));
        }
    }
    findings.extend(
        variants
            .difference(&named)
            .map(|lost| format!("fn {function} does not name {lost}")),
    );
    findings
}

fn name_all(pattern: &Pat, named: &mut BTreeSet<String>) -> bool {
    match pattern {
        Pat::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| named.insert(last.ident.to_string())),
        Pat::Or(or) => or.cases.iter().all(|case| name_all(case, named)),
        _ => false,
    }
}

fn home_made(source: &Source) -> Vec<String> {
    let answers = ANSWERERS.iter().any(|folder| source.path.starts_with(folder)) || source.path.contains("/src/grpc");
    if !answers || source.is_for_tests() || source.path == HOME {
        return Vec::new();
    }
    let code = source.production();
    let lines = CONSTRUCTORS.iter().flat_map(|needle| lines_with(&code, needle));
    lines
        .map(|line| {
            format!(
                "{}:{line}: make a Fault and let onqueue_server::status turn it into a status",
                source.path
            )
        })
        .collect()
}

/// Rows of the table of reasons: reason → code, meaning, what to do.
fn documented(page: &str) -> BTreeMap<String, Vec<String>> {
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let mut cells = row
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().trim_matches('`').to_owned());
        (cells.next().unwrap_or_default(), cells.collect())
    })
    .collect()
}

fn undocumented(page: &str, reasons: &BTreeMap<String, String>) -> Vec<String> {
    let rows = documented(page);
    let lost = reasons.keys().filter(|reason| !rows.contains_key(*reason));
    let mut findings: Vec<String> = lost
        .map(|reason| format!("docs/reasons.md does not know {reason}"))
        .collect();
    for (reason, cells) in &rows {
        match (reasons.get(reason), cells.as_slice()) {
            (None, _) => findings.push(format!("docs/reasons.md: {reason} is not in libs/model/src/fault.rs")),
            (Some(code), [told, meaning, remedy]) if code == told && !meaning.is_empty() && !remedy.is_empty() => {}
            (Some(code), _) => findings.push(format!(
                "docs/reasons.md: {reason} comes with {code}, a meaning and what to do"
            )),
        }
    }
    findings
}

/// Every reason with the code that clients get, in the words of the gRPC specification.
fn answered() -> BTreeMap<String, String> {
    let code = |reason: Reason| {
        let code = format!("{:?}", status(Fault::new(reason, "x")).code());
        let words = code.char_indices().flat_map(|(at, c)| {
            (at > 0 && c.is_uppercase())
                .then_some('_')
                .into_iter()
                .chain(c.to_uppercase())
        });
        words.collect::<String>()
    };
    Reason::ALL
        .iter()
        .map(|reason| (reason.as_str().to_owned(), code(*reason)))
        .collect()
}

#[test]
fn rule_8_one_exhaustive_table_from_faults_to_codes() {
    let faults = read("libs/model/src/fault.rs");
    let categories = variants(&faults, "Category");
    assert_clean(
        "codes",
        &inexhaustive(&read("libs/server/src/status.rs"), "code", &categories),
    );
    let reasons = variants(&faults, "Reason");
    assert_clean("categories", &inexhaustive(&faults, "category", &reasons));
    assert_eq!(reasons.len(), Reason::ALL.len(), "Reason::ALL names every reason");
}

#[test]
fn rule_8_nobody_else_makes_a_status() {
    assert_clean("statuses", &rust().iter().flat_map(home_made).collect::<Vec<_>>());
}

#[test]
fn rule_8_every_reason_is_documented() {
    assert_clean("reasons", &undocumented(&read("docs/reasons.md"), &answered()));
}

#[test]
fn rule_8_finds_what_breaks_it() {
    let variants = BTreeSet::from(["One".to_owned(), "Two".to_owned()]);
    for (body, expected) in [
        ("match c { C::One | C::Two => 1 }", 0),
        ("match c { C::One => 1, _ => 2 }", 2),
        ("match c { C::One => 1, other => 2 }", 2),
        ("match c { C::One => 1, C::Two if x => 2 }", 2),
        ("1", 1),
    ] {
        let found = inexhaustive(&format!("fn code(c: C) -> i32 {{ {body} }}"), "code", &variants);
        assert_eq!(found.len(), expected, "{body}: {found:?}");
    }
    let text = "fn f(e: DbErr) -> Status { Status::internal(e.to_string()) }";
    assert_eq!(
        home_made(&Source::sample("services/session/src/grpc/x.rs", text)).len(),
        1
    );
    let reasons = BTreeMap::from([
        ("A".to_owned(), "NOT_FOUND".to_owned()),
        ("B".to_owned(), "INTERNAL".to_owned()),
    ]);
    for (page, expected) in [
        ("| `A` | NOT_FOUND | x | y |\n| `B` | INTERNAL | x | y |", 0),
        ("| `A` | NOT_FOUND | x | y |", 1),
        ("| `A` | INTERNAL | x | y |\n| `B` | INTERNAL | x | |", 2),
        (
            "| `A` | NOT_FOUND | x | y |\n| `B` | INTERNAL | x | y |\n| `C` | INTERNAL | x | y |",
            1,
        ),
    ] {
        assert_eq!(undocumented(page, &reasons).len(), expected, "{page}");
    }
}
