//! What is written reads back as the same.

use super::examples;
use onqueue_acd::text::{Answer, Entry, Input, Log, parse, write};
use onqueue_acd::{
    AfterContact, AfterContactMode, AgentProfile, Capacity, Command, Comparison, DeclineRule, Evaluation, GroupRule,
    IdleFrom, LastAgentMode, LastAgentRule, Medium, Membership, Method, Metric, PreferredRule, QueueConfig,
    Requirements, Ring, Scoring, ServiceTarget, Settings, Utilization,
};
use onqueue_model::{Id, InteractionId, Language, Timestamp};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

#[test]
fn the_examples_read_back_as_the_same() {
    for example in examples() {
        let log = parse(&example.text).expect("an example");
        assert_eq!(parse(write(&log)), Ok(log), "{}", example.name);
    }
}

/// Names are kept, in the order of the text; ids that are UUIDs are what they say.
#[test]
fn a_log_with_names_keeps_them() {
    let text = r#"{"agents":[{"id":"zoe"},{"id":"anna"}]}"#;
    let log = parse(text).expect("a log");
    let names: Vec<String> = log.agents.iter().map(|agent| log.names.agent(agent.id)).collect();
    assert_eq!(names, ["zoe", "anna"]);
    assert!(log.agents[1].id < log.agents[0].id);
    let text = r#"{"agents":[{"id":"0190a5c8-1111-7abc-8def-0123456789ab"}]}"#;
    let log = parse(text).expect("a log");
    assert_eq!(log.agents[0].id.to_string(), "0190a5c8-1111-7abc-8def-0123456789ab");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_log_reads_back_as_the_same(log in logs()) {
        prop_assert_eq!(parse(write(&log)), Ok(log));
    }
}

fn id<T: 'static>() -> impl Strategy<Value = Id<T>> {
    any::<u128>().prop_map(|bits| Id::new(Uuid::from_u128(bits)))
}

fn interaction() -> impl Strategy<Value = InteractionId> {
    (id(), any::<u32>()).prop_map(|(conversation, opening)| InteractionId { conversation, opening })
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0..=253_402_300_799_999_i64).prop_map(Timestamp)
}

fn medium() -> impl Strategy<Value = Medium> {
    select(Medium::ALL.as_slice())
}

fn language() -> impl Strategy<Value = Language> {
    select(vec!["de", "de-at", "en-gb", "zh-hant-tw"]).prop_map(|tag| Language::parse(tag).expect("a language"))
}

/// Milliseconds, of which those that are no whole seconds matter.
fn span() -> impl Strategy<Value = u64> {
    prop_oneof![0..2_000_u64, 0..=315_360_000_000_u64]
}

fn settings() -> impl Strategy<Value = Settings> {
    let idle = select(vec![IdleFrom::LastOfAssignmentAndEnd, IdleFrom::End]);
    let decline = select(vec![DeclineRule::Stays, DeclineRule::NotResponding]);
    let flags = any::<(bool, bool, bool)>();
    (option::of(1..=u32::MAX), flags, idle, decline).prop_map(|(top, flags, idle_from, decline)| Settings {
        top,
        language_counts: flags.0,
        least_loaded: flags.1,
        on_queue_resets_idle: flags.2,
        idle_from,
        decline,
    })
}

fn method() -> impl Strategy<Value = Method> {
    let ring = (span(), btree_set(id(), 0..3), btree_set(id(), 0..3));
    let ring = ring.prop_map(|(wait_ms, skills_to_remove, groups)| Ring {
        wait_ms,
        skills_to_remove,
        groups,
    });
    let preferred = (0..=100_u8, span()).prop_map(|(threshold, wait_ms)| PreferredRule { threshold, wait_ms });
    prop_oneof![
        Just(Method::Standard),
        vec(ring, 0..=6).prop_map(|rings| Method::Bullseye { rings }),
        (vec(preferred, 0..=6), any::<bool>()).prop_map(|(rules, then_all_preferred)| Method::Preferred {
            rules,
            then_all_preferred
        }),
        vec(group_rule(), 0..=5).prop_map(|rules| Method::Conditional { rules }),
    ]
}

fn group_rule() -> impl Strategy<Value = GroupRule> {
    let metric = prop_oneof![
        span().prop_map(|value| (Metric::EstimatedWait, value)),
        (0..=10_000_u64).prop_map(|value| (Metric::ServiceLevel, value)),
    ];
    let comparison = select(vec![
        Comparison::Greater,
        Comparison::AtLeast,
        Comparison::Less,
        Comparison::AtMost,
    ]);
    let rule = (id(), metric, comparison, btree_set(id(), 0..3), span());
    rule.prop_map(|(queue, (metric, value), comparison, groups, wait_ms)| GroupRule {
        queue,
        metric,
        comparison,
        value,
        groups,
        wait_ms,
    })
}

