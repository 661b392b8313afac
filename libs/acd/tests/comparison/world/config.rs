//! Random queues, agents, requirements and settings.

use super::*;
use onqueue_acd::{
    AfterContact, AfterContactMode, AgentProfile, Capacity, Comparison, DeclineRule, Evaluation, GroupRule, IdleFrom,
    LastAgentMode, LastAgentRule, Medium, Membership, Method, Metric, PreferredRule, QueueConfig, Requirements, Ring,
    Scoring, Settings, Utilization,
};
use onqueue_model::Language;
use std::collections::{BTreeMap, BTreeSet};

impl World {
    pub(super) fn configure(&mut self) -> Command {
        let dice = &mut self.dice;
        Command::Configure {
            settings: Settings {
                top: dice.any([Some(100), Some(100), None, Some(40), Some(1), Some(2), Some(0)]),
                language_counts: dice.one_in(2),
                least_loaded: dice.one_in(3),
                idle_from: dice.any([IdleFrom::LastOfAssignmentAndEnd, IdleFrom::End]),
                on_queue_resets_idle: dice.one_in(3),
                decline: dice.any([DeclineRule::Stays, DeclineRule::Stays, DeclineRule::NotResponding]),
            },
        }
    }

    pub(super) fn upsert_queue(&mut self, number: u64) -> Command {
        let queue = QueueConfig {
            evaluation: self.dice.any([
                Evaluation::AllSkills,
                Evaluation::AllSkills,
                Evaluation::BestSkills,
                Evaluation::BestSkills,
                Evaluation::Disregard,
            ]),
            scoring: self.dice.any([
                Scoring::TimestampAndPriority,
                Scoring::TimestampAndPriority,
                Scoring::PriorityOnly,
            ]),
            method: self.method(),
            last_agent: LastAgentRule {
                mode: self.dice.any([
                    LastAgentMode::Disabled,
                    LastAgentMode::QueueMembersOnly,
                    LastAgentMode::AnyAgent,
                ]),
                hold_ms: self.dice.any([0, 1_000, 4_000, 10_000, 40_000]),
            },
            limit: self.dice.any([None, None, Some(8), Some(3)]),
            alerting_timeout_ms: self.dice.any([30_000, 60_000, 30_000, 60_000, 20_000, 5_000, 5_001, 0]),
            alerting_by_medium: self.alerting_by_medium(),
            auto_answer: self.dice.one_in(8),
            after_contact: self.after_contact_rule(),
            // What metrics are measured by does not concern routing.
            ..QueueConfig::new(self.id(2, number))
        };
        Command::UpsertQueue { queue }
    }

    fn alerting_by_medium(&mut self) -> BTreeMap<Medium, u64> {
        let mut by_medium = BTreeMap::new();
        if self.dice.one_in(3) {
            by_medium.insert(self.medium(), self.dice.any([3_000, 20_000]));
        }
        by_medium
    }

    fn after_contact_rule(&mut self) -> AfterContact {
        AfterContact {
            mode: self.dice.any([
                AfterContactMode::Optional,
                AfterContactMode::Mandatory,
                AfterContactMode::MandatoryTimeout,
                AfterContactMode::MandatoryForced,
                AfterContactMode::AgentRequested,
            ]),
            timeout_ms: self.dice.any([None, Some(0), Some(1_000), Some(5_000), Some(30_000)]),
            holds_slot: self.dice.one_in(2),
        }
    }

    fn method(&mut self) -> Method {
        match self.dice.below(9) {
            0..2 => Method::Standard,
            2..5 => Method::Bullseye {
                rings: (0..self.dice.below(5)).map(|_| self.ring()).collect(),
            },
            5..7 => Method::Preferred {
                rules: (0..self.dice.below(4)).map(|_| self.preferred_rule()).collect(),
                then_all_preferred: self.dice.one_in(2),
            },
            _ => Method::Conditional {
                rules: (0..self.dice.below(5)).map(|_| self.group_rule()).collect(),
            },
        }
    }

    fn wait(&mut self) -> u64 {
        self.dice.any([0, 500, 1_000, 1_000, 2_000, 5_000, 15_000, 30_000])
    }

    fn ring(&mut self) -> Ring {
        let wait_ms = self.wait();
        Ring {
            wait_ms,
            skills_to_remove: (0..self.dice.below(3)).map(|_| self.skill()).collect(),
            groups: self.groups(4),
        }
    }

    fn preferred_rule(&mut self) -> PreferredRule {
        PreferredRule {
            threshold: self.dice.any([90, 80, 50, 0, 100]),
            wait_ms: self.wait(),
        }
    }

