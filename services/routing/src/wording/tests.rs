use super::*;
use onqueue_acd::{Decided, Exclusion, Load, Medium, Stage};
use onqueue_model::{Id, LabelId, SkillId};
use uuid::Uuid;

const NAME: &str = "Rechnungen";

fn id<T>() -> Id<T> {
    Uuid::from_u128(1).into()
}

fn exclusions() -> Vec<Exclusion> {
    let (skill, label): (SkillId, LabelId) = (id(), id());
    let mut all = vec![
        Exclusion::NotMember,
        Exclusion::NotJoined,
        Exclusion::OffQueue,
        Exclusion::NotResponding,
        Exclusion::Declined,
        Exclusion::OuterRing,
        Exclusion::NotPreferredYet,
        Exclusion::NotInGroup,
        Exclusion::AtLabel(label),
        Exclusion::Language,
        Exclusion::MissingSkill(skill),
    ];
    all.extend(Medium::ALL.map(Exclusion::AtCapacity));
    all.extend(Medium::ALL.map(Exclusion::BlockedBy));
    // Whoever adds a reason has to add it above.
    all.iter().for_each(|exclusion| match exclusion {
        Exclusion::NotMember
        | Exclusion::NotJoined
        | Exclusion::OffQueue
        | Exclusion::NotResponding
        | Exclusion::Declined
        | Exclusion::OuterRing
        | Exclusion::NotPreferredYet
        | Exclusion::NotInGroup
        | Exclusion::AtCapacity(_)
        | Exclusion::BlockedBy(_)
        | Exclusion::AtLabel(_)
        | Exclusion::Language
        | Exclusion::MissingSkill(_) => {}
    });
    all
}

fn stages() -> Vec<Stage> {
    let steps = (1..=6).flat_map(|step| [Stage::Ring(step), Stage::Preferred(step), Stage::Groups(step)]);
    let plain = [Stage::LastAgent, Stage::Standard, Stage::AfterPreferred, Stage::ByHand];
    steps.chain(plain).collect()
}

const DECIDED: [Decided; 9] = [
    Decided::OnlyCandidate,
    Decided::Preference,
    Decided::Proficiency,
    Decided::LeastLoaded,
    Decided::LongestIdle,
    Decided::AgentId,
    Decided::ByHand,
    Decided::ByForce,
    Decided::Pulled,
];

fn why(exclusion: Exclusion) -> Why<'static> {
    let name = if exclusion == Exclusion::Language { "fr" } else { NAME };
    Why { exclusion, name }
}

/// Parts of sentences, and whole ones.
fn everything(say: &dyn Words) -> (Vec<String>, Vec<String>) {
    let (mut parts, mut sentences) = (Vec::new(), Vec::new());
    for exclusion in exclusions() {
        for number in [1, 2] {
            parts.push(say.counted(why(exclusion), number));
            let load = Some(Load {
                active: number,
                maximum: number,
            });
            sentences.push(say.excluded("Anna", why(exclusion), load));
        }
    }
    parts.extend(stages().into_iter().map(|stage| say.stage(stage)));
    for decided in DECIDED {
        parts.push(say.decided(decided));
        sentences.push(say.offered(Offered {
            agent: "Anna",
            decided,
            idle_ms: 720_000,
            eligible: 4,
        }));
    }
    for number in [1, 3] {
        let changes = [
            Change::Room(number),
            Change::Presence(number),
            Change::Join(number),
            Change::Staffing,
        ];
        sentences.extend(changes.map(|change| say.change(change)));
        sentences.push(say.eligible("Anna", number, "Ben"));
    }
    let next = stages()
        .into_iter()
        .map(|stage| say.change(Change::Stage(stage, 90_000)));
    sentences.extend(next);
    sentences.extend([say.alerts("Anna"), say.has("Anna")]);
    sentences.extend([Unavailable::OutOfRetention, Unavailable::NotRepeatable].map(|why| say.unavailable(why)));
    for members in [None, Some(0), Some(1), Some(5)] {
        for eligible in [0, 1, 2] {
            sentences.push(say.waits(&Waits {
                waited_ms: members.map(|_| 180_000),
                members,
                eligible,
                reasons: &[(why(Exclusion::OffQueue), 1)],
            }));
        }
    }
    parts.extend(Medium::ALL.map(|medium| say.work(medium, 2)));
    (parts, sentences)
}

#[test]
fn everything_that_routing_may_say_is_said_in_both_languages() {
    let [(german, german_sentences), (english, english_sentences)] = ["de-AT", "en"].map(|tag| everything(words(tag)));
    for text in german.iter().chain(&english) {
        assert!(
            !text.is_empty() && !text.contains(['{', '}']) && text.trim() == text,
            "{text:?}"
        );
    }
    for text in german_sentences.iter().chain(&english_sentences) {
        assert!(
            text.ends_with('.') && !text.contains(['{', '}']) && !text.contains("  "),
            "{text:?}"
        );
    }
    let english_words = [
        "the", "of", "is", "are", "has", "have", "not", "queue", "it", "they", "who", "member", "members", "agent",
        "skill", "and", "could", "take",
    ];
    let german_words = [
        "der", "die", "das", "ist", "sind", "hat", "haben", "nicht", "es", "und", "von", "Mitglied", "Agenten",
        "keine", "für", "wird",
    ];
    let speaks = |text: &String, words: &[&str]| {
        text.split(|letter: char| !letter.is_alphabetic())
            .any(|word| words.contains(&word))
    };
    for text in german.iter().chain(&german_sentences) {
        assert!(!speaks(text, &english_words), "English in German: {text}");
    }
    for text in english.iter().chain(&english_sentences) {
        assert!(!speaks(text, &german_words), "German in English: {text}");
    }
}

#[test]
fn times_are_told_in_the_units_that_say_enough() {
    for (ms, english, german) in [
        (0, "1 s", "1 Sek."),
        (59_999, "59 s", "59 Sek."),
        (720_000, "12 min", "12 Min."),
        (725_000, "12 min", "12 Min."),
        (3_600_000, "1 h", "1 Std."),
        (5_400_000, "1 h 30 min", "1 Std. 30 Min."),
        (86_400_000, "1 d", "1 Tag"),
        (604_800_000, "7 d", "7 Tage"),
    ] {
        assert_eq!(words("en").duration(ms), english);
        assert_eq!(words("de").duration(ms), german);
    }
}

#[test]
fn supervisors_understand_them() {
    let reasons = [
        (why(Exclusion::NotJoined), 2),
        (why(Exclusion::AtCapacity(Medium::Chat)), 1),
        (why(Exclusion::Language), 2),
    ];
    let waits = Waits {
        waited_ms: Some(180_000),
        members: Some(5),
        eligible: 0,
        reasons: &reasons,
    };
    assert_eq!(
        words("de").waits(&waits),
        "Wartet seit 3 Min.: 2 von 5 Mitgliedern sind der Warteschlange nicht beigetreten, 1 ist ausgelastet (Chats), \
         2 können Französisch nicht."
    );
    assert_eq!(
        words("en").waits(&waits),
        "Has waited for 3 min: 2 of 5 members have not joined the queue, 1 has as many chats as they may, 2 do not speak French."
    );
    let offered = Offered {
        agent: "Anna",
        decided: Decided::LongestIdle,
        idle_ms: 720_000,
        eligible: 4,
    };
    assert_eq!(
        words("fr").offered(offered),
        "Anna got it: idle longest (12 min), of 4 who could take it."
    );
    assert_eq!(
        words("DE").offered(offered),
        "Anna hat es bekommen: am längsten frei (12 Min.), von 4, die es übernehmen konnten."
    );
}
