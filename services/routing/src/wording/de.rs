//! German.

use super::{Change, Offered, Unavailable, Waits, Why, Words, primary, units};
use onqueue_acd::{Decided, Exclusion, Load, Medium, Stage};

/// As supervisors speak.
pub struct German;

impl Words for German {
    fn duration(&self, ms: u64) -> String {
        const UNITS: [[&str; 2]; 4] = [["Tag", "Tage"], ["Std.", "Std."], ["Min.", "Min."], ["Sek.", "Sek."]];
        let told = |(number, unit): (u64, usize)| format!("{number} {}", UNITS[unit][usize::from(number != 1)]);
        units(ms).into_iter().map(told).collect::<Vec<_>>().join(" ")
    }

    fn language(&self, tag: &str) -> String {
        let name = match primary(tag) {
            "ar" => "Arabisch",
            "bg" => "Bulgarisch",
            "cs" => "Tschechisch",
            "da" => "Dänisch",
            "de" => "Deutsch",
            "el" => "Griechisch",
            "en" => "Englisch",
            "es" => "Spanisch",
            "fi" => "Finnisch",
            "fr" => "Französisch",
            "hr" => "Kroatisch",
            "hu" => "Ungarisch",
            "it" => "Italienisch",
            "ja" => "Japanisch",
            "ko" => "Koreanisch",
            "nl" => "Niederländisch",
            "no" | "nb" | "nn" => "Norwegisch",
            "pl" => "Polnisch",
            "pt" => "Portugiesisch",
            "ro" => "Rumänisch",
            "ru" => "Russisch",
            "sk" => "Slowakisch",
            "sl" => "Slowenisch",
            "sr" => "Serbisch",
            "sv" => "Schwedisch",
            "tr" => "Türkisch",
            "uk" => "Ukrainisch",
            "zh" => "Chinesisch",
            _ => return format!("die Sprache „{tag}“"),
        };
        name.to_owned()
    }

    fn work(&self, medium: Medium, number: u32) -> String {
        let name = match (medium, number) {
            (Medium::Call, 1) => "Anruf",
            (Medium::Chat, 1) => "Chat",
            (Medium::Email, 1) => "E-Mail",
            (Medium::Message, 1) => "Nachrichtenverlauf",
            (Medium::Callback, 1) => "Rückruf",
            _ => plural(medium),
        };
        format!("{number} {name}")
    }

    fn counted(&self, why: Why<'_>, count: u32) -> String {
        let (ist, hat, spricht, belegt) = match count {
            1 => ("ist", "hat", "kann", "ist"),
            _ => ("sind", "haben", "können", "sind"),
        };
        let name = why.name;
        match why.exclusion {
            Exclusion::NotMember => format!("{count} {ist} kein Mitglied der Warteschlange"),
            Exclusion::NotJoined => format!("{count} {ist} der Warteschlange nicht beigetreten"),
            Exclusion::OffQueue => format!("{count} {ist} nicht im Dienst"),
            Exclusion::NotResponding => match count {
                1 => "1 antwortet nicht".to_owned(),
                _ => format!("{count} antworten nicht"),
            },
            Exclusion::Declined => format!("{count} {hat} abgelehnt, verpasst oder weitergegeben"),
            Exclusion::OuterRing => format!("{count} {ist} in einem Ring, der noch nicht geöffnet ist"),
            Exclusion::NotPreferredYet => {
                format!("{count} {ist} nicht unter den bisher versuchten bevorzugten Agenten")
            }
            Exclusion::NotInGroup => format!("{count} {ist} in keiner der bisher geöffneten Gruppen"),
            Exclusion::AtCapacity(medium) => format!("{count} {belegt} ausgelastet ({})", plural(medium)),
            Exclusion::BlockedBy(medium) => {
                format!(
                    "{count} {ist} durch {} belegt, die nicht unterbrochen werden dürfen",
                    plural(medium)
                )
            }
            Exclusion::AtLabel(_) => format!("{count} {belegt} ausgelastet (Kennzeichen „{name}“)"),
            Exclusion::Language => format!("{count} {spricht} {} nicht", self.language(name)),
            Exclusion::MissingSkill(_) => format!("{count} {hat} die Fähigkeit „{name}“ nicht ausreichend"),
        }
    }

