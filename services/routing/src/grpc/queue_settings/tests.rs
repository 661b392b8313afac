use super::*;
use proto::in_queue_message::When::{AfterMs, EveryMs, PositionAtMost};
use std::sync::Arc;

fn new_group() -> NewGroup {
    Arc::new(|| id("id", "0190a5c8-2222-7abc-8def-0123456789ab").expect("a UUID"))
}

const SKILL: &str = "0190a5c8-1111-7abc-8def-0123456789ab";
const GROUP: &str = "0190a5c8-2222-7abc-8def-0123456789ab";

fn ring(change: impl FnOnce(&mut proto::Ring)) -> proto::Ring {
    let mut ring = proto::Ring {
        wait_ms: 10_000,
        ..proto::Ring::default()
    };
    change(&mut ring);
    ring
}

fn rule(change: impl FnOnce(&mut proto::GroupRule)) -> proto::GroupRule {
    let mut rule = proto::GroupRule {
        metric: proto::RuleMetric::ServiceLevel.into(),
        comparison: proto::RuleComparison::Less.into(),
        value: 8_000,
        group_ids: vec![GROUP.to_owned()],
        ..proto::GroupRule::default()
    };
    change(&mut rule);
    rule
}

fn message(when: Option<proto::in_queue_message::When>, texts: &[(&str, &str)]) -> proto::InQueueMessage {
    let texts = texts.iter().map(|(language, text)| proto::MessageText {
        language: (*language).to_owned(),
        text: (*text).to_owned(),
    });
    proto::InQueueMessage {
        when,
        texts: texts.collect(),
    }
}

fn read(change: impl FnOnce(&mut proto::Queue)) -> Result<QueueSettings, Fault> {
    let mut queue = proto::Queue {
        queue_id: SKILL.to_owned(),
        groups: vec![proto::MemberGroup {
            group_id: GROUP.to_owned(),
            name: "Früh".to_owned(),
        }],
        ..proto::Queue::default()
    };
    change(&mut queue);
    let group = Group {
        id: new_group()(),
        name: "Früh".to_owned(),
    };
    let groups = Groups {
        had: &[group],
        new: &new_group(),
    };
    decoded(&queue, &groups)
}

type Change = fn(&mut proto::Queue);

/// What may not be, with the field that it is about.
const WRONG: &[(Change, &str)] = &[
    (|q| q.scoring = 9, "queue.scoring"),
    (|q| q.rings = vec![ring(|_| {}); 7], "queue.rings"),
    (
        |q| q.rings = vec![ring(|_| {}), ring(|r| r.wait_ms = -1)],
        "queue.rings[1].wait_ms",
    ),
    (
        |q| q.rings = vec![ring(|r| r.wait_ms = 86_400_001)],
        "queue.rings[0].wait_ms",
    ),
    (
        |q| {
            q.rings = vec![
                ring(|_| {}),
                ring(|_| {}),
                ring(|r| r.skills_to_remove = vec![SKILL.to_owned(); 51]),
            ];
        },
        "queue.rings[2].skills_to_remove",
    ),
    (
        |q| q.rings = vec![ring(|r| r.skills_to_remove = vec!["x".to_owned()])],
        "queue.rings[0].skills_to_remove",
    ),
    (
        |q| q.rings = vec![ring(|r| r.group_ids = vec![SKILL.to_owned()])],
        "queue.rings[0].group_ids",
    ),
    (
        |q| {
            let rule = proto::PreferredRule {
                threshold: 101,
                wait_ms: 0,
            };
            q.preferred = Some(proto::PreferredAgents {
                rules: vec![rule],
                then_all_preferred: false,
            });
        },
        "queue.preferred.rules[0].threshold",
    ),
    (
        |q| {
            q.preferred = Some(proto::PreferredAgents {
                rules: vec![proto::PreferredRule::default(); 7],
                then_all_preferred: false,
            });
        },
        "queue.preferred.rules",
    ),
    (|q| q.group_rules = vec![rule(|_| {}); 6], "queue.group_rules"),
    (
        |q| q.group_rules = vec![rule(|r| r.queue_id = GROUP.to_owned())],
        "queue.group_rules[0].queue_id",
    ),
    (
        |q| q.group_rules = vec![rule(|_| {}), rule(|r| r.queue_id = "x".to_owned())],
        "queue.group_rules[1].queue_id",
    ),
    (
        |q| q.group_rules = vec![rule(|r| r.metric = 0)],
        "queue.group_rules[0].metric",
    ),
    (
        |q| q.group_rules = vec![rule(|r| r.comparison = 0)],
        "queue.group_rules[0].comparison",
    ),
    (
        |q| q.group_rules = vec![rule(|r| r.value = 10_001)],
        "queue.group_rules[0].value",
    ),
    (
        |q| q.group_rules = vec![rule(|r| r.group_ids.clear())],
        "queue.group_rules[0].group_ids",
    ),
    (
        |q| q.last_agent = Some(proto::LastAgent { mode: 9, hold_ms: 0 }),
        "queue.last_agent.mode",
    ),
    (
        |q| {
            q.last_agent = Some(proto::LastAgent {
                mode: 3,
                hold_ms: 3_600_001,
            });
        },
        "queue.last_agent.hold_ms",
    ),
    (
        |q| q.last_agent = Some(proto::LastAgent { mode: 2, hold_ms: -1 }),
        "queue.last_agent.hold_ms",
    ),
    (
        |q| {
            q.alerting_by_medium = vec![proto::MediumAlerting {
                medium: 0,
                timeout_ms: 5_000,
            }];
        },
        "queue.alerting_by_medium[0].medium",
    ),
    (
        |q| {
            q.alerting_by_medium = vec![proto::MediumAlerting {
                medium: 2,
                timeout_ms: 4_999,
            }];
        },
        "queue.alerting_by_medium[0].timeout_ms",
    ),
    (
        |q| {
            let twice = proto::MediumAlerting {
                medium: 2,
                timeout_ms: 5_000,
            };
            q.alerting_by_medium = vec![twice; 2];
        },
        "queue.alerting_by_medium",
    ),
    (
        |q| {
            q.after_contact = Some(proto::AfterContact {
                mode: 3,
                timeout_ms: 999,
                holds_slot: false,
            });
        },
        "queue.after_contact.timeout_ms",
    ),
    (
        |q| {
            q.service_target = Some(proto::ServiceTarget {
                within_ms: 999,
                short_abandon_ms: 0,
            });
        },
        "queue.service_target.within_ms",
    ),
    (|q| q.groups[0].name = " ".to_owned(), "queue.groups[0].name"),
    (|q| q.groups[0].group_id = SKILL.to_owned(), "queue.groups[0].group_id"),
    (|q| q.groups.push(q.groups[0].clone()), "queue.groups"),
    (
        |q| q.messages = vec![message(None, &[("de", "Hallo")])],
        "queue.messages[0]",
    ),
    (
        |q| q.messages = vec![message(Some(AfterMs(0)), &[])],
        "queue.messages[0].texts",
    ),
    (
        |q| q.messages = vec![message(Some(AfterMs(0)), &[("de", "a"), ("DE", "b")])],
        "queue.messages[0].texts",
    ),
    (
        |q| q.messages = vec![message(Some(EveryMs(9_999)), &[("de", "a")])],
        "queue.messages[0].every_ms",
    ),
    (
        |q| q.messages = vec![message(Some(PositionAtMost(0)), &[("de", "a")])],
        "queue.messages[0].position_at_most",
    ),
    (
        |q| q.messages = vec![message(Some(AfterMs(0)), &[("de", "a"), ("d", "b")])],
        "queue.messages[0].texts[1].language",
    ),
    (
        |q| q.messages = vec![message(Some(AfterMs(0)), &[("de", " ")])],
        "queue.messages[0].texts[0].text",
    ),
];