    fn group_rule(&mut self) -> GroupRule {
        let metric = self.dice.any([Metric::EstimatedWait, Metric::ServiceLevel]);
        GroupRule {
            queue: self.some_queue(),
            metric,
            comparison: self.dice.any([
                Comparison::Greater,
                Comparison::AtLeast,
                Comparison::Less,
                Comparison::AtMost,
            ]),
            value: match metric {
                Metric::EstimatedWait => self.dice.any([60_000, 30_000, 90_000]),
                Metric::ServiceLevel => self.dice.any([8_000, 7_000]),
            },
            groups: self.groups(1),
            wait_ms: self.wait(),
        }
    }

    /// None in most of so many cases.
    fn groups(&mut self, in_one_of: u64) -> BTreeSet<GroupId> {
        if !self.dice.one_in(in_one_of) {
            return BTreeSet::new();
        }
        (0..1 + self.dice.below(2)).map(|_| self.group()).collect()
    }

    pub(super) fn upsert_agent(&mut self, number: u64) -> Command {
        let mut queues = BTreeMap::new();
        for queue in 0..=QUEUES {
            if self.is_large() || !self.dice.one_in(4) {
                queues.insert(self.id(2, queue), self.membership());
            }
        }
        let skills = (0..2 + self.dice.below(5)).map(|_| (self.skill(), self.proficiency()));
        let skills = skills.collect();
        let languages = (0..self.dice.below(4)).filter_map(|_| Some((self.language()?, self.proficiency())));
        let languages = languages.collect();
        Command::UpsertAgent {
            agent: AgentProfile {
                id: self.user(number),
                queues,
                skills,
                languages,
                utilization: self.utilization(),
            },
        }
    }

    fn membership(&mut self) -> Membership {
        Membership {
            joined: !self.dice.one_in(10),
            ring: self.dice.any([1, 1, 1, 2, 2, 3, 6]),
            groups: self.groups(2),
        }
    }

    fn utilization(&mut self) -> Utilization {
        let mut media = BTreeMap::new();
        for medium in Medium::ALL {
            if self.dice.one_in(8) {
                continue;
            }
            let maximum = match medium {
                Medium::Chat if self.is_large() => self.dice.any([1, 1, 1, 4]),
                Medium::Chat => self.dice.any([1, 1, 2, 3, 4, 0]),
                _ => self.dice.any([1, 1, 2, 2, 0]),
            };
            let others = Medium::ALL.into_iter().filter(|_| !self.dice.one_in(3));
            let interruptible_by = others.collect();
            media.insert(
                medium,
                Capacity {
                    maximum,
                    interruptible_by,
                },
            );
        }
        let mut labels = BTreeMap::new();
        if self.dice.one_in(2) {
            labels.insert(self.label(), self.dice.any([0, 1, 1, 2]));
        }
        Utilization { media, labels }
    }

    fn proficiency(&mut self) -> u16 {
        self.dice.any([500, 300, 100, 100, 99, 0])
    }

    pub(super) fn requirements(&mut self) -> Requirements {
        let most = if self.is_large() { 2 } else { 3 };
        let skills = (0..self.dice.below(most)).map(|_| (self.skill(), self.least()));
        Requirements {
            skills: skills.collect(),
            medium: self.medium(),
            labels: self.labels(),
            language: self.language(),
            priority: self.priority(),
            preferred: self.preferred(),
            last_agent: self.dice.one_in(3).then(|| self.agent()),
        }
    }

    fn preferred(&mut self) -> BTreeMap<UserId, u8> {
        if self.dice.one_in(2) {
            return BTreeMap::new();
        }
        let scores = (0..self.dice.below(4)).map(|_| (self.agent(), self.dice.any([100, 95, 85, 85, 60, 40, 0])));
        scores.collect()
    }

    pub(super) fn labels(&mut self) -> BTreeSet<LabelId> {
        if self.dice.one_in(2) {
            return BTreeSet::new();
        }
        (0..self.dice.below(3)).map(|_| self.label()).collect()
    }

    pub(super) fn medium(&mut self) -> Medium {
        if !self.has_media || self.dice.one_in(3) {
            return Medium::Chat;
        }
        self.dice.any(Medium::ALL)
    }

    pub(super) fn priority(&mut self) -> i32 {
        if self.dice.one_in(3) {
            return self.dice.any([-3, -1, 1, 2, 3, 25_000_000, -25_000_000]);
        }
        0
    }

    fn least(&mut self) -> u16 {
        self.dice.any([100, 100, 100, 0, 1, 250, 400])
    }

    fn language(&mut self) -> Option<Language> {
        if self.is_large() && !self.dice.one_in(4) {
            return None;
        }
        let tag = self.dice.any(["de", "de-AT", "en", "", "", "", ""]);
        Language::parse(tag)
    }
}