    fn excluded(&self, agent: &str, why: Why<'_>, load: Option<Load>) -> String {
        let (name, load) = (why.name, load.unwrap_or(Load { active: 0, maximum: 0 }));
        match why.exclusion {
            Exclusion::NotMember => format!("{agent} ist kein Mitglied dieser Warteschlange."),
            Exclusion::NotJoined => format!("{agent} ist Mitglied dieser Warteschlange, ihr aber nicht beigetreten."),
            Exclusion::OffQueue => format!("{agent} ist nicht im Dienst."),
            Exclusion::NotResponding => {
                format!(
                    "{agent} hat auf ein früheres Angebot nicht geantwortet und den Dienst seither nicht fortgesetzt."
                )
            }
            Exclusion::Declined => format!(
                "{agent} hat diese Konversation abgelehnt, verpasst oder weitergegeben und bekommt sie erst wieder, wenn der Dienst neu beginnt."
            ),
            Exclusion::OuterRing => format!("{agent} steht in einem Ring, der noch nicht geöffnet ist."),
            Exclusion::NotPreferredYet => {
                format!("{agent} gehört nicht zu den bevorzugten Agenten, die bisher versucht wurden.")
            }
            Exclusion::NotInGroup => format!("{agent} gehört zu keiner der Gruppen, die bisher geöffnet wurden."),
            Exclusion::AtCapacity(medium) => format!(
                "{agent} ist ausgelastet: {} von höchstens {}.",
                load.active,
                dative(medium, load.maximum)
            ),
            Exclusion::BlockedBy(medium) => format!(
                "{agent} ist mit {} beschäftigt und darf dabei nicht unterbrochen werden.",
                dative(medium, load.active)
            ),
            Exclusion::AtLabel(_) => format!(
                "{agent} hat {} von höchstens {} Konversationen mit dem Kennzeichen „{name}“.",
                load.active, load.maximum
            ),
            Exclusion::Language => format!("{agent} kann {} nicht.", self.language(name)),
            Exclusion::MissingSkill(_) => format!("{agent} hat die Fähigkeit „{name}“ nicht ausreichend."),
        }
    }

    fn stage(&self, stage: Stage) -> String {
        match stage {
            Stage::LastAgent => "wen der Kunde zuletzt hatte".to_owned(),
            Stage::Standard => "alle Mitglieder".to_owned(),
            Stage::Ring(1) => "Ring 1".to_owned(),
            Stage::Ring(ring) => format!("Ringe 1 bis {ring}"),
            Stage::Preferred(1) => "bevorzugte Agenten nach der ersten Regel".to_owned(),
            Stage::Preferred(rule) => format!("bevorzugte Agenten nach den ersten {rule} Regeln"),
            Stage::AfterPreferred => "bevorzugte Agenten und alle Mitglieder".to_owned(),
            Stage::Groups(rule) => format!("Gruppen bis Regel {rule}"),
            Stage::ByHand => "von Hand gewählt".to_owned(),
        }
    }

    fn decided(&self, decided: Decided) -> String {
        let text = match decided {
            Decided::OnlyCandidate => "sonst konnte es niemand übernehmen",
            Decided::Preference => "stärker bevorzugt als die anderen",
            Decided::Proficiency => "beherrscht am besten, was verlangt ist",
            Decided::LeastLoaded => "hat am wenigsten in Arbeit",
            Decided::LongestIdle => "am längsten frei",
            Decided::AgentId => "in allem gleich, daher entschied die feste Reihenfolge der Agenten",
            Decided::ByHand => "von Hand zugewiesen",
            Decided::ByForce => "von Hand zugewiesen, obwohl nicht im Dienst oder ausgelastet",
            Decided::Pulled => "selbst aus der Warteschlange genommen",
        };
        text.to_owned()
    }

    fn offered(&self, offered: Offered<'_>) -> String {
        let Offered { agent, eligible, .. } = offered;
        let why = self.decided(offered.decided);
        match offered.decided {
            Decided::OnlyCandidate => format!("{agent} hat es bekommen: {why}."),
            Decided::LongestIdle => {
                let idle = self.duration(offered.idle_ms);
                format!("{agent} hat es bekommen: {why} ({idle}), von {eligible}, die es übernehmen konnten.")
            }
            Decided::ByHand | Decided::ByForce => format!("{agent} hat es bekommen: {why}."),
            Decided::Pulled => format!("{agent} hat es selbst aus der Warteschlange genommen."),
            _ => format!("{agent} hat es bekommen: {why}; {eligible} konnten es übernehmen."),
        }
    }