fn last_agent() -> impl Strategy<Value = LastAgentRule> {
    let modes = vec![
        LastAgentMode::Disabled,
        LastAgentMode::QueueMembersOnly,
        LastAgentMode::AnyAgent,
    ];
    (select(modes), span()).prop_map(|(mode, hold_ms)| LastAgentRule { mode, hold_ms })
}

fn after_contact() -> impl Strategy<Value = AfterContact> {
    let modes = vec![
        AfterContactMode::Optional,
        AfterContactMode::Mandatory,
        AfterContactMode::MandatoryTimeout,
        AfterContactMode::MandatoryForced,
        AfterContactMode::AgentRequested,
    ];
    let parts = (select(modes), option::of(1_000..=3_600_000_u64), any::<bool>());
    parts.prop_map(|(mode, timeout_ms, holds_slot)| AfterContact {
        mode,
        timeout_ms,
        holds_slot,
    })
}

fn queue() -> impl Strategy<Value = QueueConfig> {
    let evaluations = vec![Evaluation::AllSkills, Evaluation::BestSkills, Evaluation::Disregard];
    let scorings = vec![Scoring::TimestampAndPriority, Scoring::PriorityOnly];
    let choices = (select(evaluations), select(scorings), method(), last_agent());
    let alerting = (1..=315_360_000_000_u64, btree_map(medium(), 1..=600_000_u64, 0..3));
    let rest = (option::of(any::<u32>()), any::<bool>(), after_contact(), span(), span());
    (id(), choices, alerting, rest).prop_map(|(id, choices, alerting, rest)| QueueConfig {
        evaluation: choices.0,
        scoring: choices.1,
        method: choices.2,
        last_agent: choices.3,
        limit: rest.0,
        alerting_timeout_ms: alerting.0,
        alerting_by_medium: alerting.1,
        auto_answer: rest.1,
        after_contact: rest.2,
        service_target: ServiceTarget {
            within_ms: rest.3,
            short_abandon_ms: rest.4,
        },
        ..QueueConfig::new(id)
    })
}

fn agent() -> impl Strategy<Value = AgentProfile> {
    let membership = (any::<bool>(), 1..=6_u8, btree_set(id(), 0..3));
    let membership = membership.prop_map(|(joined, ring, groups)| Membership { joined, ring, groups });
    let capacity = (0..=25_u8, btree_set(medium(), 0..4));
    let capacity = capacity.prop_map(|(maximum, interruptible_by)| Capacity {
        maximum,
        interruptible_by,
    });
    let utilization = (btree_map(medium(), capacity, 0..6), btree_map(id(), any::<u8>(), 0..3));
    let utilization = utilization.prop_map(|(media, labels)| Utilization { media, labels });
    let known = (
        btree_map(id(), 0..=500_u16, 0..4),
        btree_map(language(), 0..=500_u16, 0..3),
    );
    let parts = (id(), btree_map(id(), membership, 0..4), known, utilization);
    parts.prop_map(|(id, queues, (skills, languages), utilization)| AgentProfile {
        id,
        queues,
        skills,
        languages,
        utilization,
    })
}

/// What a transfer may ask for.
fn asked() -> impl Strategy<Value = Requirements> {
    let parts = (btree_map(id(), 0..=500_u16, 0..4), option::of(language()));
    parts.prop_map(|(skills, language)| Requirements {
        skills,
        language,
        ..Requirements::default()
    })
}

/// What a change may ask for.
fn changed() -> impl Strategy<Value = Requirements> {
    let parts = (asked(), btree_map(id(), 0..=100_u8, 0..=20));
    parts.prop_map(|(asked, preferred)| Requirements { preferred, ..asked })
}

fn requirements() -> impl Strategy<Value = Requirements> {
    let parts = (
        medium(),
        btree_set(id(), 0..3),
        -25_000_000..=25_000_000_i32,
        option::of(id()),
    );
    (changed(), parts).prop_map(|(changed, (medium, labels, priority, last_agent))| Requirements {
        medium,
        labels,
        priority,
        last_agent,
        ..changed
    })
}

