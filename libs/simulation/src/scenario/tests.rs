use super::*;

const SMALL: &str = "
title = \"Small\"
[queues.support]
target_seconds = 20
[arrivals.chats]
queue = \"support\"
per_hour = 60
handle_seconds = { exponential = 300 }
[agents.team]
count = 6
queues = [\"support\"]
";

fn mistakes(text: &str) -> Vec<String> {
    let found = Scenario::parse(text).err().unwrap_or_default();
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn a_scenario_is_its_only_variant() {
    let scenario = Scenario::parse(SMALL).expect("is sensible");
    assert_eq!(
        (scenario.title.as_str(), scenario.replications, scenario.seed),
        ("Small", 20, 1)
    );
    assert_eq!(scenario.variants.len(), 1);
    assert_eq!(scenario.variants[0].name, "");
}

#[test]
fn variants_change_what_they_name_and_nothing_else() {
    let text = format!(
        "{SMALL}
[[variants]]
name = \"more\"
agents.team.count = 9
[[variants]]
name = \"slower\"
arrivals.chats.handle_seconds = {{ constant = 600 }}
"
    );
    let scenario = Scenario::parse(&text).expect("is sensible");
    let [more, slower] = &scenario.variants[..] else {
        panic!("two variants")
    };
    assert_eq!((more.name.as_str(), more.file.agents["team"].count), ("more", 9));
    assert_eq!(slower.file.agents["team"].count, 6);
    let handling = crate::chance::mean_seconds(&slower.file.arrivals["chats"].handle_seconds);
    assert!((handling - 600.0).abs() < 1e-9, "{handling}");
}

/// What stands in [`SMALL`], what is written instead, and what is said of it.
const WRONG: [(&str, &str, &str); 15] = [
    (
        "per_hour = 60",
        "per_hours = 60",
        "arrivals.chats.per_hours: unknown field",
    ),
    (
        "per_hour = 60",
        "per_hour = \"x\"",
        "write a number of arrivals per hour",
    ),
    (
        "per_hour = 60",
        "per_hour = -1",
        "arrivals.chats.per_hour: is -1; write a number of at least 0",
    ),
    ("per_hour = 60", "", "missing field `per_hour`"),
    (
        "queue = \"support\"",
        "queue = \"sales\"",
        "arrivals.chats.queue: there is no “sales”; there is support",
    ),
    (
        "queues = [\"support\"]",
        "queues = [\"x\"]",
        "agents.team.queues: there is no “x”; there is support",
    ),
    (
        "exponential = 300",
        "exponential = 0",
        "arrivals.chats.handle_seconds: is 0; write a number greater than 0",
    ),
    (
        "exponential = 300",
        "normal = 300",
        "unknown variant `normal`, expected one of `constant`",
    ),
    ("count = 6", "count = -6", "agents.team.count: invalid value"),
    (
        "count = 6",
        "count = 6\nshifts = [{ from = \"8\", to = \"9:00\" }]",
        "“8” is no time of day; write it as \"08:30\"",
    ),
    (
        "count = 6",
        "count = 6\nskills = { billing = 7 }",
        "agents.team.skills.billing: write a number of stars from 0 to 5",
    ),
    (
        "target_seconds = 20",
        "after_contact = { mode = \"mandatory\" }",
        "wrap_up_seconds: is missing",
    ),
    (
        "target_seconds = 20",
        "after_contact = { mode = \"mandatory_forced\" }",
        "after_contact.timeout_seconds: is missing",
    ),
    (
        "target_seconds = 20",
        "rings = [{ seconds = 9 }]",
        "queues.support.rings: is not looked at",
    ),
    ("[queues.support]", "[queues.support", "(line 3)"),
];

#[test]
fn what_is_wrong_is_told_by_field_with_what_to_do() {
    for (old, new, expected) in WRONG {
        assert!(SMALL.contains(old), "{old}");
        let found = mistakes(&SMALL.replacen(old, new, 1));
        assert!(
            found.iter().any(|mistake| mistake.contains(expected)),
            "{new}: {found:?}"
        );
    }
}

#[test]
fn mistakes_in_variants_name_the_variant() {
    for (variant, expected) in [
        ("agents.team.count = 3", "variants[0].name: is missing"),
        (
            "name = \"few\"\nagents.team.count = \"3\"",
            "agents.team.count: invalid type",
        ),
        ("name = \"few\"\nagents.team.count = \"3\"", "(in the variant “few”)"),
        (
            "name = \"few\"\nagents.team.speed = 0",
            "agents.team.speed: is 0; write a number greater than 0 (in the variant “few”)",
        ),
        ("name = \"few\"\nrun.hours = 3", "variants[0].run: cannot be varied"),
    ] {
        let found = mistakes(&format!("{SMALL}[[variants]]\n{variant}\n"));
        assert!(
            found.iter().any(|mistake| mistake.contains(expected)),
            "{variant}: {found:?}"
        );
    }
}