    fn waits(&self, waits: &Waits<'_>) -> String {
        let since = match waits.waited_ms {
            Some(ms) => format!("Wartet seit {}", dative_duration(&self.duration(ms))),
            None => "Wartete".to_owned(),
        };
        if waits.members == Some(0) {
            return format!("{since}: Die Warteschlange hat keine Mitglieder.");
        }
        match waits.eligible {
            0 => {}
            1 => return format!("{since}: 1 könnte es jetzt übernehmen."),
            eligible => return format!("{since}: {eligible} könnten es jetzt übernehmen."),
        }
        let told = waits.reasons.iter().map(|(why, count)| self.counted(*why, *count));
        let reasons = told.collect::<Vec<_>>().join(", ");
        match (reasons.split_once(' '), waits.members) {
            (None, _) => format!("{since}: Es ist noch für niemanden geöffnet."),
            (Some((first, rest)), Some(1)) => format!("{since}: {first} von 1 Mitglied {rest}."),
            (Some((first, rest)), Some(members)) => format!("{since}: {first} von {members} Mitgliedern {rest}."),
            (Some(_), None) => format!("{since}: {reasons}."),
        }
    }

    fn change(&self, change: Change) -> String {
        match change {
            Change::Stage(stage, ms) => {
                let span = dative_duration(&self.duration(ms));
                format!("In {span} geöffnet für: {}.", self.stage(stage))
            }
            Change::Room(1) => "1 Agent, der kann, was verlangt ist, könnte es übernehmen, sobald Platz ist.".to_owned(),
            Change::Room(agents) => format!("{agents} Agenten, die können, was verlangt ist, könnten es übernehmen, sobald Platz ist."),
            Change::Presence(1) => "1 Agent, der kann, was verlangt ist, müsste den Dienst beginnen.".to_owned(),
            Change::Presence(agents) => format!("{agents} Agenten, die können, was verlangt ist, müssten den Dienst beginnen."),
            Change::Join(1) => "1 Mitglied, das kann, was verlangt ist, müsste der Warteschlange beitreten.".to_owned(),
            Change::Join(agents) => {
                format!("{agents} Mitglieder, die können, was verlangt ist, müssten der Warteschlange beitreten.")
            }
            Change::Staffing => {
                "Kein Mitglied kann alles, was verlangt ist: Es braucht ein weiteres Mitglied, andere Fähigkeiten oder andere \
                 Anforderungen."
                    .to_owned()
            }
        }
    }

    fn alerts(&self, agent: &str) -> String {
        format!("Wartet nicht: Es klingelt bei {agent}.")
    }

    fn has(&self, agent: &str) -> String {
        format!("Wartet nicht: {agent} hat es.")
    }

    fn eligible(&self, agent: &str, place: u32, first: &str) -> String {
        match place {
            0 | 1 => format!("{agent} könnte es übernehmen und ist an erster Stelle."),
            _ => format!("{agent} könnte es übernehmen und ist an Stelle {place}; an erster Stelle ist {first}."),
        }
    }

    fn unavailable(&self, why: Unavailable) -> String {
        let text = match why {
            Unavailable::OutOfRetention => {
                "Alle Kandidaten lassen sich nicht mehr nennen: Das Routingprotokoll dieser Zeit wird nicht mehr aufbewahrt."
            }
            Unavailable::NotRepeatable => {
                "Alle Kandidaten lassen sich nicht nennen: Das Routingprotokoll dieser Zeit führt in dieser Version zu einer \
                 anderen Entscheidung."
            }
        };
        text.to_owned()
    }
}

const fn plural(medium: Medium) -> &'static str {
    match medium {
        Medium::Call => "Anrufe",
        Medium::Chat => "Chats",
        Medium::Email => "E-Mails",
        Medium::Message => "Nachrichtenverläufe",
        Medium::Callback => "Rückrufe",
    }
}

/// So many, after a preposition.
fn dative(medium: Medium, number: u32) -> String {
    let name = match (medium, number) {
        (Medium::Call, 1) => "Anruf",
        (Medium::Call, _) => "Anrufen",
        (Medium::Chat, 1) => "Chat",
        (Medium::Email, 1) => "E-Mail",
        (Medium::Message, 1) => "Nachrichtenverlauf",
        (Medium::Message, _) => "Nachrichtenverläufen",
        (Medium::Callback, 1) => "Rückruf",
        (Medium::Callback, _) => "Rückrufen",
        _ => plural(medium),
    };
    format!("{number} {name}")
}

/// A time after a preposition.
fn dative_duration(duration: &str) -> String {
    duration.replace("Tage", "Tagen")
}
