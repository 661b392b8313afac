//! English.

use super::{Change, Offered, Unavailable, Waits, Why, Words, primary, units};
use onqueue_acd::{Decided, Exclusion, Load, Medium, Stage};

/// British, and without anything that only engineers say.
pub struct English;

impl Words for English {
    fn duration(&self, ms: u64) -> String {
        const UNITS: [&str; 4] = ["d", "h", "min", "s"];
        let parts = units(ms)
            .into_iter()
            .map(|(number, unit)| format!("{number} {}", UNITS[unit]));
        parts.collect::<Vec<_>>().join(" ")
    }

    fn language(&self, tag: &str) -> String {
        let name = match primary(tag) {
            "ar" => "Arabic",
            "bg" => "Bulgarian",
            "cs" => "Czech",
            "da" => "Danish",
            "de" => "German",
            "el" => "Greek",
            "en" => "English",
            "es" => "Spanish",
            "fi" => "Finnish",
            "fr" => "French",
            "hr" => "Croatian",
            "hu" => "Hungarian",
            "it" => "Italian",
            "ja" => "Japanese",
            "ko" => "Korean",
            "nl" => "Dutch",
            "no" | "nb" | "nn" => "Norwegian",
            "pl" => "Polish",
            "pt" => "Portuguese",
            "ro" => "Romanian",
            "ru" => "Russian",
            "sk" => "Slovak",
            "sl" => "Slovenian",
            "sr" => "Serbian",
            "sv" => "Swedish",
            "tr" => "Turkish",
            "uk" => "Ukrainian",
            "zh" => "Chinese",
            _ => return format!("the language “{tag}”"),
        };
        name.to_owned()
    }

    fn work(&self, medium: Medium, number: u32) -> String {
        let name = match medium {
            Medium::Call => "call",
            Medium::Chat => "chat",
            Medium::Email => "email",
            Medium::Message => "message conversation",
            Medium::Callback => "callback",
        };
        format!("{number} {name}{}", if number == 1 { "" } else { "s" })
    }

    fn counted(&self, why: Why<'_>, count: u32) -> String {
        let (is, has, does) = match count {
            1 => ("is", "has", "does"),
            _ => ("are", "have", "do"),
        };
        let name = why.name;
        match why.exclusion {
            Exclusion::NotMember => format!("{count} {is} no member of the queue"),
            Exclusion::NotJoined => format!("{count} {has} not joined the queue"),
            Exclusion::OffQueue => format!("{count} {is} off queue"),
            Exclusion::NotResponding => format!("{count} {is} not responding"),
            Exclusion::Declined => format!("{count} {has} declined, missed or passed it on"),
            Exclusion::OuterRing => format!("{count} {is} in a ring that is not open yet"),
            Exclusion::NotPreferredYet => format!("{count} {is} not among the preferred agents tried so far"),
            Exclusion::NotInGroup => format!("{count} {is} in none of the groups opened so far"),
            Exclusion::AtCapacity(medium) => format!("{count} {has} as many {} as they may", plural(medium)),
            Exclusion::BlockedBy(medium) => {
                format!("{count} {is} busy with {} that may not be interrupted", plural(medium))
            }
            Exclusion::AtLabel(_) => format!("{count} {has} as many conversations with the label “{name}” as they may"),
            Exclusion::Language => format!("{count} {does} not speak {}", self.language(name)),
            Exclusion::MissingSkill(_) => format!("{count} {does} not have the skill “{name}” well enough"),
        }
    }

    fn excluded(&self, agent: &str, why: Why<'_>, load: Option<Load>) -> String {
        let (name, load) = (why.name, load.unwrap_or(Load { active: 0, maximum: 0 }));
        match why.exclusion {
            Exclusion::NotMember => format!("{agent} is no member of this queue."),
            Exclusion::NotJoined => format!("{agent} is a member of this queue but has not joined it."),
            Exclusion::OffQueue => format!("{agent} is off queue."),
            Exclusion::NotResponding => {
                format!("{agent} did not answer an earlier offer and has not come back on queue since.")
            }
            Exclusion::Declined => {
                format!(
                    "{agent} has declined, missed or passed on this conversation and gets it again only after coming back on queue."
                )
            }
            Exclusion::OuterRing => format!("{agent} stands in a ring that is not open yet."),
            Exclusion::NotPreferredYet => {
                format!("{agent} is not among the preferred agents that have been tried so far.")
            }
            Exclusion::NotInGroup => format!("{agent} belongs to none of the groups that have been opened so far."),
            Exclusion::AtCapacity(medium) => {
                format!(
                    "{agent} has no room: {} of at most {}.",
                    load.active,
                    self.work(medium, load.maximum)
                )
            }
            Exclusion::BlockedBy(medium) => {
                format!(
                    "{agent} is busy with {}, which may not be interrupted by this.",
                    self.work(medium, load.active)
                )
            }
            Exclusion::AtLabel(_) => format!(
                "{agent} has {} of at most {} conversations with the label “{name}”.",
                load.active, load.maximum
            ),
            Exclusion::Language => format!("{agent} does not speak {}.", self.language(name)),
            Exclusion::MissingSkill(_) => format!("{agent} does not have the skill “{name}” well enough."),
        }
    }

