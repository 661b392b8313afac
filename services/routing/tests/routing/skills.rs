//! Skills, and who has which.

use crate::administrator::{administrator, audited, refusal, text};
use crate::fake_session::Wish;
use crate::world::{AGENT, BILLING, Desk, SALES, SUPPORT, World, agent, id, reason, sales};
use onqueue_model::{DivisionId, OrganisationId, Reason};
use onqueue_proto::routing::v1::{self as proto, AgentState};

fn billing() -> Wish {
    Wish {
        skills: vec![BILLING],
        ..sales()
    }
}

fn user_skills(etag: &str, skills: &[(&str, f64)], languages: &[(&str, f64)]) -> proto::UserSkills {
    let skills = skills.iter().map(|(skill, proficiency)| proto::UserSkill {
        skill_id: (*skill).to_owned(),
        proficiency: *proficiency,
    });
    let languages = languages.iter().map(|(language, proficiency)| proto::UserLanguage {
        language: (*language).to_owned(),
        proficiency: *proficiency,
    });
    proto::UserSkills {
        user_id: text(1),
        etag: etag.to_owned(),
        skills: skills.collect(),
        languages: languages.collect(),
    }
}

#[tokio::test]
async fn a_skill_is_made_once_changed_by_who_read_it_last_and_removed() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let twins = tokio::join!(admin.create_skill(1, "Verträge"), admin.create_skill(1, "Verträge"));
    let made = twins.0.expect("one makes it");
    assert_eq!(twins.1.expect("the other answers the same"), made);
    assert_eq!(admin.skill(&made.skill_id).await.expect("may"), made);
    for (request, name, refused) in [
        (1, "Anders", Reason::RequestIdReused),
        (2, "VERTRÄGE", Reason::NameTaken),
        (3, " ", Reason::FieldInvalid),
        (4, &"x".repeat(101), Reason::FieldInvalid),
    ] {
        assert_eq!(reason(admin.create_skill(request, name).await), Some(refused), "{name}");
    }

    let changed = change(&admin, &made).await;
    assert_eq!(
        refusal(admin.delete_skill(&made).await),
        (Some(Reason::EtagMismatch), changed.etag.clone())
    );
    admin.delete_skill(&changed).await.expect("may");
    admin.delete_skill(&changed).await.expect("again is the same");
    assert_eq!(reason(admin.skill(&changed.skill_id).await), Some(Reason::NotFound));
    assert_eq!(
        reason(admin.update_skill(&changed, &["name"]).await),
        Some(Reason::NotFound)
    );
    admin.create_skill(9, &changed.name).await.expect("the name is free");
    let actions = audited(&world, &format!("skill:{}", made.skill_id)).await;
    assert_eq!(actions, ["skill.create", "skill.update", "skill.delete"]);
}

/// Changes its name in every way that goes and that does not.
async fn change(admin: &Desk, made: &proto::Skill) -> proto::Skill {
    let wanted = proto::Skill {
        name: "Verträge und Tarife".to_owned(),
        description: "not named".to_owned(),
        ..made.clone()
    };
    let changed = admin.update_skill(&wanted, &["name"]).await.expect("may");
    assert_eq!(
        (changed.name.as_str(), changed.description.as_str()),
        ("Verträge und Tarife", "")
    );
    assert_eq!(admin.update_skill(&wanted, &["name"]).await.expect("again"), changed);
    let late = admin.update_skill(&wanted, &["description"]).await;
    assert_eq!(refusal(late), (Some(Reason::EtagMismatch), changed.etag.clone()));
    let blind = proto::Skill {
        etag: String::new(),
        ..wanted.clone()
    };
    assert_eq!(
        reason(admin.update_skill(&blind, &["description"]).await),
        Some(Reason::FieldInvalid)
    );
    assert_eq!(
        reason(admin.update_skill(&changed, &["etag"]).await),
        Some(Reason::FieldInvalid)
    );
    let taken = proto::Skill {
        name: "rechnungen".to_owned(),
        ..changed.clone()
    };
    assert_eq!(
        reason(admin.update_skill(&taken, &["name"]).await),
        Some(Reason::NameTaken)
    );
    changed
}

