//! Turning what is written into what the engine takes: names into ids, and what belongs together into one thing. What is
//! wrong with single values was found before.

use super::asked::{Asked, Preference, Skill};
use super::line::{Answered, Enqueue, Line, OfAgent, OfInteraction, OfMember, OfQueue, OfWork, Said, SetRequirements};
use super::line::{ObserveMetric, StartExternalWork, Transfer, TransferAttended};
use super::log::{Answer, Entry, Input, Log};
use super::names::Gathered;
use super::problem::{Problem, twice};
use super::setup::{General, Setup};
use super::value::{Name, Tag};
use crate::{Command, Proficiency, Requirements};
use onqueue_model::{InteractionId, Language, QueueId, SkillId, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};

type Read<T> = Result<T, Problem>;

/// The most preferred agents of one interaction.
const PREFERRED: usize = 20;

pub(super) struct Reader<'n> {
    pub names: &'n mut Gathered,
    /// Whether queues answer by themselves unless they say otherwise.
    pub auto_accept: bool,
}

impl Reader<'_> {
    pub fn setup(&mut self, setup: &Setup) -> Read<Log> {
        let queues = setup.queues.0.iter().map(|(name, queue)| {
            let queue = match queue.id {
                None => self.queue(name, queue),
                Some(_) => Err(Problem::of("id", "here a queue's id stands before it: remove this")),
            };
            queue.map_err(|problem| problem.within(format_args!("queues.{name}")))
        });
        let queues = queues.collect::<Read<_>>()?;
        once(&setup.agents, |agent| &agent.id).map_err(|problem| problem.within("agents"))?;
        let agents = setup.agents.iter().enumerate().map(|(place, agent)| {
            let agent = self.agent(agent);
            agent.map_err(|problem| problem.within(format_args!("agents[{place}]")))
        });
        let agents = agents.collect::<Read<_>>()?;
        Ok(Log::new((&setup.settings).into(), queues, agents))
    }

    pub fn entry(&mut self, line: &Line) -> Read<Entry> {
        let at = Timestamp(line.at.0);
        let input = self.input(&line.said)?;
        Ok(Entry { at, input })
    }

    fn input(&mut self, said: &Said) -> Read<Input> {
        let command = match said {
            Said::Accept(line) => return self.answer(line, Answer::Accept),
            Said::Decline(line) => return self.answer(line, Answer::Decline),
            Said::Configure(line) => configure(&line.settings)?,
            Said::UpsertQueue(line) => self
                .upsert_queue(&line.queue)
                .map_err(|problem| problem.within("queue"))?,
            Said::RemoveQueue(line) => self.of_queue(line, |queue| Command::RemoveQueue { queue }),
            Said::UpsertAgent(line) => {
                let agent = self.agent(&line.agent).map_err(|problem| problem.within("agent"))?;
                Command::UpsertAgent { agent }
            }
            Said::RemoveAgent(line) => self.of_agent(line, |agent| Command::RemoveAgent { agent }),
            Said::GoOnQueue(line) => Command::GoOnQueue {
                agent: self.names.agents.of(&line.agent),
                last_interaction: line.last_interaction.map(|at| Timestamp(at.0)),
            },
            Said::GoOffQueue(line) => self.of_agent(line, |agent| Command::GoOffQueue { agent }),
            Said::JoinQueue(line) => self.of_member(line, |agent, queue| Command::JoinQueue { agent, queue }),
            Said::LeaveQueue(line) => self.of_member(line, |agent, queue| Command::LeaveQueue { agent, queue }),
            Said::Enqueue(line) => self.enqueue(line)?,
            Said::SetPriority(line) => Command::SetPriority {
                interaction: self.names.interactions.of(&line.interaction),
                priority: line.priority.to(),
            },
            Said::SetRequirements(line) => self.set_requirements(line)?,
            Said::Cancel(line) => self.of_interaction(line, |interaction| Command::Cancel { interaction }),
            Said::AgentGone(line) => self.of_agent(line, |agent| Command::AgentGone { agent }),
            Said::EndWork(line) => self.of_work(line, |agent, interaction| Command::EndWork { agent, interaction }),
            Said::RequestAcw(line) => {
                self.of_work(line, |agent, interaction| Command::RequestAcw { agent, interaction })
            }
            Said::CompleteAcw(line) => {
                self.of_work(line, |agent, interaction| Command::CompleteAcw { agent, interaction })
            }
            Said::Transfer(line) => self.transfer(line)?,
            Said::TransferAttended(line) => self.transfer_attended(line)?,
            Said::AssignByHand(line) => Command::AssignByHand {
                interaction: self.names.interactions.of(&line.interaction),
                agent: self.names.agents.of(&line.agent),
                forced: line.forced,
            },
            Said::Pull(line) => self.of_work(line, |agent, interaction| Command::Pull { agent, interaction }),
            Said::StartExternalWork(line) => self.start_external_work(line),
            Said::EndExternalWork(line) => Command::EndExternalWork {
                agent: self.names.agents.of(&line.agent),
                work: self.names.works.of(&line.work),
            },
            Said::ObserveMetric(line) => self.observe_metric(line),
            Said::Tick(_) => Command::Tick,
            Said::Resume(_) => Command::Resume,
        };
        Ok(Input::Command(command))
    }

    fn of_queue(&mut self, line: &OfQueue, command: impl FnOnce(QueueId) -> Command) -> Command {
        command(self.names.queues.of(&line.queue))
    }

    fn of_agent(&mut self, line: &OfAgent, command: impl FnOnce(UserId) -> Command) -> Command {
        command(self.names.agents.of(&line.agent))
    }

    fn of_member(&mut self, line: &OfMember, command: impl FnOnce(UserId, QueueId) -> Command) -> Command {
        command(self.names.agents.of(&line.agent), self.names.queues.of(&line.queue))
    }

    fn of_work(&mut self, line: &OfWork, command: impl FnOnce(UserId, InteractionId) -> Command) -> Command {
        command(
            self.names.agents.of(&line.agent),
            self.names.interactions.of(&line.interaction),
        )
    }

    fn of_interaction(&mut self, line: &OfInteraction, command: impl FnOnce(InteractionId) -> Command) -> Command {
        command(self.names.interactions.of(&line.interaction))
    }

    fn answer(&mut self, line: &Answered, answer: Answer) -> Read<Input> {
        let agent = self.names.agents.of(&line.agent);
        match (&line.interaction, line.offer, answer) {
            (Some(interaction), None, answer) => Ok(Input::Answer {
                agent,
                interaction: self.names.interactions.of(interaction),
                answer,
            }),
            (None, Some(offer), Answer::Accept) => Ok(Input::Command(Command::Accept { agent, offer })),
            (None, Some(offer), Answer::Decline) => Ok(Input::Command(Command::Decline { agent, offer })),
            (Some(_), Some(_), _) => Err(Problem::of(
                "offer",
                "the interaction names the offer already: keep one",
            )),
            (None, None, _) => Err(Problem::of(
                "interaction",
                "`interaction` is missing: add it, or the offer's id as `offer`",
            )),
        }
    }

    fn enqueue(&mut self, line: &Enqueue) -> Read<Command> {
        let requirements = Requirements {
            medium: line.medium,
            labels: line.labels.iter().map(|label| self.names.labels.of(label)).collect(),
            skills: self.asked_skills(&line.skills)?,
            language: language(line.language.as_ref()),
            priority: line.priority.to(),
            preferred: self.preferred(&line.preferred)?,
            last_agent: line.last_agent.as_ref().map(|agent| self.names.agents.of(agent)),
        };
        Ok(Command::Enqueue {
            interaction: self.names.interactions.of(&line.interaction),
            queue: self.names.queues.of(&line.queue),
            requirements,
        })
    }

    fn set_requirements(&mut self, line: &SetRequirements) -> Read<Command> {
        let requirements = Requirements {
            skills: self.asked_skills(&line.skills)?,
            language: language(line.language.as_ref()),
            preferred: self.preferred(&line.preferred)?,
            ..Requirements::default()
        };
        Ok(Command::SetRequirements {
            interaction: self.names.interactions.of(&line.interaction),
            requirements,
        })
    }

    fn transfer(&mut self, line: &Transfer) -> Read<Command> {
        let requirements = line.requirements.as_ref().map(|asked| self.asked(asked)).transpose();
        Ok(Command::Transfer {
            interaction: self.names.interactions.of(&line.interaction),
            queue: self.names.queues.of(&line.queue),
            keep_age: line.keep_age,
            agent: line.agent.as_ref().map(|agent| self.names.agents.of(agent)),
            requirements: requirements.map_err(|problem| problem.within("requirements"))?,
        })
    }

    fn transfer_attended(&mut self, line: &TransferAttended) -> Read<Command> {
        let requirements = line.requirements.as_ref().map(|asked| self.asked(asked)).transpose();
        Ok(Command::TransferAttended {
            interaction: self.names.interactions.of(&line.interaction),
            held: self.names.interactions.of(&line.held),
            queue: self.names.queues.of(&line.queue),
            agent: line.agent.as_ref().map(|agent| self.names.agents.of(agent)),
            requirements: requirements.map_err(|problem| problem.within("requirements"))?,
            priority: line.priority.map(|priority| priority.to()),
        })
    }

    fn start_external_work(&mut self, line: &StartExternalWork) -> Command {
        Command::StartExternalWork {
            agent: self.names.agents.of(&line.agent),
            work: self.names.works.of(&line.work),
            medium: line.medium,
            labels: line.labels.iter().map(|label| self.names.labels.of(label)).collect(),
        }
    }

    fn observe_metric(&mut self, line: &ObserveMetric) -> Command {
        Command::ObserveMetric {
            queue: self.names.queues.of(&line.queue),
            estimated_wait_ms: line.estimated_wait.map(|wait| wait.0),
            service_level: line.service_level.map(|share| share.to()),
        }
    }

    fn asked(&mut self, asked: &Asked) -> Read<Requirements> {
        Ok(Requirements {
            skills: self.asked_skills(&asked.skills)?,
            language: language(asked.language.as_ref()),
            ..Requirements::default()
        })
    }

    fn asked_skills(&mut self, skills: &[Skill]) -> Read<BTreeMap<SkillId, Proficiency>> {
        once(skills, |skill| &skill.name).map_err(|problem| problem.within("skills"))?;
        let skills = skills
            .iter()
            .map(|skill| (self.names.skills.of(&skill.name), skill.minimum.to()));
        Ok(skills.collect())
    }

    fn preferred(&mut self, preferred: &[Preference]) -> Read<BTreeMap<UserId, u8>> {
        at_most(PREFERRED, preferred, "preferred")?;
        once(preferred, |one| &one.agent).map_err(|problem| problem.within("preferred"))?;
        let preferred = preferred
            .iter()
            .map(|one| (self.names.agents.of(&one.agent), one.score.to()));
        Ok(preferred.collect())
    }
}

fn configure(general: &General) -> Read<Command> {
    if general.auto_accept.is_some() {
        let problem = Problem::of(
            "auto_accept",
            "it belongs to the first line alone: set the queues' auto_answer",
        );
        return Err(problem.within("settings"));
    }
    let settings = general.into();
    Ok(Command::Configure { settings })
}

fn language(tag: Option<&Tag>) -> Option<Language> {
    tag.map(|tag| tag.0.clone())
}

/// Refuses a list that names one thing twice.
pub(super) fn once<T>(list: &[T], name: impl Fn(&T) -> &Name) -> Read<()> {
    let mut seen = BTreeSet::new();
    let again = list.iter().enumerate().find(|(_, one)| !seen.insert(name(one)));
    match again {
        Some((place, one)) => Err(Problem::of(format!("[{place}]"), twice(&name(one).0))),
        None => Ok(()),
    }
}

/// Refuses a list that is too long.
pub(super) fn at_most<T>(most: usize, list: &[T], field: &str) -> Read<()> {
    match list.len() {
        length if length > most => Err(Problem::of(
            field,
            format!("{length} are too many: keep at most {most}"),
        )),
        _ => Ok(()),
    }
}