    fn stage(&self, stage: Stage) -> String {
        match stage {
            Stage::LastAgent => "the agent whom the customer had last".to_owned(),
            Stage::Standard => "all members".to_owned(),
            Stage::Ring(1) => "ring 1".to_owned(),
            Stage::Ring(ring) => format!("rings 1 to {ring}"),
            Stage::Preferred(1) => "preferred agents by the first rule".to_owned(),
            Stage::Preferred(rule) => format!("preferred agents by the first {rule} rules"),
            Stage::AfterPreferred => "preferred agents and all members".to_owned(),
            Stage::Groups(rule) => format!("groups up to rule {rule}"),
            Stage::ByHand => "somebody’s choice".to_owned(),
        }
    }

    fn decided(&self, decided: Decided) -> String {
        let text = match decided {
            Decided::OnlyCandidate => "nobody else could take it",
            Decided::Preference => "preferred more than the next",
            Decided::Proficiency => "knows best what is asked for",
            Decided::LeastLoaded => "has the least in hand",
            Decided::LongestIdle => "idle longest",
            Decided::AgentId => "equal in everything, so the fixed order of agents decided",
            Decided::ByHand => "chosen by hand",
            Decided::ByForce => "chosen by hand, although off queue or without room",
            Decided::Pulled => "taken from the line",
        };
        text.to_owned()
    }

    fn offered(&self, offered: Offered<'_>) -> String {
        let Offered { agent, eligible, .. } = offered;
        let idle = self.duration(offered.idle_ms);
        match offered.decided {
            Decided::OnlyCandidate => format!("{agent} got it: nobody else could take it."),
            Decided::Preference => {
                format!("{agent} got it: preferred more than the others, of {eligible} who could take it.")
            }
            Decided::Proficiency => {
                format!("{agent} got it: knows best what is asked for, of {eligible} who could take it.")
            }
            Decided::LeastLoaded => format!("{agent} got it: has the least in hand, of {eligible} who could take it."),
            Decided::LongestIdle => format!("{agent} got it: idle longest ({idle}), of {eligible} who could take it."),
            Decided::AgentId => {
                format!(
                    "{agent} got it: equal to the next in everything, so the fixed order of agents decided, of {eligible} who could take it."
                )
            }
            Decided::ByHand => format!("{agent} got it by hand: somebody gave it to them."),
            Decided::ByForce => format!("{agent} got it by hand, although they were off queue or had no room."),
            Decided::Pulled => format!("{agent} took it from the line."),
        }
    }

    fn waits(&self, waits: &Waits<'_>) -> String {
        let since = match waits.waited_ms {
            Some(ms) => format!("Has waited for {}", self.duration(ms)),
            None => "Waited".to_owned(),
        };
        if waits.members == Some(0) {
            return format!("{since}: the queue has no members.");
        }
        if waits.eligible > 0 {
            return format!("{since}: {} could take it now.", waits.eligible);
        }
        let told = waits.reasons.iter().map(|(why, count)| self.counted(*why, *count));
        let reasons = told.collect::<Vec<_>>().join(", ");
        match (reasons.split_once(' '), waits.members) {
            (None, _) => format!("{since}: it is open to nobody yet."),
            (Some((first, rest)), Some(1)) => format!("{since}: {first} of 1 member {rest}."),
            (Some((first, rest)), Some(members)) => format!("{since}: {first} of {members} members {rest}."),
            (Some(_), None) => format!("{since}: {reasons}."),
        }
    }

    fn change(&self, change: Change) -> String {
        match change {
            Change::Stage(stage, ms) => format!("In {} it opens to {}.", self.duration(ms), self.stage(stage)),
            Change::Room(1) => "1 agent who knows what is needed could take it with more room.".to_owned(),
            Change::Room(agents) => format!("{agents} agents who know what is needed could take it with more room."),
            Change::Presence(1) => "1 agent who knows what is needed could take it if they came on queue.".to_owned(),
            Change::Presence(agents) => {
                format!("{agents} agents who know what is needed could take it if they came on queue.")
            }
            Change::Join(1) => "1 member who knows what is needed could take it if they joined the queue.".to_owned(),
            Change::Join(agents) => {
                format!("{agents} members who know what is needed could take it if they joined the queue.")
            }
            Change::Staffing => {
                "No member knows all that is required: another member, other skills or other requirements are needed."
                    .to_owned()
            }
        }
    }

    fn alerts(&self, agent: &str) -> String {
        format!("It does not wait: it alerts {agent}.")
    }

    fn has(&self, agent: &str) -> String {
        format!("It does not wait: {agent} has it.")
    }

    fn eligible(&self, agent: &str, place: u32, first: &str) -> String {
        match place {
            0 | 1 => format!("{agent} could take it and is first."),
            _ => format!("{agent} could take it and is number {place}; {first} is first."),
        }
    }

    fn unavailable(&self, why: Unavailable) -> String {
        let text = match why {
            Unavailable::OutOfRetention => {
                "All candidates cannot be listed any more: the routing log of that time is no longer kept."
            }
            Unavailable::NotRepeatable => {
                "All candidates cannot be listed: the routing log of that time leads to another decision in this version."
            }
        };
        text.to_owned()
    }
}

const fn plural(medium: Medium) -> &'static str {
    match medium {
        Medium::Call => "calls",
        Medium::Chat => "chats",
        Medium::Email => "emails",
        Medium::Message => "message conversations",
        Medium::Callback => "callbacks",
    }
}