async fn listed(desk: &Desk, begin: &str, page_size: i32) -> Vec<String> {
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = desk.with(proto::ListSkillsRequest {
            page_size,
            page_token,
            text: begin.to_owned(),
        });
        let page = desk.skills().list_skills(request).await.expect("may").into_inner();
        names.extend(page.skills.into_iter().map(|skill| skill.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return names;
        }
    }
}

#[tokio::test]
async fn skills_are_listed_by_name_and_found_by_how_they_begin() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    for (number, name) in ["Äpfel", "zoll", "Zollamt", "100%", "100 Tage", "ЗАКАЗ", "注文"]
        .iter()
        .enumerate()
    {
        admin.create_skill(100 + number as u128, name).await.expect("may");
    }
    let all = [
        "100 Tage",
        "100%",
        "Rechnungen",
        "zoll",
        "Zollamt",
        "Äpfel",
        "ЗАКАЗ",
        "注文",
    ];
    assert_eq!(listed(&admin, "", 3).await, all);
    for (begin, found) in [
        ("ZOLL", &["zoll", "Zollamt"][..]),
        ("ä", &["Äpfel"]),
        ("100%", &["100%"]),
        ("%", &[]),
        ("зак", &["ЗАКАЗ"]),
        ("ollamt", &[]),
    ] {
        assert_eq!(listed(&admin, begin, 1).await, found, "{begin}");
    }
}

#[tokio::test]
async fn skills_belong_to_no_division_and_to_one_organisation() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let made = admin.create_skill(1, "Tarife").await.expect("may");
    world.grant(8, &["routing:*:*"]);
    let here = world.user(8, "Otto");
    here.skill(&made.skill_id).await.expect("may see it");
    assert_eq!(
        reason(here.create_skill(2, "Neu").await),
        Some(Reason::PermissionMissing)
    );
    assert_eq!(
        reason(here.update_skill(&made, &["name"]).await),
        Some(Reason::PermissionMissing)
    );
    assert_eq!(reason(here.delete_skill(&made).await), Some(Reason::PermissionMissing));
    let other = OrganisationId::new(uuid::Uuid::from_u128(0x0b));
    world.tokens.grant(other, id(9), DivisionId::ALL, &["*:*:*"]);
    let stranger = world.user_of(other, 9, "Fremd");
    assert_eq!(reason(stranger.skill(&made.skill_id).await), Some(Reason::NotFound));
    assert_eq!(reason(stranger.delete_skill(&made).await), Some(Reason::NotFound));
    assert_eq!(listed(&stranger, "", 0).await, [""; 0]);
    let stolen = user_skills("0", &[(&made.skill_id, 5.0)], &[]);
    assert_eq!(
        reason(stranger.set_user_skills(stolen).await),
        Some(Reason::FieldInvalid)
    );
}

