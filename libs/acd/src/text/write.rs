//! From a log to its text.

use super::asked::{Asked, Preference, Skill};
use super::line::{
    Answered, AssignByHand, Configure, EndExternalWork, Enqueue, GoOnQueue, Line, Nothing, ObserveMetric, OfAgent,
    OfInteraction, OfMember, OfQueue, OfWork, Said, SetPriority, SetRequirements, StartExternalWork, Transfer,
    TransferAttended,
};
use super::log::{Answer, Entry, Input, Log};
use super::names::Names;
use super::setup::{General, Setup};
use super::value::{Decimal, Name, Tag, Whole};
use crate::{Command, Medium, Requirements, Settings};
use onqueue_model::{InteractionId, LabelId, Language, OfferId, QueueId, Timestamp, UserId, WorkId};
use std::collections::BTreeSet;

/// The text of a log, from which [`super::parse`] reads the same log: one line for the beginning, one for each entry, each
/// with its end of line.
pub fn write(log: &Log) -> String {
    lines(log).fold(String::new(), |text, line| text + &line + "\n")
}

/// The same line by line, without the ends of lines.
pub fn lines(log: &Log) -> impl Iterator<Item = String> {
    let writer = Writer { names: &log.names };
    let entries = log.entries.iter().map(move |entry| writer.line(entry).text());
    std::iter::once(first(log)).chain(entries)
}

/// What the command in a line, which must be one of an entry, is called.
pub(super) fn command(log: &Log, line: usize) -> &'static str {
    let writer = Writer { names: &log.names };
    writer.line(&log.entries[line - 2]).said.command()
}

fn first(log: &Log) -> String {
    let writer = Writer { names: &log.names };
    let queues = log
        .queues
        .iter()
        .map(|queue| (Name(log.names.queue(queue.id)), writer.queue(queue)));
    let setup = Setup {
        queues: queues.collect(),
        agents: log.agents.iter().map(|agent| writer.agent(agent)).collect(),
        settings: General {
            auto_accept: Some(false),
            ..log.settings.into()
        },
    };
    serde_json::to_string(&setup).expect("names are strings and numbers are numbers")
}

/// Turns what the engine takes into what is written.
#[derive(Clone, Copy)]
pub(super) struct Writer<'n> {
    pub names: &'n Names,
}