#[test]
fn what_is_wrong_is_named_with_its_path() {
    for (change, field) in WRONG {
        let fault = read(change).expect_err(field);
        assert_eq!(fault.metadata, [("field", (*field).to_owned())]);
    }
}

#[test]
fn what_is_left_out_is_as_usual_and_what_is_set_comes_back() {
    let usual = read(|q| q.groups.clear()).expect("good");
    assert_eq!(usual, QueueSettings::default());
    let whole = read(|q| {
        q.rings = vec![ring(|r| r.group_ids = vec![GROUP.to_owned()])];
        q.group_rules = vec![rule(|_| {}), rule(|r| r.queue_id = GROUP.to_owned())];
        q.after_contact = Some(proto::AfterContact {
            mode: 4,
            timeout_ms: 0,
            holds_slot: true,
        });
        let when = Some(proto::in_queue_message::When::AfterMs(0));
        q.messages = vec![message(when, &[("fr", "Bonjour"), ("de", "Hallo")])];
    })
    .expect("good");
    assert_eq!(whole.after_contact.timeout_ms, Some(60_000));
    let again = Groups {
        had: &whole.groups,
        new: &new_group(),
    };
    assert_eq!(decoded(&encoded(&whole), &again), Ok(whole));
}

#[test]
fn who_is_tried_first_is_so_for_a_time() {
    let kept = |mode: proto::LastAgentMode, hold_ms| {
        let rule = proto::LastAgent {
            mode: mode.into(),
            hold_ms,
        };
        let settings = read(|q| q.last_agent = Some(rule)).expect("good");
        settings.last_agent.hold_ms
    };
    for mode in [proto::LastAgentMode::QueueMembersOnly, proto::LastAgentMode::AnyAgent] {
        assert_eq!(kept(mode, 0), 30_000);
        assert_eq!(kept(mode, 1), 1);
        assert_eq!(kept(mode, 3_600_000), 3_600_000);
    }
    assert_eq!(kept(proto::LastAgentMode::Disabled, 0), 0);
    assert_eq!(kept(proto::LastAgentMode::Disabled, 20_000), 20_000);
}

#[test]
fn a_group_is_known_by_its_name_too() {
    let named = |name: &str| {
        let name = name.to_owned();
        read(|q| {
            q.groups = vec![proto::MemberGroup {
                group_id: String::new(),
                name,
            }];
        })
    };
    assert_eq!(named("FRÜH").expect("good").groups[0].id.to_string(), GROUP);
    assert_eq!(named("Spät").expect("good").groups[0].name, "Spät");
}
