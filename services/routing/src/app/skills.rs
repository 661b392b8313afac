//! Skills, and who has which.

use super::Routing;
use crate::store::{Change, Knowledge, NewSkill, Skill, SkillContent, SkillPlace};
use onqueue_acd::InteractionPlace;
use onqueue_model::{Caller, Fault, Reason, SkillId, UserId, permissions};
use onqueue_server::resource::{Once, Page};
use onqueue_store::query::fold;

impl Routing {
    /// Makes a skill.
    pub async fn create_skill(&self, caller: &Caller, once: Once, content: SkillContent) -> Result<Skill, Fault> {
        self.context.trust.may_everywhere(caller, permissions::SKILL_ADD)?;
        let by = self.actor(caller);
        let skill = Skill {
            id: self.context.ids.id(by.at),
            revision: 0,
            content,
            created_at: by.at,
            removed: false,
        };
        let skill = self
            .tables
            .create_skill(caller.organisation, NewSkill { skill, once }, by)
            .await?;
        self.owner.refresh(caller.organisation).await?;
        Ok(skill)
    }

    /// The skill.
    pub async fn get_skill(&self, caller: &Caller, id: SkillId) -> Result<Skill, Fault> {
        self.context.trust.may(caller, permissions::SKILL_VIEW)?;
        let skill = self.tables.skill(caller.organisation, id).await?;
        skill.filter(|skill| !skill.removed).ok_or_else(not_found)
    }

    /// Skills whose name begins with the text.
    pub async fn list_skills(
        &self,
        caller: &Caller,
        text: &str,
        after: Option<SkillPlace>,
        size: u64,
    ) -> Result<Page<Skill, SkillPlace>, Fault> {
        self.context.trust.may(caller, permissions::SKILL_VIEW)?;
        let skills = self.tables.list_skills(caller.organisation, text, after, size + 1);
        let place = |skill: &Skill| (fold(&skill.content.name), skill.id);
        Ok(Page::of(skills.await?, size, place))
    }

    /// Makes of the skill what `change` says.
    pub async fn update_skill(
        &self,
        caller: &Caller,
        (id, etag): (SkillId, String),
        change: Change<SkillContent>,
    ) -> Result<Skill, Fault> {
        self.context.trust.may_everywhere(caller, permissions::SKILL_EDIT)?;
        let by = self.actor(caller);
        let skill = self
            .tables
            .update_skill(caller.organisation, (id, etag), change, by)
            .await?;
        self.owner.refresh(caller.organisation).await?;
        Ok(skill)
    }

    /// Removes the skill. STATE_CONFLICT while agents have it or somebody waits for one who has.
    pub async fn delete_skill(&self, caller: &Caller, id: SkillId, etag: String) -> Result<(), Fault> {
        self.context.trust.may_everywhere(caller, permissions::SKILL_DELETE)?;
        let skill = self.tables.skill(caller.organisation, id).await?;
        if !skill.ok_or_else(not_found)?.removed {
            self.refuse_needed(caller, id).await?;
        }
        let by = self.actor(caller);
        self.tables.delete_skill(caller.organisation, (id, etag), by).await?;
        self.owner.refresh(caller.organisation).await
    }

    async fn refuse_needed(&self, caller: &Caller, id: SkillId) -> Result<(), Fault> {
        let needed = self.owner.look(caller.organisation, move |host, _| {
            let interactions = host.engine().interactions();
            let mut waiting = interactions.filter(|it| !matches!(it.place, InteractionPlace::Held { .. }));
            waiting.any(|it| it.requirements.skills.contains_key(&id))
        });
        if needed.await? {
            let problem = "chats wait for somebody with this skill; it can be removed when they have been served";
            return Err(Fault::new(Reason::StateConflict, problem));
        }
        Ok(())
    }

    /// What the user knows.
    pub async fn get_user_skills(&self, caller: &Caller, user: UserId) -> Result<Knowledge, Fault> {
        self.may_about(caller, permissions::SKILL_VIEW, user).await?;
        Ok(self.tables.knowledge(caller.organisation, user).await?)
    }

    /// Makes exactly that what the user knows.
    pub async fn set_user_skills(
        &self,
        caller: &Caller,
        user: UserId,
        (wanted, etag): (Knowledge, String),
    ) -> Result<Knowledge, Fault> {
        self.may_about(caller, permissions::USER_SKILL_MANAGE, user).await?;
        let by = self.actor(caller);
        let knowledge = self
            .tables
            .set_knowledge(caller.organisation, user, (wanted, etag), by)
            .await?;
        self.owner.refresh(caller.organisation).await?;
        Ok(knowledge)
    }
}

fn not_found() -> Fault {
    Fault::not_found("skill")
}
