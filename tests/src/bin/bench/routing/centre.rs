//! The contact centre that every side is given: the same agents, and the same chats one after the other.

use onqueue_tests::load::Chance;
use std::collections::BTreeSet;

/// Queues that are served.
pub const QUEUES: usize = 20;
/// The number of one more queue, which nobody serves.
pub const NIGHT: usize = QUEUES;
/// Skills.
pub const SKILLS: usize = 20;
/// How many chats an agent may have at once.
pub const MAXIMUM: usize = 4;

const QUEUES_OF_AN_AGENT: usize = 3;
const SKILLS_OF_AN_AGENT: usize = 5;
const SKILLS_OF_A_CHAT: usize = 2;
const KINDS_OF_A_QUEUE: usize = 20;

/// What a chat asks for: a queue, and skills.
pub type Kind = (usize, Vec<usize>);

/// Somebody who serves.
#[derive(Clone, Debug)]
pub struct Agent {
    /// Of which queues they are a member.
    pub queues: Vec<usize>,
    /// What they know.
    pub skills: Vec<usize>,
}

/// Somebody who wants to be served.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chat {
    /// In order of coming: 0, 1, 2 …
    pub number: usize,
    /// Where.
    pub queue: usize,
    /// What an agent has to know.
    pub skills: Vec<usize>,
}

/// All of it. Each agent has 3 of the queues and 5 of the skills; in each queue there are 20 kinds of chats, each of which asks for
/// up to 2 skills of some member, so that there is always somebody who could serve it.
pub struct Centre {
    /// Who is there.
    pub agents: Vec<Agent>,
    chance: Chance,
    /// What is asked for in each queue; nothing where nobody is.
    asked: Vec<Vec<Vec<usize>>>,
    /// What the chats so far asked for, by their numbers.
    kinds: Vec<Kind>,
}

impl Centre {
    /// The same for every side and run.
    pub fn of(agents: usize) -> Self {
        let mut chance = Chance::seeded(5);
        let agents = (0..agents).map(|_| Agent {
            queues: some(&mut chance, QUEUES_OF_AN_AGENT, QUEUES),
            skills: some(&mut chance, SKILLS_OF_AN_AGENT, SKILLS),
        });
        let agents: Vec<Agent> = agents.collect();
        let asked = (0..QUEUES).map(|queue| asked(&mut chance, queue, &agents)).collect();
        Self {
            agents,
            chance,
            asked,
            kinds: Vec::new(),
        }
    }

    /// The next chat.
    pub fn next(&mut self) -> Chat {
        let agent = &self.agents[self.chance.below(self.agents.len())];
        let queue = agent.queues[self.chance.below(agent.queues.len())];
        let skills = self.asked[queue][self.chance.below(KINDS_OF_A_QUEUE)].clone();
        self.add(queue, skills)
    }

    /// A chat that only waits.
    pub fn at_night(&mut self) -> Chat {
        self.add(NIGHT, Vec::new())
    }

    fn add(&mut self, queue: usize, skills: Vec<usize>) -> Chat {
        self.kinds.push((queue, skills.clone()));
        Chat {
            number: self.kinds.len() - 1,
            queue,
            skills,
        }
    }

    /// What each chat asked for, by its number.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// How many chats all agents together may have.
    pub fn slots(&self) -> usize {
        self.agents.len() * MAXIMUM
    }
}

/// The kinds of chats of a queue.
fn asked(chance: &mut Chance, queue: usize, agents: &[Agent]) -> Vec<Vec<usize>> {
    let members: Vec<_> = agents.iter().filter(|agent| agent.queues.contains(&queue)).collect();
    if members.is_empty() {
        return Vec::new();
    }
    let kinds = (0..KINDS_OF_A_QUEUE).map(|_| {
        let member = members[chance.below(members.len())];
        let count = chance.below(SKILLS_OF_A_CHAT + 1);
        let skills = some(chance, count, SKILLS_OF_AN_AGENT).into_iter();
        skills.map(|place| member.skills[place]).collect()
    });
    kinds.collect()
}

/// So many different ones below `end`, in order.
fn some(chance: &mut Chance, count: usize, end: usize) -> Vec<usize> {
    let mut chosen = BTreeSet::new();
    while chosen.len() < count {
        chosen.insert(chance.below(end));
    }
    chosen.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_could_serve_each_chat() {
        let mut centre = Centre::of(10);
        for _ in 0..100 {
            let chat = centre.next();
            let knows = |agent: &Agent| chat.skills.iter().all(|skill| agent.skills.contains(skill));
            assert!(
                centre
                    .agents
                    .iter()
                    .any(|agent| agent.queues.contains(&chat.queue) && knows(agent))
            );
        }
        assert_eq!(centre.at_night().number, 100);
        assert_eq!(centre.kinds().len(), 101);
    }
}