impl Writer<'_> {
    fn line(self, entry: &Entry) -> Line {
        let said = match &entry.input {
            Input::Command(command) => self.said(command),
            Input::Answer {
                agent,
                interaction,
                answer,
            } => {
                let interaction = Some(self.interaction(*interaction));
                self.answered(*agent, interaction, None, *answer)
            }
        };
        Line {
            at: Whole(entry.at.0),
            said,
        }
    }

    fn said(self, command: &Command) -> Said {
        match command {
            Command::Configure { settings } => Said::Configure(configure(*settings)),
            Command::UpsertQueue { queue } => Said::UpsertQueue(self.upsert_queue(queue)),
            Command::RemoveQueue { queue } => Said::RemoveQueue(self.of_queue(*queue)),
            Command::UpsertAgent { agent } => Said::UpsertAgent(self.upsert_agent(agent)),
            Command::RemoveAgent { agent } => Said::RemoveAgent(self.of_agent(*agent)),
            Command::GoOnQueue {
                agent,
                last_interaction,
            } => self.go_on_queue(*agent, *last_interaction),
            Command::GoOffQueue { agent } => Said::GoOffQueue(self.of_agent(*agent)),
            Command::JoinQueue { agent, queue } => Said::JoinQueue(self.of_member(*agent, *queue)),
            Command::LeaveQueue { agent, queue } => Said::LeaveQueue(self.of_member(*agent, *queue)),
            Command::Accept { agent, offer } => self.answered(*agent, None, Some(*offer), Answer::Accept),
            Command::Decline { agent, offer } => self.answered(*agent, None, Some(*offer), Answer::Decline),
            Command::AgentGone { agent } => Said::AgentGone(self.of_agent(*agent)),
            Command::EndWork { agent, interaction } => Said::EndWork(self.of_work(*agent, *interaction)),
            Command::RequestAcw { agent, interaction } => Said::RequestAcw(self.of_work(*agent, *interaction)),
            Command::CompleteAcw { agent, interaction } => Said::CompleteAcw(self.of_work(*agent, *interaction)),
            Command::Pull { agent, interaction } => Said::Pull(self.of_work(*agent, *interaction)),
            Command::Tick => Said::Tick(Nothing {}),
            Command::Resume => Said::Resume(Nothing {}),
            Command::Enqueue {
                interaction,
                queue,
                requirements,
            } => self.enqueue(*interaction, *queue, requirements),
            Command::SetPriority { interaction, priority } => self.set_priority(*interaction, *priority),
            Command::SetRequirements {
                interaction,
                requirements,
            } => self.set_requirements(*interaction, requirements),
            Command::Cancel { interaction } => Said::Cancel(self.of_interaction(*interaction)),
            Command::Transfer {
                interaction,
                queue,
                keep_age,
                agent,
                requirements,
            } => self.transfer(*interaction, *queue, *keep_age, *agent, requirements.as_ref()),
            Command::TransferAttended { .. } => self.transfer_attended(command),
            Command::AssignByHand {
                interaction,
                agent,
                forced,
            } => self.assign_by_hand(*interaction, *agent, *forced),
            Command::StartExternalWork {
                agent,
                work,
                medium,
                labels,
            } => self.start_external_work(*agent, *work, *medium, labels),
            Command::EndExternalWork { agent, work } => self.end_external_work(*agent, *work),
            Command::ObserveMetric {
                queue,
                estimated_wait_ms,
                service_level,
            } => self.observe_metric(*queue, *estimated_wait_ms, *service_level),
        }
    }

    fn of_queue(self, queue: QueueId) -> OfQueue {
        let queue = self.queue_name(queue);
        OfQueue { queue }
    }

    fn of_agent(self, agent: UserId) -> OfAgent {
        let agent = self.user(agent);
        OfAgent { agent }
    }

    fn of_member(self, agent: UserId, queue: QueueId) -> OfMember {
        OfMember {
            agent: self.user(agent),
            queue: self.queue_name(queue),
        }
    }

    fn of_work(self, agent: UserId, interaction: InteractionId) -> OfWork {
        OfWork {
            agent: self.user(agent),
            interaction: self.interaction(interaction),
        }
    }

    fn of_interaction(self, interaction: InteractionId) -> OfInteraction {
        let interaction = self.interaction(interaction);
        OfInteraction { interaction }
    }

    fn go_on_queue(self, agent: UserId, last_interaction: Option<Timestamp>) -> Said {
        Said::GoOnQueue(GoOnQueue {
            agent: self.user(agent),
            last_interaction: last_interaction.map(|at| Whole(at.0)),
        })
    }

    fn transfer(
        self,
        interaction: InteractionId,
        queue: QueueId,
        keep_age: bool,
        agent: Option<UserId>,
        requirements: Option<&Requirements>,
    ) -> Said {
        Said::Transfer(Transfer {
            interaction: self.interaction(interaction),
            queue: self.queue_name(queue),
            keep_age,
            agent: agent.map(|agent| self.user(agent)),
            requirements: requirements.map(|requirements| self.asked(requirements)),
        })
    }

    fn transfer_attended(self, command: &Command) -> Said {
        let Command::TransferAttended {
            interaction,
            held,
            queue,
            agent,
            requirements,
            priority,
        } = command
        else {
            return Said::Tick(Nothing {});
        };
        Said::TransferAttended(TransferAttended {
            interaction: self.interaction(*interaction),
            held: self.interaction(*held),
            queue: self.queue_name(*queue),
            agent: agent.map(|agent| self.user(agent)),
            requirements: requirements.as_ref().map(|requirements| self.asked(requirements)),
            priority: priority.map(|priority| Whole(priority.into())),
        })
    }

    fn assign_by_hand(self, interaction: InteractionId, agent: UserId, forced: bool) -> Said {
        Said::AssignByHand(AssignByHand {
            interaction: self.interaction(interaction),
            agent: self.user(agent),
            forced,
        })
    }

    fn start_external_work(self, agent: UserId, work: WorkId, medium: Medium, labels: &BTreeSet<LabelId>) -> Said {
        Said::StartExternalWork(StartExternalWork {
            agent: self.user(agent),
            work: Name(self.names.work(work)),
            medium,
            labels: self.labels(labels),
        })
    }

    fn end_external_work(self, agent: UserId, work: WorkId) -> Said {
        Said::EndExternalWork(EndExternalWork {
            agent: self.user(agent),
            work: Name(self.names.work(work)),
        })
    }

    fn observe_metric(self, queue: QueueId, estimated_wait: Option<u64>, service_level: Option<u16>) -> Said {
        Said::ObserveMetric(ObserveMetric {
            queue: self.queue_name(queue),
            estimated_wait: estimated_wait.map(Decimal),
            service_level: service_level.map(|share| Decimal(share.into())),
        })
    }

    fn answered(self, agent: UserId, interaction: Option<Name>, offer: Option<OfferId>, answer: Answer) -> Said {
        let agent = self.user(agent);
        let answered = Answered {
            agent,
            interaction,
            offer,
        };
        match answer {
            Answer::Accept => Said::Accept(answered),
            Answer::Decline => Said::Decline(answered),
        }
    }

    fn enqueue(self, interaction: InteractionId, queue: QueueId, requirements: &Requirements) -> Said {
        Said::Enqueue(Enqueue {
            interaction: self.interaction(interaction),
            queue: self.queue_name(queue),
            medium: requirements.medium,
            labels: self.labels(&requirements.labels),
            skills: self.asked_skills(requirements),
            language: tag(requirements.language.as_ref()),
            priority: Whole(requirements.priority.into()),
            preferred: self.preferred(requirements),
            last_agent: requirements.last_agent.map(|agent| self.user(agent)),
        })
    }

    fn set_priority(self, interaction: InteractionId, priority: i32) -> Said {
        Said::SetPriority(SetPriority {
            interaction: self.interaction(interaction),
            priority: Whole(priority.into()),
        })
    }

    fn set_requirements(self, interaction: InteractionId, requirements: &Requirements) -> Said {
        Said::SetRequirements(SetRequirements {
            interaction: self.interaction(interaction),
            skills: self.asked_skills(requirements),
            language: tag(requirements.language.as_ref()),
            preferred: self.preferred(requirements),
        })
    }

    fn asked(self, requirements: &Requirements) -> Asked {
        Asked {
            skills: self.asked_skills(requirements),
            language: tag(requirements.language.as_ref()),
        }
    }

    fn asked_skills(self, requirements: &Requirements) -> Vec<Skill> {
        let skills = requirements.skills.iter().map(|(skill, minimum)| Skill {
            name: Name(self.names.skill(*skill)),
            minimum: Decimal((*minimum).into()),
        });
        skills.collect()
    }

    fn preferred(self, requirements: &Requirements) -> Vec<Preference> {
        let preferred = requirements.preferred.iter().map(|(agent, score)| Preference {
            agent: self.user(*agent),
            score: Whole((*score).into()),
        });
        preferred.collect()
    }

    fn labels(self, labels: &BTreeSet<LabelId>) -> Vec<Name> {
        labels.iter().map(|label| Name(self.names.label(*label))).collect()
    }

    pub fn user(self, agent: UserId) -> Name {
        Name(self.names.agent(agent))
    }

    pub fn queue_name(self, queue: QueueId) -> Name {
        Name(self.names.queue(queue))
    }

    fn interaction(self, interaction: InteractionId) -> Name {
        Name(self.names.interaction(interaction))
    }
}

fn configure(settings: Settings) -> Configure {
    let settings = settings.into();
    Configure { settings }
}

fn tag(language: Option<&Language>) -> Option<Tag> {
    language.cloned().map(Tag)
}
