//! SkillService.

use crate::app::Routing;
use crate::store::{Change, Knowledge, Skill, SkillContent, SkillPlace};
use onqueue_acd::Proficiency;
use onqueue_model::{Fault, Language, UserId};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::skill_service_server::SkillService;
use onqueue_proto::timestamp;
use onqueue_server::{
    caller,
    resource::{Mask, Once, description, given, id, name, page_size},
    status,
};
use onqueue_store::{decode_token, encode_token};
use std::{collections::BTreeMap, sync::Arc};
use tonic::{Request, Response, Status};

/// How many skills an agent has at most.
const SKILLS: usize = 200;

/// How many languages an agent speaks at most.
const LANGUAGES: usize = 50;

/// The rpcs.
pub struct Rpcs(pub Routing);

#[tonic::async_trait]
impl SkillService for Rpcs {
    async fn create_skill(
        &self,
        request: Request<proto::CreateSkillRequest>,
    ) -> Result<Response<proto::CreateSkillResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let skill = given("skill", asked.skill.as_ref()).map_err(status)?;
        let once = Once::of(&asked.request_id, skill).map_err(status)?;
        let content = content(&skill.name, &skill.description).map_err(status)?;
        let skill = self.0.create_skill(&caller, once, content).await.map_err(status)?;
        let skill = Some(encoded(skill));
        Ok(Response::new(proto::CreateSkillResponse { skill }))
    }

    async fn get_skill(
        &self,
        request: Request<proto::GetSkillRequest>,
    ) -> Result<Response<proto::GetSkillResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let skill = id("skill_id", &request.get_ref().skill_id).map_err(status)?;
        let skill = self.0.get_skill(&caller, skill).await.map_err(status)?;
        let skill = Some(encoded(skill));
        Ok(Response::new(proto::GetSkillResponse { skill }))
    }

    async fn list_skills(
        &self,
        request: Request<proto::ListSkillsRequest>,
    ) -> Result<Response<proto::ListSkillsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let size = page_size(asked.page_size).map_err(status)?;
        let after = decode_token::<SkillPlace>(&asked.page_token).map_err(status)?;
        let page = self.0.list_skills(&caller, &asked.text, after, size);
        let page = page.await.map_err(status)?;
        Ok(Response::new(proto::ListSkillsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            skills: page.items.into_iter().map(encoded).collect(),
        }))
    }

    async fn update_skill(
        &self,
        request: Request<proto::UpdateSkillRequest>,
    ) -> Result<Response<proto::UpdateSkillResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let skill = given("skill", request.get_ref().skill.as_ref()).map_err(status)?;
        let which = (
            id("skill.skill_id", &skill.skill_id).map_err(status)?,
            skill.etag.clone(),
        );
        let change = change(request.get_ref(), skill).map_err(status)?;
        let skill = self.0.update_skill(&caller, which, change).await.map_err(status)?;
        let skill = Some(encoded(skill));
        Ok(Response::new(proto::UpdateSkillResponse { skill }))
    }

    async fn delete_skill(
        &self,
        request: Request<proto::DeleteSkillRequest>,
    ) -> Result<Response<proto::DeleteSkillResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let skill = id("skill_id", &asked.skill_id).map_err(status)?;
        self.0.delete_skill(&caller, skill, asked.etag).await.map_err(status)?;
        Ok(Response::new(proto::DeleteSkillResponse {}))
    }

    async fn get_user_skills(
        &self,
        request: Request<proto::GetUserSkillsRequest>,
    ) -> Result<Response<proto::GetUserSkillsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let user = id("user_id", &request.get_ref().user_id).map_err(status)?;
        let knowledge = self.0.get_user_skills(&caller, user).await.map_err(status)?;
        let user_skills = Some(encoded_knowledge(user, knowledge));
        Ok(Response::new(proto::GetUserSkillsResponse { user_skills }))
    }

    async fn set_user_skills(
        &self,
        request: Request<proto::SetUserSkillsRequest>,
    ) -> Result<Response<proto::SetUserSkillsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = given("user_skills", request.get_ref().user_skills.as_ref()).map_err(status)?;
        let user = id("user_skills.user_id", &asked.user_id).map_err(status)?;
        let wanted = (knowledge(asked).map_err(status)?, asked.etag.clone());
        let knowledge = self.0.set_user_skills(&caller, user, wanted).await.map_err(status)?;
        let user_skills = Some(encoded_knowledge(user, knowledge));
        Ok(Response::new(proto::SetUserSkillsResponse { user_skills }))
    }
}

