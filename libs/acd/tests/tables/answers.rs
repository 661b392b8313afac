//! Records, queries, and what is remembered.

use crate::steps::*;
use onqueue_acd::*;
use onqueue_model::Timestamp;

#[test]
fn a_decision_says_why() {
    let mut engine = with_agents(
        "abcd",
        vec![
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (1, This(off('d')), "d OffQueue"),
        ],
    );
    let applied = engine.apply(Timestamp(START + MINUTE - 30_001), urgent(2, 1));
    let decision = applied.effects.iter().find_map(|effect| match effect {
        Effect::DecisionRecorded { decision } => Some(decision.clone()),
        _ => None,
    });
    let decision = decision.expect("an offer was made");
    let json = serde_json::to_value(&decision).expect("a decision is JSON");
    assert_eq!(json["rank_key"], START + MINUTE - 30_001 - MINUTE);
    assert_eq!(json["decided"], "agent_id");
    assert_eq!((&json["stage"], &json["eligible"]), (&"standard".into(), &2.into()));
    assert_eq!(
        json["excluded"],
        serde_json::json!([["off_queue", 1], [{"at_capacity": "chat"}, 1]])
    );
    let candidates: Vec<_> = decision
        .candidates
        .iter()
        .map(|one| (name(one.agent), one.idle_ms, one.active))
        .collect();
    let week = u64::try_from(7 * DAY).expect("positive");
    assert_eq!(candidates, [('b', week, 0), ('c', week, 0)]);
}

#[test]
fn the_engine_answers_questions() {
    let engine = with_agents(
        "ab",
        vec![
            (0, This(enqueue(1)), "1 waits, 1 to a, a Interacting"),
            (0, Accept('a', 1), "a has 1"),
            (1, This(enqueue(2)), "2 waits, 2 to b, b Interacting"),
            (2, This(enqueue(3)), "3 waits"),
            (3, This(urgent(4, 1)), "4 waits"),
        ],
    );
    let view = engine.queue(queue(1)).expect("upserted");
    assert_eq!((view.waiting, view.alerting), (2, 1));
    let order: Vec<_> = engine.waiting(queue(1)).map(|waiting| number(waiting.id)).collect();
    assert_eq!(order, [4, 3]);
    let place = |number| engine.interaction(chat(number)).map(|interaction| interaction.place);
    assert!(matches!(place(1), Some(InteractionPlace::Held { agent: who, .. }) if who == agent('a')));
    let Some(InteractionPlace::Alerting { agent: who, offer }) = place(2) else {
        panic!("2 alerts");
    };
    assert_eq!(who, agent('b'));
    let offer = engine.offer(offer).expect("it alerts");
    assert_eq!(
        (offer.outcome, offer.expires),
        (OfferOutcome::Alerting, Timestamp(START + 1 + 30 * SECOND))
    );
    assert_eq!(place(3), Some(InteractionPlace::Waiting));
    assert_eq!(place(9), None);
}

#[test]
fn more_agents_than_are_named_are_all_considered() {
    let mut engine = Engine::new();
    let mut at = |command| engine.apply(Timestamp(START), command);
    let _ = at(queue_of(1, None));
    for number in 0..200 {
        let name = char::from_u32(1_000 + number).expect("a character");
        let _ = at(hire(profile(name, 1)));
        let _ = at(on(name));
    }
    for number in 0..200 {
        let expected = agent(char::from_u32(1_000 + number).expect("a character"));
        let offered = at(enqueue(u64::from(number)))
            .effects
            .into_iter()
            .find_map(|effect| match effect {
                Effect::DecisionRecorded { decision } => Some(decision),
                _ => None,
            });
        let decision = offered.expect("there is an agent left");
        assert_eq!(decision.candidates[0].agent, expected);
        assert_eq!(decision.candidates.len(), 10.min(200 - number as usize));
    }
}

#[test]
fn what_is_over_is_remembered_for_a_while() {
    let mut engine = Engine::new();
    let at = |engine: &mut Engine, command| engine.apply(Timestamp(START), command);
    for command in [queue_of(1, None), hire(profile('a', 2)), on('a'), enqueue(0)] {
        let _ = at(&mut engine, command);
    }
    let accepted = *engine
        .agent(agent('a'))
        .and_then(|a| a.alerting.first())
        .expect("0 alerts");
    let accept = Command::Accept {
        agent: agent('a'),
        offer: accepted,
    };
    let _ = at(&mut engine, accept);
    let mut first = None;
    for number in 1..=4_097 {
        let _ = at(&mut engine, enqueue(number));
        first = first.or(engine.agent(agent('a')).and_then(|a| a.alerting.first().copied()));
        let _ = at(&mut engine, cancel(number));
    }
    assert_eq!(
        first.and_then(|offer| engine.offer(offer)),
        None,
        "4,096 others are over since"
    );
    let outcome = engine.offer(accepted).map(|offer| offer.outcome);
    assert_eq!(outcome, Some(OfferOutcome::Accepted), "its interaction is in hand");
    assert_eq!(at(&mut engine, enqueue(2)).effects, [], "2 is over");
}