#[tokio::test]
async fn who_learns_what_a_chat_needs_gets_it_at_once() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let admin = administrator(&world);
    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &billing());
    world.reported(100, &["queued"]).await;
    let skill = admin.skill(&text(BILLING)).await.expect("may");
    assert_eq!(reason(admin.delete_skill(&skill).await), Some(Reason::StateConflict));

    let before = admin.user_skills(1).await;
    let german: &[(&str, f64)] = &[("de-AT", 4.5)];
    let wanted = user_skills(&before.etag, &[(&text(BILLING), 3.25)], german);
    let after = admin.set_user_skills(wanted.clone()).await.expect("may");
    assert_eq!(
        (after.skills[0].proficiency, after.languages[0].language.as_str()),
        (3.25, "de-at")
    );
    assert_eq!(admin.set_user_skills(wanted).await.expect("again"), after);
    assert_eq!(admin.user_skills(1).await, after);
    let offer = anna.offer().await;
    assert_eq!(offer.conversation_id, text(100));
    assert_eq!(
        reason(admin.delete_skill(&skill).await),
        Some(Reason::StateConflict),
        "it alerts"
    );
    anna.desk.accept(&offer).await.expect("hers");
    assert_eq!(
        reason(admin.delete_skill(&skill).await),
        Some(Reason::StateConflict),
        "Anna has it"
    );

    let late = user_skills(&before.etag, &[], german);
    assert_eq!(
        refusal(admin.set_user_skills(late).await),
        (Some(Reason::EtagMismatch), after.etag.clone())
    );
    // Zero is not mastered.
    let none = user_skills(&after.etag, &[(&text(BILLING), 0.0)], german);
    assert_eq!(admin.set_user_skills(none).await.expect("may").skills, []);
    admin.delete_skill(&skill).await.expect("nobody has it or waits for it");
    world.open(101, &billing());
    assert_eq!(
        anna.offer().await.conversation_id,
        text(101),
        "nobody waits for what is no more"
    );
    let actions = audited(&world, &format!("user:{}", text(1))).await;
    assert_eq!(actions, ["agent.seed", "user_skills.set", "user_skills.set"]);
}

#[tokio::test]
async fn what_makes_no_sense_of_an_agent_is_named() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let admin = administrator(&world);
    let etag = admin.user_skills(1).await.etag;
    let (skill, unknown) = (text(BILLING), text(0x99));
    let languages: Vec<(String, f64)> = (0..51).map(|number| (format!("de-x{number}"), 1.0)).collect();
    let languages: Vec<(&str, f64)> = languages.iter().map(|(tag, level)| (tag.as_str(), *level)).collect();
    for (wanted, refused) in [
        (user_skills(&etag, &[(&skill, 5.01)], &[]), Reason::FieldInvalid),
        (user_skills(&etag, &[(&skill, -1.0)], &[]), Reason::FieldInvalid),
        (
            user_skills(&etag, &[(&skill, 1.0), (&skill, 2.0)], &[]),
            Reason::FieldInvalid,
        ),
        (user_skills(&etag, &[(&unknown, 1.0)], &[]), Reason::FieldInvalid),
        (user_skills(&etag, &[("x", 1.0)], &[]), Reason::IdMalformed),
        (user_skills(&etag, &[], &[("deutsch?", 1.0)]), Reason::FieldInvalid),
        (user_skills(&etag, &[], &languages), Reason::FieldInvalid),
        (user_skills("", &[(&skill, 1.0)], &[]), Reason::FieldInvalid),
    ] {
        assert_eq!(
            reason(admin.set_user_skills(wanted.clone()).await),
            Some(refused),
            "{wanted:?}"
        );
    }
    assert_eq!(admin.user_skills(1).await.etag, etag);
}

#[tokio::test]
async fn somebody_who_is_taught_becomes_an_agent_and_stays_one() {
    let mut world = World::new(vec![]).await;
    world.grant(1, &AGENT);
    let admin = administrator(&world);
    let none = admin.user_skills(1).await;
    assert_eq!((none.etag.as_str(), none.skills.len()), ("0", 0));
    assert_eq!(reason(admin.agent(1).await), Some(Reason::AgentNotFound));
    let wanted = user_skills("0", &[(&text(BILLING), 5.0)], &[("de", 5.0)]);
    let taught = admin.set_user_skills(wanted).await.expect("may");
    admin.agent(1).await.expect("an agent now");
    admin.set_members(SALES, &[1]).await.expect("may");
    admin.set_members(SUPPORT, &[1]).await.expect("may");
    assert_eq!(
        admin.user_skills(1).await.etag,
        taught.etag,
        "memberships are something else"
    );
    world.restart().await;
    let mut anna = world.on_queue(1, "Anna").await;
    let now = anna.state(AgentState::Idle).await;
    assert_eq!((now.name.as_str(), now.skills.len(), now.queues.len()), ("Anna", 1, 2));
    world.open(100, &billing());
    anna.offer().await;
}