fn of_agent() -> impl Strategy<Value = Command> {
    prop_oneof![
        agent().prop_map(|agent| Command::UpsertAgent { agent }),
        id().prop_map(|agent| Command::RemoveAgent { agent }),
        (id(), option::of(time())).prop_map(|(agent, last_interaction)| Command::GoOnQueue {
            agent,
            last_interaction
        }),
        id().prop_map(|agent| Command::GoOffQueue { agent }),
        id().prop_map(|agent| Command::AgentGone { agent }),
        (id(), id()).prop_map(|(agent, queue)| Command::JoinQueue { agent, queue }),
        (id(), id()).prop_map(|(agent, queue)| Command::LeaveQueue { agent, queue }),
        (id(), id()).prop_map(|(agent, offer)| Command::Accept { agent, offer }),
        (id(), id()).prop_map(|(agent, offer)| Command::Decline { agent, offer }),
        (id(), interaction()).prop_map(|(agent, interaction)| Command::EndWork { agent, interaction }),
        (id(), interaction()).prop_map(|(agent, interaction)| Command::RequestAcw { agent, interaction }),
        (id(), interaction()).prop_map(|(agent, interaction)| Command::CompleteAcw { agent, interaction }),
        (id(), interaction()).prop_map(|(agent, interaction)| Command::Pull { agent, interaction }),
        (id(), id(), medium(), btree_set(id(), 0..3)).prop_map(|(agent, work, medium, labels)| {
            Command::StartExternalWork {
                agent,
                work,
                medium,
                labels,
            }
        }),
        (id(), id()).prop_map(|(agent, work)| Command::EndExternalWork { agent, work }),
    ]
}

fn of_interaction() -> impl Strategy<Value = Command> {
    let entry = (interaction(), id(), requirements());
    let transfer = (
        interaction(),
        id(),
        any::<bool>(),
        option::of(id()),
        option::of(asked()),
    );
    let attended = (
        interaction(),
        interaction(),
        id(),
        option::of(id()),
        option::of(asked()),
        option::of(-25_000_000..=25_000_000_i32),
    );
    prop_oneof![
        entry.prop_map(|(interaction, queue, requirements)| Command::Enqueue {
            interaction,
            queue,
            requirements
        }),
        (interaction(), -25_000_000..=25_000_000_i32)
            .prop_map(|(interaction, priority)| Command::SetPriority { interaction, priority }),
        (interaction(), changed()).prop_map(|(interaction, requirements)| Command::SetRequirements {
            interaction,
            requirements
        }),
        interaction().prop_map(|interaction| Command::Cancel { interaction }),
        transfer.prop_map(
            |(interaction, queue, keep_age, agent, requirements)| Command::Transfer {
                interaction,
                queue,
                keep_age,
                agent,
                requirements
            }
        ),
        attended.prop_map(
            |(interaction, held, queue, agent, requirements, priority)| Command::TransferAttended {
                interaction,
                held,
                queue,
                agent,
                requirements,
                priority
            }
        ),
        (interaction(), id(), any::<bool>()).prop_map(|(interaction, agent, forced)| Command::AssignByHand {
            interaction,
            agent,
            forced
        }),
    ]
}

fn of_queue() -> impl Strategy<Value = Command> {
    let observed = (id(), option::of(span()), option::of(0..=10_000_u16));
    prop_oneof![
        settings().prop_map(|settings| Command::Configure { settings }),
        queue().prop_map(|queue| Command::UpsertQueue { queue }),
        id().prop_map(|queue| Command::RemoveQueue { queue }),
        observed.prop_map(|(queue, estimated_wait_ms, service_level)| Command::ObserveMetric {
            queue,
            estimated_wait_ms,
            service_level
        }),
        Just(Command::Tick),
        Just(Command::Resume),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let answer = (id(), interaction(), select(vec![Answer::Accept, Answer::Decline]));
    let input = prop_oneof![
        3 => of_agent().prop_map(Input::Command),
        2 => of_interaction().prop_map(Input::Command),
        2 => of_queue().prop_map(Input::Command),
        1 => answer.prop_map(|(agent, interaction, answer)| Input::Answer { agent, interaction, answer }),
    ];
    (time(), input).prop_map(|(at, input)| Entry { at, input })
}

fn logs() -> impl Strategy<Value = Log> {
    let parts = (settings(), vec(queue(), 0..4), vec(agent(), 0..4), vec(entry(), 0..24));
    parts.prop_map(|(settings, queues, agents, entries)| Log {
        entries,
        ..Log::new(settings, queues, agents)
    })
}