fn content(called: &str, described: &str) -> Result<SkillContent, Fault> {
    Ok(SkillContent {
        name: name("skill.name", called)?,
        description: description("skill.description", described)?,
    })
}

fn change(request: &proto::UpdateSkillRequest, skill: &proto::Skill) -> Result<Change<SkillContent>, Fault> {
    let mask = Mask::of(request.update_mask.as_ref(), &["name", "description"])?;
    let new = skill.clone();
    Ok(Arc::new(move |before| {
        content(
            mask.choose("name", &new.name, &before.name),
            mask.choose("description", &new.description, &before.description),
        )
    }))
}

fn encoded(skill: Skill) -> proto::Skill {
    proto::Skill {
        skill_id: skill.id.to_string(),
        etag: skill.revision.to_string(),
        name: skill.content.name,
        description: skill.content.description,
        created_at: Some(timestamp(skill.created_at)),
    }
}

fn knowledge(asked: &proto::UserSkills) -> Result<Knowledge, Fault> {
    const SKILL: &str = "user_skills.skills";
    const LANGUAGE: &str = "user_skills.languages";
    let skills = asked.skills.iter().map(|skill| {
        let known = proficiency(SKILL, skill.proficiency)?;
        Ok((id(SKILL, &skill.skill_id)?, known))
    });
    let languages = asked.languages.iter().map(|language| {
        let known = proficiency(LANGUAGE, language.proficiency)?;
        let tag = &language.language;
        let language = Language::parse(tag);
        let language = language.ok_or_else(|| Fault::field(LANGUAGE, format!("{tag} is no BCP-47 tag")))?;
        Ok((language, known))
    });
    Ok(Knowledge {
        revision: 0,
        skills: mastered(SKILL, SKILLS, skills.collect::<Result<_, Fault>>()?)?,
        languages: mastered(LANGUAGE, LANGUAGES, languages.collect::<Result<_, Fault>>()?)?,
    })
}

/// What is mastered at all; each at most once, and not more than that many.
fn mastered<K: Ord>(
    field: &'static str,
    most: usize,
    given: Vec<(K, Proficiency)>,
) -> Result<BTreeMap<K, Proficiency>, Fault> {
    let number = given.len();
    if number > most {
        return Err(Fault::field(field, format!("at most {most}")));
    }
    let mut mastered: BTreeMap<_, _> = given.into_iter().collect();
    if mastered.len() < number {
        return Err(Fault::field(field, "each at most once"));
    }
    mastered.retain(|_, known| *known > 0);
    Ok(mastered)
}

/// In hundredths.
pub(super) fn proficiency(field: &'static str, given: f64) -> Result<Proficiency, Fault> {
    let hundredths = given * 100.0;
    let is_step = (hundredths - hundredths.round()).abs() < 1e-6;
    let level = format!("{:.0}", hundredths.abs()).parse::<Proficiency>().ok();
    match level.filter(|level| *level <= 500 && is_step && hundredths > -1e-6) {
        Some(level) => Ok(level),
        None => Err(Fault::field(field, "a proficiency is 0–5 in steps of a hundredth")),
    }
}

fn encoded_knowledge(user: UserId, knowledge: Knowledge) -> proto::UserSkills {
    let skills = knowledge.skills.into_iter().map(|(skill, known)| proto::UserSkill {
        skill_id: skill.to_string(),
        proficiency: f64::from(known) / 100.0,
    });
    let languages = knowledge.languages.into_iter();
    let languages = languages.map(|(language, known)| proto::UserLanguage {
        language: language.to_string(),
        proficiency: f64::from(known) / 100.0,
    });
    proto::UserSkills {
        user_id: user.to_string(),
        etag: knowledge.revision.to_string(),
        skills: skills.collect(),
        languages: languages.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proficiency_comes_in_hundredths() {
        for (given, level) in [(0.0, 0), (5.0, 500), (0.29, 29), (4.35, 435), (0.01, 1)] {
            assert_eq!(proficiency("p", given), Ok(level), "{given}");
            assert!((f64::from(level) / 100.0 - given).abs() < 1e-9);
        }
        for bad in [-0.01, 5.01, 1.005, f64::NAN, f64::INFINITY, 1e300] {
            assert!(proficiency("p", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_not_mastered_is_left_out_and_nothing_comes_twice() {
        assert_eq!(mastered("f", 2, vec![(1, 0), (2, 5)]), Ok(BTreeMap::from([(2, 5)])));
        assert!(mastered("f", 2, vec![(1, 1), (1, 2)]).is_err());
        assert!(mastered("f", 1, vec![(1, 1), (2, 2)]).is_err());
    }
}
