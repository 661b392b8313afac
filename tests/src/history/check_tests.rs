//! Each violation of I1 to I4 is found, and nothing is found in a good history.

use super::super::sample::{CHAT, good};
use super::*;

type Change = fn(&mut Records, &mut Facts);

fn entries(facts: &mut Facts) -> &mut Vec<Entry> {
    facts.transcripts.get_mut(&CHAT).expect("the chat")
}

fn view<'a>(records: &'a mut Records, name: &str) -> &'a mut View {
    records.views.get_mut(&(name.to_owned(), CHAT)).expect("a view")
}

#[test]
fn a_good_history_passes() {
    let (records, facts) = good();
    assert_eq!(judge(&records, &facts), []);
    assert!(has_caught_up(&records, &facts));
}

#[test]
fn what_may_be_passes() {
    let changes: [(&str, Change); 4] = [
        ("what was not acknowledged may be there", |r, _| {
            r.sends[1].acknowledged = None;
        }),
        ("or not", |r, _| {
            r.sends[1].key = "never arrived".into();
            r.sends[1].acknowledged = None;
        }),
        ("who left need not have seen the end", |r, _| {
            view(r, "guest").is_live = false;
            view(r, "guest").frames.truncate(2);
        }),
        ("an agent may begin where they came in", |r, _| {
            view(r, "agent").frames.remove(0);
        }),
    ];
    for (what, change) in changes {
        let (mut records, mut facts) = good();
        change(&mut records, &mut facts);
        assert_eq!(judge(&records, &facts), [], "{what}");
    }
}

#[test]
// A table.
#[allow(clippy::too_many_lines)]
fn every_violation_is_found() {
    let changes: [(u8, &str, Change); 15] = [
        (1, "an acknowledged message is absent", |r, _| {
            r.sends[0].key = "lost".into();
        }),
        (1, "an acknowledged message has another text", |r, _| {
            r.sends[0].text = "other".into();
        }),
        (2, "a second row", |_, f| entries(f)[4].key = Some("g1".into())),
        (3, "the log's numbers are not dense", |_, f| entries(f)[5].sequence = 7),
        (3, "everyone's numbers are not dense", |_, f| {
            entries(f)[5].public = Some(7);
        }),
        (3, "the agents' numbers are not dense", |_, f| {
            entries(f)[3].agent = None;
        }),
        (3, "the head does not fit the log", |_, f| {
            f.conversations[0].last_sequence = 5;
        }),
        (3, "an acknowledgement named another place", |r, _| {
            r.sends[1].acknowledged = Some(3);
        }),
        (3, "a sender's order is not kept", |r, _| {
            r.sends[0].number = 2;
            r.sends[1].number = 1;
        }),
        (3, "a subscriber missed something", |r, _| {
            view(r, "guest").frames.remove(2);
        }),
        (3, "a subscriber saw something again", |r, _| {
            let again = view(r, "agent").frames[2];
            view(r, "agent").frames.insert(3, again);
        }),
        (3, "a subscriber saw something again", |r, _| {
            view(r, "guest").frames.swap(1, 2);
        }),
        (4, "a view differs from the transcript", |r, _| {
            view(r, "guest").frames.pop();
        }),
        (4, "a view differs from the transcript", |r, _| {
            view(r, "agent").frames[1].event = Uuid::from_u128(9);
        }),
        (4, "a view differs from the transcript", |r, _| {
            let view = view(r, "guest");
            view.is_live = false;
            let invented = Seen {
                sequence: 6,
                event: Uuid::from_u128(9),
            };
            view.frames.push(invented);
        }),
    ];
    for (invariant, kind, change) in changes {
        let (mut records, mut facts) = good();
        change(&mut records, &mut facts);
        let found = judge(&records, &facts);
        assert!(
            found.iter().any(|one| (one.invariant, one.kind) == (invariant, kind)),
            "I{invariant} {kind}: {found:?}"
        );
        assert!(count(&found)[usize::from(invariant) - 1] > 0);
    }
}

#[test]
fn who_still_follows_has_to_catch_up() {
    let (mut records, facts) = good();
    view(&mut records, "guest").frames.pop();
    assert!(!has_caught_up(&records, &facts));
    view(&mut records, "guest").is_live = false;
    assert!(has_caught_up(&records, &facts));
}
